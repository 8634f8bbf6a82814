"""From the data and tokens of a config to stores of token ids (or series), one a split."""

import json
from functools import lru_cache

import numpy as np

from seqtwin.config import DataConfig, RunConfig, TokensConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.data.splits import clusters
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.data.tokens.word_vectors import read_vectors
from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import pick, split_spec
from seqtwin.metrics import primary_metric
from seqtwin.paths import expand
from seqtwin.run.data_files import data_name, files_of, tables_of
from seqtwin.run.make_tokens import tokens_of
from seqtwin.run.prepare_examples import prepare_examples, token_notes
from seqtwin.run.prepared import Prepared, Ready
from seqtwin.run.pretrained import load_start, refuse_other_inputs, start_notes, start_stamp
from seqtwin.run.row_facts import describe_pairs

OF_PAIRS = ("labels", "left_table", "right_table", "negatives")
OF_SINGLE = ("sequence", "token", "texts", "more", "judged_up_to", "substituted")


def load_data(config: RunConfig) -> PairData:
    """The pairs a config names.

    Raises: ConfigError, DataError.
    """
    d = config.data
    _refuse_single(d)
    if d.name is not None:
        data: PairData = pick(DATASETS, {"name": d.name, **d.options()}, "dataset")
        return data
    _refuse_pair_keys(d)
    reader = _read_series if d.series else _read_items if d.text else _read_pairs
    return reader(d, config.tokens)


def _refuse_single(d: DataConfig) -> None:
    """Raises: ConfigError for keys that read single sequences, and for one of series without series."""
    # a built-in set may have options of its own under these names
    named = [key for key in OF_SINGLE if key in d.model_fields_set and d.name is None]
    if named:
        cause = f"objective pairs does not read {', '.join(f'data.{key}' for key in named)}"
        raise ConfigError("CONFIG_DATA", cause, place="data", remedy="name an objective that does: seqtwin list")
    if d.gaps != "error" and not d.series and d.name is None:
        cause = f"gaps: {d.gaps} fills series, and the config names no data.series"
        raise ConfigError("CONFIG_DATA", cause, place="data.gaps", remedy="leave data.gaps out, or name data.series")


def _refuse_pair_keys(d: DataConfig) -> None:
    """Raises: ConfigError for keys of tables of pairs beside those of texts or series with a class."""
    named = [key for key in OF_PAIRS if key in d.model_fields_set]
    if named and (d.series or d.text):
        cause = f"{', '.join(f'data.{key}' for key in named)}: only tables of pairs have that"
        remedy = f"leave it out, or name data.left and data.right instead of data.{'series' if d.series else 'text'}"
        raise ConfigError("CONFIG_DATA", cause, place="data", remedy=remedy)


def _read_pairs(d: DataConfig, t: TokensConfig) -> PairData:
    return read_pairs(
        files_of(d),
        left=d.left,
        right=d.right,
        score=d.score,
        label=d.label,
        labels=d.labels,
        scale=d.scale,
        tables=tables_of(d),
        cut=d.cut,
        fractions=d.split,
        seed=d.seed,
        negatives=d.negatives,
        empty=t.empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def _read_items(d: DataConfig, t: TokensConfig) -> PairData:
    return read_items(
        files_of(d),
        text=d.text or "text",
        label=d.label or "label",
        pairs=d.pairs,
        fractions=d.split,
        seed=d.seed,
        empty=t.empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def _read_series(d: DataConfig, _: TokensConfig) -> PairData:
    return read_series(
        files_of(d),
        series=d.series or "series_id",
        time=d.time or "t",
        label=d.label or "label",
        pairs=d.pairs,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
        gaps=d.gaps,
    )


def prepare(config: RunConfig) -> Ready:
    """The data of a config as its objective reads them, read once a process as long as its files stay the same.

    Raises: ConfigError, DataError.
    """
    return _prepare(_identity(config), _stamp(config))


def prepare_pairs(config: RunConfig) -> Prepared:
    """The same for the objective pairs.

    Raises: ConfigError for another objective; ConfigError, DataError.
    """
    found = prepare(config)
    if not isinstance(found, Prepared):
        cause = f"expected pairs, but the objective is {split_spec(config.objective)[0]}"
        raise ConfigError("OBJECTIVE", cause, place="objective", remedy="use objective: pairs")
    return found


def _identity(config: RunConfig) -> str:
    """All that shapes the data of a config, as JSON."""
    data = config.data.model_dump(mode="json", exclude_unset=True)
    kept = {"data": data, "tokens": config.tokens.model_dump(mode="json"), "objective": config.objective}
    return json.dumps({**kept, "encoder": {"from": config.encoder.start} if config.encoder.start else {}})


def _stamp(config: RunConfig) -> tuple[tuple[str, int, int], ...]:
    """Path, time and size of each file."""
    d = config.data
    paths = [expand(p) for p in (d.file, d.train, d.dev, d.test, d.left_table, d.right_table, *d.more) if p]
    found = tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in paths if p.exists())
    return (*found, *start_stamp(config))


@lru_cache(maxsize=4)
def _prepare(identity: str, _stamp: tuple[tuple[str, int, int], ...]) -> Ready:
    config = RunConfig.model_validate_json(identity)
    pairs = split_spec(config.objective)[0] == "pairs"
    found: Ready = _prepared_pairs(config) if pairs else prepare_examples(config)
    refuse_other_inputs(config, found.inputs, found.size)
    return found


def _prepared_pairs(config: RunConfig) -> Prepared:
    pairs = load_data(config)
    _refuse_empty_splits(pairs)
    start = load_start(config)
    known = start.tokens if start else None
    of_texts = pairs.series is None
    found, stores, unknown = _text_stores(pairs, config.tokens, known) if of_texts else _series_stores(pairs)
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
        notes=(*pairs.notes, *start_notes(config), *token_notes(unknown)),
        pair_facts=describe_pairs(pairs, stores),
        start=start.fingerprint if start else "",
    )


def _refuse_empty_splits(data: PairData) -> None:
    for split in SPLITS:
        if data.part(split).empty:
            raise DataError("DATA_EMPTY_SPLIT", f"no pairs for {split}", place=data.name, remedy="give it more rows")


def _text_stores(
    data: PairData, t: TokensConfig, known: TextTokens | None
) -> tuple[TextTokens, dict[str, PairStore], float]:
    train = data.part("train")
    tokens = tokens_of([*train["left"], *train["right"]], t, known)
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


def word_vectors(config: RunConfig, prepared: Ready) -> tuple[np.ndarray, np.ndarray] | None:
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
