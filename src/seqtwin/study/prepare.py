"""From the data and tokens of a config to stores of token ids (or series), one a split."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from seqtwin.config import DataConfig, RunConfig, TokensConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.datasets import DATASETS
from seqtwin.data.items import read_items
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.readers import read_pairs
from seqtwin.data.series import read_series
from seqtwin.data.splits import clusters
from seqtwin.data.tokens import TextTokens, train_tokenizer
from seqtwin.data.vectors import read_vectors
from seqtwin.errors import DataError
from seqtwin.lookup import pick
from seqtwin.metrics import primary_metric
from seqtwin.paths import expand
from seqtwin.study.slices import PairFacts, describe_pairs, leakage_of


@dataclass(frozen=True)
class Prepared:
    """Data ready to train on.

    `clusters`, `pair_facts`: of the dev and test pairs; `primary`: the rank metric that decides.
    """

    data: PairData
    tokens: TextTokens | None
    stores: Mapping[str, PairStore]
    clusters: Mapping[str, np.ndarray]
    clustering: str
    primary: str
    unknown_share: float
    notes: tuple[str, ...]
    pair_facts: Mapping[str, PairFacts]

    @property
    def inputs(self) -> Literal["tokens", "series"]:
        """What an encoder of this data reads."""
        return "tokens" if self.tokens is not None else "series"

    @property
    def size(self) -> int:
        """Vocabulary of tokens, or channels of series."""
        return self.tokens.size if self.tokens is not None else int(self.stores["train"].items.steps.shape[1])


def load_data(config: RunConfig) -> PairData:
    """The pairs a config names.

    Raises: ConfigError, DataError.
    """
    d = config.data
    if d.name is not None:
        data: PairData = pick(DATASETS, {"name": d.name, **d.options()}, "dataset")
        return data
    reader = _read_series if d.series else _read_items if d.text else _read_pairs
    return reader(d, config.tokens)


def data_name(d: DataConfig) -> str:
    """A short name of the data: the built-in set's, or the file's, or the folder's of a train file."""
    if d.name is not None:
        return d.name
    path = (d.file or d.train or "data").rstrip("/")
    parts = re.split(r"[/\\]", path)
    stem = parts[-1].rsplit(".", 1)[0]
    return parts[-2] if stem == "train" and len(parts) > 1 and not parts[-2].startswith("$") else stem


def _files(d: DataConfig) -> Path | dict[str, Path]:
    if d.file is not None:
        return expand(d.file)
    return {split: expand(path) for split, path in zip(SPLITS, (d.train, d.dev, d.test), strict=True) if path}


def _read_pairs(d: DataConfig, t: TokensConfig) -> PairData:
    return read_pairs(
        _files(d),
        left=d.left or "left",
        right=d.right or "right",
        score=d.score,
        label=d.label,
        scale=d.scale,
        cut=d.cut,
        fractions=d.split,
        seed=d.seed,
        empty=t.empty,
        name=data_name(d),
    )


def _read_items(d: DataConfig, t: TokensConfig) -> PairData:
    return read_items(
        _files(d),
        text=d.text or "text",
        label=d.label or "label",
        pairs=d.pairs,
        fractions=d.split,
        seed=d.seed,
        empty=t.empty,
        name=data_name(d),
    )


def _read_series(d: DataConfig, _: TokensConfig) -> PairData:
    return read_series(
        _files(d),
        series=d.series or "series_id",
        time=d.time or "t",
        label=d.label or "label",
        pairs=d.pairs,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
    )


def prepare(config: RunConfig) -> Prepared:
    """The data of a config, read once a process as long as its files stay the same.

    Raises: ConfigError, DataError.
    """
    return _prepare(config.data.model_dump_json(exclude_unset=True), config.tokens.model_dump_json(), _stamp(config))


def _stamp(config: RunConfig) -> tuple[tuple[str, int, int], ...]:
    """Path, time and size of each file."""
    paths = [expand(p) for p in (config.data.file, config.data.train, config.data.dev, config.data.test) if p]
    return tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in paths if p.exists())


