"""From pairs to stores of token ids or of series, one per split."""

import numpy as np
import pandas as pd

from seqtwin.config import RunConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.splits import clusters
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import DataError
from seqtwin.metrics import primary_metric
from seqtwin.run.build_tokenizer import known_notes, token_notes, tokens_of, with_letters, with_vector_words
from seqtwin.run.objectives.load_pairs import load_data
from seqtwin.run.prepared_data import Prepared
from seqtwin.run.pretrained import load_start, start_notes
from seqtwin.run.row_facts import describe_pairs


def prepare_pairs(config: RunConfig) -> Prepared:
    """The pairs of a config in stores.

    Raises: ConfigError, DataError.
    """
    pairs = load_data(config)
    _refuse_empty_splits(pairs)
    start = load_start(config)
    known = start.tokens if start else None
    of_texts = pairs.series is None
    tokens, stores, unknown = _text_stores(pairs, config, known) if of_texts else _series_stores(pairs)
    parts = {split: pairs.part(split) for split in ("dev", "test")}
    made = {split: clusters(part["left"].tolist(), part["right"].tolist()) for split, part in parts.items()}
    return Prepared(
        data=pairs,
        tokens=tokens,
        stores=stores,
        clusters={split: ids for split, (ids, _) in made.items()},
        clustering=made["test"][1],
        primary=primary_metric(pairs.own_targets),
        unknown_share=unknown,
        notes=(*pairs.notes, *start_notes(config), *known_notes(tokens), *token_notes(unknown)),
        pair_facts=describe_pairs(pairs, stores),
        start=start.fingerprint if start else "",
    )


def _refuse_empty_splits(data: PairData) -> None:
    for split in SPLITS:
        if data.part(split).empty:
            raise DataError("DATA_EMPTY_SPLIT", f"no pairs for {split}", place=data.name, remedy="add rows to it")


def _text_stores(
    data: PairData, config: RunConfig, known: TextTokens | None
) -> tuple[TextTokens, dict[str, PairStore], float]:
    train = data.part("train")
    trained = tokens_of([*train["left"], *train["right"]], config.tokens, known)
    tokens = with_letters(with_vector_words(trained, config), config)
    stores = {split: _text_store(data, split, tokens) for split in SPLITS}
    test = data.part("test")
    return tokens, stores, tokens.unknown_share([*test["left"], *test["right"]])


def distinct_texts(part: pd.DataFrame) -> list[str]:
    """The distinct texts of some pairs, in the order of the items of their store."""
    return sorted({*part["left"], *part["right"]})


def _text_store(data: PairData, split: str, tokens: TextTokens) -> PairStore:
    part = data.part(split)
    texts = distinct_texts(part)
    place = {text: i for i, text in enumerate(texts)}
    left, right = (np.array([place[text] for text in part[side]]) for side in ("left", "right"))
    return PairStore(Ragged.of(tokens.encode(texts)), left, right, part["target"].to_numpy())


def _series_stores(data: PairData) -> tuple[None, dict[str, PairStore], float]:
    assert data.series is not None
    items = Ragged.of([series.astype(np.float32) for series in data.series])
    parts = {split: data.part(split) for split in SPLITS}
    stores = {
        split: PairStore(items, p["left"].to_numpy(), p["right"].to_numpy(), p["target"].to_numpy())
        for split, p in parts.items()
    }
    return None, stores, 0.0
