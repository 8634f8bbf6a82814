"""From the data section of a config to single sequences: the keys that each objective uses, and the reader for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seqtwin.config import DataConfig
from seqtwin.data.examples import Examples, Kind
from seqtwin.data.sample_rows import sample_examples
from seqtwin.data.sets.example_sets import EXAMPLE_SETS
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.errors import ConfigError
from seqtwin.lookup import member, pick

EVERYWHERE = frozenset({"name", "train", "dev", "test", "file", "split", "seed", "quoting", "rows"})


@dataclass(frozen=True)
class Way:
    """One way to name data: the keys it needs, the keys it takes besides, and its reader.

    `read(config, empty)`: `empty` is the policy for blank texts.
    """

    needs: tuple[str, ...]
    takes: tuple[str, ...]
    read: Callable[[DataConfig, str], Examples]

    def suits(self, named: frozenset[str]) -> bool:
        """Whether a config that names these keys, and no others, can be read this way."""
        return named.issuperset(self.needs) and named <= {*self.needs, *self.takes}

    @property
    def words(self) -> str:
        """The keys as an error message lists them."""
        needed = " + ".join(f"data.{key}" for key in self.needs)
        return needed + (f" (and {', '.join(f'data.{key}' for key in self.takes)})" if self.takes else "")


def load_examples(config: DataConfig, kind: Kind, ways: Sequence[Way], empty: str) -> Examples:
    """The sequences that a config names, with the target of each. `empty`: the policy for blank texts.

    Raises: ConfigError for keys that none of the ways uses; DataError.
    """
    return sample_examples(_read(config, kind, ways, empty), config.rows, config.seed)


def _read(config: DataConfig, kind: Kind, ways: Sequence[Way], empty: str) -> Examples:
    if config.name is not None:
        return _built_in(config, config.name, kind, ways)
    named = _named(config)
    way = next((way for way in ways if way.suits(named)), None)
    if way is None:
        raise _unsuited(kind, ways, named)
    return way.read(config, empty)


def _built_in(config: DataConfig, name: str, kind: Kind, ways: Sequence[Way]) -> Examples:
    sets = member(EXAMPLE_SETS, kind, "objective")
    if name in DATASETS and name not in sets:
        known = f"built-in sets that do: {', '.join(sets)}" if sets else "no built-in set does"
        remedy = f"name your own file: {_listed(ways)}"
        cause = f"'{name}' has no targets for objective {kind}; {known}"
        raise ConfigError("CONFIG_DATA", cause, place="data.name", remedy=remedy)
    examples: Examples = pick(sets, {"name": name, **config.options()}, f"{kind} dataset")
    return examples


def _named(config: DataConfig) -> frozenset[str]:
    """The keys of columns and of pairs that do not have their default value."""
    fields = type(config).model_fields
    return frozenset(key for key in fields if key not in EVERYWHERE and getattr(config, key) != fields[key].default)


def _unsuited(kind: str, ways: Sequence[Way], named: frozenset[str]) -> ConfigError:
    listed = ", ".join(f"data.{key}" for key in sorted(named)) or "no column"
    known = {key for way in ways for key in (*way.needs, *way.takes)}
    foreign = [f"data.{key}" for key in sorted(named - known)]
    remedy = f"leave out {', '.join(foreign)}" if foreign else "name the columns of one of them"
    cause = f"objective {kind} expects {_listed(ways)}; the config names {listed}"
    return ConfigError("CONFIG_DATA", cause, place="data", remedy=remedy)


def _listed(ways: Sequence[Way]) -> str:
    return ", or ".join(way.words for way in ways)
