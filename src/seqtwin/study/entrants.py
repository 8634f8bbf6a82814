"""ENTRANTS: which configs take part in the race of `train --auto`, by objective and kind of sequence.

To add an entrant: a line in one of the dicts of changes, or a function in ENTRANTS.
"""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from seqtwin.config import RunConfig, vary
from seqtwin.data.sets.pair_sets import SERIES
from seqtwin.data.starter_choices import CONTRASTIVE
from seqtwin.errors import ConfigError
from seqtwin.lookup import split_spec

Changes = Mapping[str, object]

UNITS = ("char", "word")
LOSSES: Mapping[str, object] = {"mse": "mse", "contrastive": dict(CONTRASTIVE), "cosent": "cosent"}
RECURRENT: Changes = {"encoder.lexical": None}
# small initial vectors: they learn faster
STATIC: Changes = {"encoder.cell": "none", "encoder.embedding_std": 0.1, "representation": "mean_output"}
CHANNELS: Mapping[str, Changes] = {
    "n-grams and recurrent": {"encoder.lexical": {}},
    "n-grams": {"encoder.lexical": {"share": 1.0}},
    "recurrent": RECURRENT,
}
OF_WORDS: Mapping[str, Changes] = {
    "n-grams and word vectors": {"encoder.lexical": {}, **STATIC},
    "word vectors": {**RECURRENT, **STATIC},
}
FREE: Changes = {"encoder.lexical": {"share": 1.0, "mapped": False, "trained": False}, "fit.epochs": 1}
JOINED: Changes = {"representation": {"join": ["attention_output", "final_hidden", "max_output"]}}
READINGS: Mapping[str, Changes] = {
    "max": {"representation": "max_output"},
    "attention": {"representation": "attention_output"},
}
OF_UNIT: Mapping[str, Mapping[str, Changes]] = {"char": {"joined": JOINED}}  # of words, the joined one has letters, too
KERNELS: Mapping[str, Changes] = {
    "kernels": {"encoder.kernels": {"share": 1.0}},
    "kernels and gru, max": {"encoder.kernels": {}, "encoder.cell": "gru", "representation": "max_output"},
}
OF_SERIES: Mapping[str, Changes] = {
    f"{cell}, {short}{', dropout' if dropout else ''}": {
        "encoder.kernels": None,
        "encoder.cell": cell,
        "representation": representation,
        "encoder.input_dropout": dropout,
    }
    for cell in ("gru", "lstm")
    for short, representation in (("max", "max_output"), ("mean", "mean_output"))
    for dropout in (0.2, 0.0)
}
TAGGED: Mapping[str, Changes] = {
    f"{words}{', dropout' if dropout else ''}": {"tokens.characters": letters, "encoder.input_dropout": dropout}
    for words, letters in (("words and letters", True), ("words", False))
    for dropout in (0.3, 0.0)
}


@dataclass(frozen=True)
class Entrant:
    """A config that takes part: its name and the changes to the config of the race. `free`: it learns nothing."""

    name: str
    changes: Changes
    free: bool = False


def entrants_of(config: RunConfig, fixed: Collection[str] = ()) -> list[Entrant]:
    """The entrants of a race on the data of a config. `fixed`: dotted keys that every entrant takes from the config.

    Raises: ConfigError for an objective without entrants, and for a config that starts from an encoder.
    """
    key = (split_spec(config.objective)[0], "series" if is_of_series(config) else "texts")
    if key not in ENTRANTS or config.encoder.start is not None:
        cause = "--auto compares encoders of pairs, classes and classes per step, and starts each from random weights"
        had = "encoder.from" if config.encoder.start is not None else f"objective {key[0]} on {key[1]}"
        remedy = "leave out --auto, or use: seqtwin compare"
        raise ConfigError("AUTO_UNSUPPORTED", f"{cause}; this config has {had}", place="--auto", remedy=remedy)
    entrants = _without_fixed(config, ENTRANTS[key](config), fixed)
    own = config.model_dump()
    # what learns nothing takes no time; then the config itself, so that a short race is not worse than no race
    return sorted(entrants, key=lambda entrant: not entrant.free and _varied(config, entrant) != own)


def _varied(config: RunConfig, entrant: Entrant) -> dict[str, object] | None:
    """The settings of an entrant; None if they contradict each other, which its training will report."""
    try:
        return vary(config, entrant.changes).model_dump()
    except ConfigError:
        return None


