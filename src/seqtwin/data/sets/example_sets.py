"""EXAMPLE_SETS: the built-in data sets of single sequences, by objective and name."""

from collections.abc import Callable, Mapping
from importlib.metadata import version

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.reading.pair_tables import USUAL_FRACTIONS
from seqtwin.data.sets.pair_sets import digits
from seqtwin.data.sets.placenames import Place, fold, places_by_split
from seqtwin.data.split_examples import Collected, collected, examples_of

LEAST_PAIRS = 20
Places = dict[str, list[Place]]
FEWER = 5  # training pairs per pair of dev and test


def digit_classes(*, seed: int = 0) -> Examples:
    """Handwritten digits as series of columns from left to right, classified by digit. Splits as in the pairs."""
    pairs = digits(pairs=LEAST_PAIRS, seed=seed)
    assert pairs.series is not None
    assert pairs.labelled is not None
    targets = [str(digit) for digit in pairs.labelled.classes]
    rows = Collected(list(pairs.series), targets, [str(split) for split in pairs.labelled.split])
    return examples_of("classify", rows, name="digits", facts=pairs.facts, notes=(), shareable=True)


def english_names(
    *, pairs: int | None = None, seed: int = 0, scripts: str = "latin", unseen: str = "place"
) -> Examples:
    """Names of places in many languages, each with the English name as target.

    `unseen`: what the splits (70/15/15) do not share: `place`, split as in the pairs, or `name`, where test has other
    names (ignoring accents) of the training places. Names that equal the English one except for case and accents are
    left out. `pairs`: number of random training pairs; dev and test get a fifth each.

    Raises: ValueError for invalid options.
    """
    if scripts not in ("latin", "all"):
        raise ValueError(f"scripts: expected latin or all, got '{scripts}'")
    if pairs is not None and pairs < LEAST_PAIRS:
        raise ValueError(f"pairs: expected {LEAST_PAIRS} or more, got {pairs}")
    if unseen not in UNSEEN:
        raise ValueError(f"unseen: expected {' or '.join(UNSEEN)}, got '{unseen}'")
    rng = np.random.default_rng([seed, 1])  # independent of the stream that split the places
    places = UNSEEN[unseen](places_by_split(latin_only=scripts == "latin", seed=seed), rng)
    named = {split: [_foreign(place) for place in own] for split, own in places.items()}
    parts = {split: _drawn(own, places[split], _wanted(pairs, split), rng) for split, own in named.items()}
    names = sum(len(place.names) for own in places.values() for place in own)
    english = names - sum(len(foreign) for own in named.values() for foreign in own)
    facts = {
        "versions": {"babel": version("babel")},
        "places": {split: len(own) for split, own in places.items()},
        "as_in_english": english,
        "scripts": scripts,
        "unseen": unseen,
        "seed": seed,
    }
    notes = [f"{english} names that equal the English name, except for case and accents, are left out"]
    return examples_of("decode", collected(parts), name="placenames", facts=facts, notes=notes, shareable=True)


def _of_new_places(places: Places, _rng: np.random.Generator) -> Places:
    return places


def _of_known_places(places: Places, rng: np.random.Generator) -> Places:
    """Every place in every split, each of its names in one split. Names that differ only in accents stay together."""
    cuts = [sum(USUAL_FRACTIONS[:n]) for n in (1, 2)]
    splits: dict[str, list[Place]] = {split: [] for split in places}
    for place in (place for own in places.values() for place in own):
        forms = rng.permutation(sorted({fold(name) for name in place.names}))
        ends = [round(cut * len(forms)) for cut in cuts]
        for split, own in zip(places, np.split(forms, ends), strict=True):
            folded = set(own.tolist())
            splits[split].append(Place(place.english, tuple(name for name in place.names if fold(name) in folded)))
    return splits


UNSEEN: Mapping[str, Callable[[Places, np.random.Generator], Places]] = {
    "place": _of_new_places,
    "name": _of_known_places,
}


def _foreign(place: Place) -> list[str]:
    return [name for name in place.names if fold(name) != fold(place.english)]


def _wanted(pairs: int | None, split: str) -> int | None:
    return pairs if pairs is None or split == "train" else pairs // FEWER


def _drawn(
    names: list[list[str]], places: list[Place], count: int | None, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Random names with their English names, in a fixed order. `count`: None for all."""
    all_pairs = [(name, place.english) for own, place in zip(names, places, strict=True) for name in own]
    chosen = np.sort(rng.permutation(len(all_pairs))[:count])
    return [all_pairs[i][0] for i in chosen], [all_pairs[i][1] for i in chosen]


EXAMPLE_SETS: Mapping[str, dict[str, Callable[..., Examples]]] = {
    "classify": {"digits": digit_classes},
    "label_steps": {},
    "decode": {"placenames": english_names},
    "distil": {},
}
