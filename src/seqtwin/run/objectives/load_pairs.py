"""From the data section of a config to pairs: the reader that its keys choose."""

from seqtwin.config import DataConfig, MixConfig, RunConfig, TokensConfig
from seqtwin.data.pairs import PairData
from seqtwin.data.reading.mix_pairs import FurtherPairs, with_mixed
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.data.sample_rows import sample_pairs
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.paths import expand
from seqtwin.run.data_files import data_name, files_of, tables_of

PAIR_KEYS = ("labels", "left_table", "right_table", "negatives")
EXAMPLE_KEYS = ("sequence", "token", "texts", "more", "judged_up_to", "substituted")


def load_data(config: RunConfig) -> PairData:
    """The pairs that a config names.

    Raises: ConfigError, DataError.
    """
    d = config.data
    _refuse_example_keys(d)
    own = sample_pairs(_load(d, config.tokens), d.rows, d.seed)
    return with_mixed(own, [_read_further(further, config) for further in d.mix])


def _load(d: DataConfig, t: TokensConfig) -> PairData:
    if d.name is not None:
        data: PairData = pick(DATASETS, {"name": d.name, **d.options()}, "dataset")
        return data
    _refuse_pair_keys(d)
    reader = _read_series if d.series else _read_items if d.text else _read_pairs
    return reader(d, t)


def _read_further(m: MixConfig, config: RunConfig) -> FurtherPairs:
    path = expand(m.train)
    pairs = read_pairs(
        {"train": path},
        left=m.left,
        right=m.right,
        score=m.score,
        label=m.label,
        labels=m.labels,
        scale=m.scale,
        empty=config.tokens.empty,
        quoting=m.quoting,
    )
    return FurtherPairs(path.name, pairs.frame, m.share, pairs.understood)


def _refuse_example_keys(d: DataConfig) -> None:
    """Raises: ConfigError for keys of single sequences, and for one of series without series."""
    # a built-in set may have options of its own under these names
    named = [key for key in EXAMPLE_KEYS if key in d.model_fields_set and d.name is None]
    if named:
        cause = f"objective pairs does not use {', '.join(f'data.{key}' for key in named)}"
        raise ConfigError("CONFIG_DATA", cause, place="data", remedy="choose an objective that does: seqtwin list")
    if d.gaps != "error" and not d.series and d.name is None:
        cause = f"gaps: {d.gaps} is only for series, but the config has no data.series"
        raise ConfigError("CONFIG_DATA", cause, place="data.gaps", remedy="remove data.gaps, or set data.series")


def _refuse_pair_keys(d: DataConfig) -> None:
    """Raises: ConfigError for keys of tables of pairs together with those of texts or series with a class."""
    named = [key for key in PAIR_KEYS if key in d.model_fields_set]
    if named and (d.series or d.text):
        cause = f"{', '.join(f'data.{key}' for key in named)}: only for tables of pairs"
        remedy = f"remove it, or set data.left and data.right instead of data.{'series' if d.series else 'text'}"
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