@lru_cache(maxsize=4)
def _prepare(data: str, tokens: str, _stamp: tuple[tuple[str, int, int], ...]) -> Prepared:
    config = RunConfig(data=DataConfig.model_validate_json(data), tokens=TokensConfig.model_validate_json(tokens))
    pairs = load_data(config)
    _refuse_empty_splits(pairs)
    found, stores, unknown = _text_stores(pairs, config.tokens) if pairs.series is None else _series_stores(pairs)
    parts = {split: pairs.part(split) for split in ("dev", "test")}
    made = {split: clusters(part["left"].tolist(), part["right"].tolist()) for split, part in parts.items()}
    return Prepared(
        data=pairs,
        tokens=found,
        stores=stores,
        clusters={split: ids for split, (ids, _) in made.items()},
        clustering=made["test"][1],
        primary=primary_metric(pairs.frame["target"].to_numpy()),
        unknown_share=unknown,
        notes=(*pairs.notes, *_token_notes(unknown)),
        pair_facts=describe_pairs(pairs, stores),
    )


def _refuse_empty_splits(data: PairData) -> None:
    for split in SPLITS:
        if data.part(split).empty:
            raise DataError("DATA_EMPTY_SPLIT", f"no pairs for {split}", place=data.name, remedy="give it more rows")


def _text_stores(data: PairData, t: TokensConfig) -> tuple[TextTokens, dict[str, PairStore], float]:
    train = data.part("train")
    tokens = train_tokenizer(
        [*train["left"], *train["right"]],
        unit=t.unit,
        size=t.size,
        lower=t.lower,
        normalize=t.normalize,
        max_length=t.max_length,
        empty="unk" if t.empty == "drop" else t.empty,  # the reader has dropped the empty ones
    )
    stores = {split: _text_store(data, split, tokens) for split in SPLITS}
    test = data.part("test")
    return tokens, stores, tokens.unknown_share([*test["left"], *test["right"]])


def _text_store(data: PairData, split: str, tokens: TextTokens) -> PairStore:
    part = data.part(split)
    texts = sorted({*part["left"], *part["right"]})
    place = {text: i for i, text in enumerate(texts)}
    left, right = (np.array([place[text] for text in part[side]]) for side in ("left", "right"))
    return PairStore(Ragged.of(tokens.encode(texts)), left, right, part["target"].to_numpy())


def _series_stores(data: PairData) -> tuple[None, dict[str, PairStore], float]:
    assert data.series is not None
    items = Ragged.of([one.astype(np.float32) for one in data.series])
    parts = {split: data.part(split) for split in SPLITS}
    stores = {
        split: PairStore(items, p["left"].to_numpy(), p["right"].to_numpy(), p["target"].to_numpy())
        for split, p in parts.items()
    }
    return None, stores, 0.0


def _token_notes(unknown: float) -> list[str]:
    return [f"{100 * unknown:.1f} % of the tokens of the test texts are unknown"] if unknown >= 0.001 else []


def word_vectors(config: RunConfig, prepared: Prepared) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows of the vocabulary and their initial vectors, where the config names a file of them.

    Raises: DataError when the file's width is not that of the embedding.
    """
    path = config.encoder.vectors
    if path is None or prepared.tokens is None:
        return None
    rows, vectors = read_vectors(expand(path), prepared.tokens.vocabulary)
    if vectors.shape[1] != config.encoder.embedding:
        cause = f"vectors of width {vectors.shape[1]}, but encoder.embedding is {config.encoder.embedding}"
        raise DataError("VECTORS_WIDTH", cause, place=path, remedy=f"set encoder.embedding: {vectors.shape[1]}")
    return rows, vectors


def data_facts(prepared: Prepared) -> dict[str, Any]:
    """What a report says of the data."""
    data = prepared.data
    return {
        "dataset": data.name,
        "pairs": {split: len(store) for split, store in prepared.stores.items()},
        "cut": data.cut,
        "shareable": data.shareable,
        "graded": data.graded,
        "unknown_share": prepared.unknown_share,
        "data_hash": data.fingerprint,
        "split_hash": data.split_fingerprint,
        "clusters": prepared.clustering,
        "leakage": leakage_of(prepared.pair_facts),
        "notes": list(prepared.notes),
        "source": data.facts,
    }