def is_of_series(config: RunConfig) -> bool:
    """Whether the sequences of a config are series of numbers, not texts."""
    return config.data.series is not None or config.data.name in SERIES


def _pairs_of_texts(config: RunConfig) -> list[Entrant]:
    """Hashed TF-IDF, which learns nothing, then every channel, loss and token unit."""
    units = _units(config)
    free = Entrant(f"TF-IDF of n-grams, {units[0]}", {**FREE, "tokens.unit": units[0]}, free=True)
    channels = {unit: {**CHANNELS, **OF_WORDS} if unit == "word" else CHANNELS for unit in units}
    return [free] + [
        Entrant(f"{channel}, {unit}, {loss}", {**changes, "tokens.unit": unit, "loss": spec})
        for unit in units
        for (channel, changes), (loss, spec) in itertools.product(channels[unit].items(), _losses(config))
    ]


def _classes_of_texts(config: RunConfig) -> list[Entrant]:
    """The recurrent network and n-grams, on both token units, and words with their letters."""
    spelled = {"tokens.unit": "word", "tokens.characters": True}
    letters = {
        f"words and letters, {name}": {**spelled, **changes}
        for name, changes in {"joined": JOINED, "max": READINGS["max"]}.items()
    }
    readings = {
        f"{name}, {unit}": {"tokens.unit": unit, "tokens.characters": False, **changes}
        for unit in _units(config)
        for name, changes in {**READINGS, **OF_UNIT.get(unit, {}), "n-grams": CHANNELS["n-grams"]}.items()
    }
    return [Entrant(name, changes) for name, changes in {**readings, **letters}.items()]


def _pairs_of_series(config: RunConfig) -> list[Entrant]:
    """Cells, representations and dropout, and convolution kernels, with two losses."""
    every = itertools.product({**OF_SERIES, **KERNELS}.items(), _losses(config))
    return [Entrant(f"{name}, {loss}", {**changes, "loss": spec}) for (name, changes), (loss, spec) in every]


def _units(config: RunConfig) -> list[str]:
    """The token units; that of the config is the first."""
    return sorted(UNITS, key=lambda unit: unit != config.tokens.unit)


def _losses(config: RunConfig) -> list[tuple[str, object]]:
    """Two losses; that of the config is the first."""
    first = split_spec(config.loss)[0]
    return [(first, config.loss), *((name, spec) for name, spec in LOSSES.items() if name != first)][:2]


ENTRANTS: Mapping[tuple[str, str], Callable[[RunConfig], list[Entrant]]] = {
    ("pairs", "texts"): _pairs_of_texts,
    ("pairs", "series"): _pairs_of_series,
    ("classify", "texts"): _classes_of_texts,
    ("classify", "series"): lambda _config: [Entrant(*entrant) for entrant in {**OF_SERIES, **KERNELS}.items()],
    ("label_steps", "texts"): lambda _config: [Entrant(name, changes) for name, changes in TAGGED.items()],
}


def _without_fixed(config: RunConfig, entrants: Sequence[Entrant], fixed: Collection[str]) -> list[Entrant]:
    """The entrants with the fixed settings of the config; of equal ones, the first. TF-IDF needs its own n-grams.

    Where some entrants have the fixed value, the others are left out: `word vectors, word` means nothing on characters.
    """
    kept: dict[str, Entrant] = {}
    for entrant in entrants:
        changes = {key: value for key, value in entrant.changes.items() if not _is_fixed(key, fixed)}
        own = replace(entrant, changes=changes)
        needs = not entrant.free or "encoder.lexical" in changes
        if needs and not any(_contradicts(config, entrant, key, entrants) for key in fixed):
            kept.setdefault(repr(_varied(config, own) or entrant.name), own)
    return list(kept.values()) if fixed else list(entrants)


def _contradicts(config: RunConfig, entrant: Entrant, key: str, entrants: Sequence[Entrant]) -> bool:
    """Whether an entrant sets another value than the config, and some entrant sets the same."""
    if key not in entrant.changes or _sets_as(config, entrant, key):
        return False
    return any(_sets_as(config, other, key) for other in entrants if key in other.changes)


def _sets_as(config: RunConfig, entrant: Entrant, key: str) -> bool:
    return vary(config, {key: entrant.changes[key]}) == config


def _is_fixed(key: str, fixed: Collection[str]) -> bool:
    return any(own == key or own.startswith(f"{key}.") or key.startswith(f"{own}.") for own in fixed)
