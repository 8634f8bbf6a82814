"""From the data section of a config to examples: which keys each objective reads, and the reader they lead to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from seqtwin.config import DataConfig
from seqtwin.data.examples import Examples
from seqtwin.data.files.decode import ending_of
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.data.reading.text_targets import read_texts, read_translations
from seqtwin.data.sets.example_sets import EXAMPLE_SETS
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.errors import ConfigError
from seqtwin.lookup import member, pick
from seqtwin.paths import expand
from seqtwin.run.data_files import data_name, files_of

EVERYWHERE = frozenset({"name", "train", "dev", "test", "file", "split", "seed", "quoting"})
CONLLU = {"sequence": "sent_id", "token": "token", "label": "upos"}  # what its columns are always called


@dataclass(frozen=True)
class Way:
    """One way to name data: the keys it needs, those it takes besides, and its reader (config, policy of blanks)."""

    needs: tuple[str, ...]
    takes: tuple[str, ...]
    read: Callable[[DataConfig, str], Examples]

    def suits(self, named: frozenset[str]) -> bool:
        """Whether these keys, and no others, can be named."""
        return named.issuperset(self.needs) and named <= {*self.needs, *self.takes}

    @property
    def words(self) -> str:
        """How an error says it."""
        needed = " + ".join(f"data.{key}" for key in self.needs)
        return needed + (f" (and {', '.join(f'data.{key}' for key in self.takes)})" if self.takes else "")


def load_examples(config: DataConfig, kind: str, empty: str) -> Examples:
    """The sequences a config names, with what this objective is to tell of each. `empty`: the policy of blank texts.

    Raises: ConfigError for keys that this objective does not read, DataError.
    """
    if config.name is not None:
        return _built_in(config, config.name, kind)
    full = _conllu_columns(config) if kind == "label_steps" else config
    named = _named(full)
    way = next((one for one in member(WAYS, kind, "objective") if one.suits(named)), None)
    if way is None:
        raise _unsuited(kind, named)
    found: Examples = way.read(full, empty)
    return found


def _built_in(config: DataConfig, name: str, kind: str) -> Examples:
    sets = member(EXAMPLE_SETS, kind, "objective")
    if name in DATASETS and name not in sets:
        known = f"those that can: {', '.join(sets)}" if sets else "no built-in set can"
        remedy = f"name your own file: {_ways(kind)}"
        raise ConfigError("CONFIG_DATA", f"'{name}' holds nothing to {kind}; {known}", place="data.name", remedy=remedy)
    found: Examples = pick(sets, {"name": name, **config.options()}, f"{kind} dataset")
    return found


def _named(config: DataConfig) -> frozenset[str]:
    """The keys of columns and of pairs that differ from what they are when nobody names them."""
    fields = type(config).model_fields
    return frozenset(key for key in fields if key not in EVERYWHERE and getattr(config, key) != fields[key].default)


def _conllu_columns(config: DataConfig) -> DataConfig:
    paths = [path for path in (config.file, config.train, config.dev, config.test) if path]
    if config.series or not all(ending_of(Path(path)) == ".conllu" for path in paths):
        return config
    missing = {key: name for key, name in CONLLU.items() if getattr(config, key) is None}
    return config.model_copy(update=missing)


def _unsuited(kind: str, named: frozenset[str]) -> ConfigError:
    listed = ", ".join(f"data.{key}" for key in sorted(named)) or "no column"
    known = {key for way in WAYS[kind] for key in (*way.needs, *way.takes)}
    foreign = [f"data.{key}" for key in sorted(named - known)]
    remedy = f"leave out {', '.join(foreign)}" if foreign else "name the columns of one of them"
    cause = f"{kind} reads {_ways(kind)}; the config names {listed}"
    return ConfigError("CONFIG_DATA", cause, place="data", remedy=remedy)


def _ways(kind: str) -> str:
    return ", or ".join(way.words for way in WAYS[kind])


def _read_classes(d: DataConfig, empty: str) -> Examples:
    assert d.text is not None
    assert d.label is not None
    return read_classes(
        files_of(d),
        text=d.text,
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def _read_series_classes(d: DataConfig, _empty: str) -> Examples:
    assert d.series is not None
    assert d.label is not None
    return read_series_classes(
        files_of(d),
        series=d.series,
        time=d.time or "t",
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
        gaps=d.gaps,
    )


def _read_steps(d: DataConfig, _empty: str) -> Examples:
    assert d.sequence is not None
    assert d.token is not None
    assert d.label is not None
    return read_steps(
        files_of(d),
        sequence=d.sequence,
        token=d.token,
        label=d.label,
        time=d.time,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
    )


def _read_series_steps(d: DataConfig, _empty: str) -> Examples:
    assert d.series is not None
    assert d.label is not None
    return read_series_steps(
        files_of(d),
        series=d.series,
        time=d.time or "t",
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
        gaps=d.gaps,
    )


def _one_column(names: str | tuple[str, ...] | None, key: str) -> str:
    """Raises: ConfigError for several columns."""
    if isinstance(names, str):
        return names
    cause = f"objective decode reads one column on each side, got {list(names or ())}"
    raise ConfigError("CONFIG_DATA", cause, place=f"data.{key}", remedy="name one column")


def _read_translations(d: DataConfig, empty: str) -> Examples:
    return read_translations(
        files_of(d),
        left=_one_column(d.left, "left"),
        right=_one_column(d.right, "right"),
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def _read_texts(d: DataConfig, empty: str) -> Examples:
    return read_texts(
        files_of(d),
        texts=d.texts or (d.text or "text",),
        more=[expand(path) for path in d.more],
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


WAYS: Mapping[str, tuple[Way, ...]] = {
    "classify": (
        Way(("text", "label"), (), _read_classes),
        Way(("series", "label"), ("time", "gaps"), _read_series_classes),
    ),
    "label_steps": (
        Way(("sequence", "token", "label"), ("time",), _read_steps),
        Way(("series", "label"), ("time", "gaps"), _read_series_steps),
    ),
    "decode": (
        Way(("left", "right"), ("label", "judged_up_to"), _read_translations),
        Way(("texts",), ("more", "judged_up_to", "substituted"), _read_texts),
        Way(("text",), ("more", "judged_up_to", "substituted"), _read_texts),
    ),
}
