"""Names of countries, territories and cities in about 300 languages, from the Unicode CLDR data of Babel."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Protocol

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, PairData, Retrieval
from seqtwin.data.sample_pairs import Propose, distinct_pairs, partner_elsewhere, partner_in_group, shuffled

FRACTIONS = (0.7, 0.15, 0.15)
SHORTEST = 3
NEAREST = 10  # number of nearest names from which a hard negative is drawn
ROWS_AT_ONCE = 256
NOT_PLACES = {"XA", "XB", "ZZ"}  # two pseudo-locales and "unknown region"
SAME_PLACE = 1 / 3  # share of a city's names that a territory must have to be the same place (Comoro, Comoros)


@dataclass(frozen=True)
class Place:
    """A place with its English name and all its distinct names, sorted."""

    english: str
    names: tuple[str, ...]


def placenames(*, pairs: int = 10_000, seed: int = 0, scripts: str = "latin") -> PairData:
    """Pairs of place names. Same: two names of one place, in any languages.

    Half of the different pairs are hard: the second name is one of the nearest names of other places by character
    n-grams. Splits (70/15/15) share no places. `pairs`: number of training pairs; dev and test get a fifth each. Search
    task: find the English name for a foreign name of a test place, among the English names of all places.

    Raises: ValueError for invalid options.
    """
    if scripts not in ("latin", "all"):
        raise ValueError(f"scripts: expected latin or all, got '{scripts}'")
    if pairs < 20:
        raise ValueError(f"pairs: expected 20 or more, got {pairs}")
    places = read_places(latin_only=scripts == "latin")
    rng = np.random.default_rng(seed)
    members = _split_places(len(places), rng)
    counts = {"train": pairs, "dev": pairs // 5, "test": pairs // 5}
    parts = [_pairs_of([places[i] for i in members[split]], counts[split], rng) for split in SPLITS]
    frame = pd.concat([part.assign(split=split) for split, part in zip(SPLITS, parts, strict=True)], ignore_index=True)
    facts = {
        "versions": {"babel": version("babel")},
        "places": len(places),
        "names": sum(len(place.names) for place in places),
        "scripts": scripts,
        "seed": seed,
    }
    task = _retrieval(places, members["test"])
    return PairData(frame, None, 0.5, "placenames", facts, retrieval=task, shareable=True)


def places_by_split(*, latin_only: bool, seed: int) -> dict[str, list[Place]]:
    """All places by split (70/15/15). The splits are those of the pairs with the same seed."""
    places = read_places(latin_only=latin_only)
    members = _split_places(len(places), np.random.default_rng(seed))
    return {split: [places[i] for i in own] for split, own in members.items()}


def _split_places(count: int, rng: np.random.Generator) -> dict[str, list[int]]:
    order = rng.permutation(count)
    cuts = np.round(np.cumsum(FRACTIONS[:2]) * count).astype(int)
    return {split: sorted(part.tolist()) for split, part in zip(SPLITS, np.split(order, cuts), strict=True)}


def _pairs_of(places: list[Place], count: int, rng: np.random.Generator) -> pd.DataFrame:
    names = [name for place in places for name in place.names]
    owner = np.repeat(np.arange(len(places)), [len(place.names) for place in places])
    alike = distinct_pairs(len(names), partner_in_group(owner), count // 2, rng)
    hard = distinct_pairs(len(names), _nearest_elsewhere(names, owner), count // 4, rng)
    both = len(alike) - len(hard)
    loose = distinct_pairs(len(names), partner_elsewhere(owner), both, rng, taken=hard)
    rows, target = shuffled(alike, np.concatenate([hard, loose]), rng)
    left: list[str] = [names[i] for i in rows[:, 0]]
    right: list[str] = [names[i] for i in rows[:, 1]]
    frame: pd.DataFrame = pd.DataFrame({"left": left, "right": right, "target": target})
    return frame


def _nearest_elsewhere(names: list[str], owner: np.ndarray) -> Propose:
    """A function that proposes a near name of another place, by TF-IDF cosine of character 2- to 4-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32).fit_transform(names)
    columns = grams.T.tocsr()

    def propose(anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        parts = np.array_split(anchors, len(anchors) // ROWS_AT_ONCE + 1)
        nearest = [_nearest(grams[part] @ columns, owner, part) for part in parts]
        return np.concatenate(nearest)[np.arange(len(anchors)), rng.integers(0, NEAREST, size=len(anchors))]

    return propose


class _Matrix(Protocol):
    def toarray(self) -> np.ndarray: ...


def _nearest(closeness: _Matrix, owner: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    dense = closeness.toarray()
    dense[owner[None, :] == owner[anchors][:, None]] = -1.0
    wanted = min(NEAREST, dense.shape[1])
    best = np.argpartition(-dense, wanted - 1, axis=1)[:, :wanted]
    best = np.where(np.take_along_axis(dense, best, axis=1) > 0, best, -1)
    return np.pad(np.sort(best, axis=1), ((0, 0), (0, NEAREST - wanted)), constant_values=-1)


def _retrieval(places: Sequence[Place], test: Iterable[int]) -> Retrieval:
    queries = [(name, i) for i in test for name in places[i].names if fold(name) != fold(places[i].english)]
    corpus = [place.english for place in places]
    return Retrieval([name for name, _ in queries], corpus, [{i} for _, i in queries])


@cache  # one second of CPU time, and a study with several place sets asks again
def read_places(*, latin_only: bool) -> tuple[Place, ...]:
    """All places with at least two names, in a fixed order. Names of several places are left out."""
    english, names = _merged(*_collect())
    usable = {key: {n for n in own if _usable(n, latin_only)} for key, own in names.items()}
    owners = Counter(form for own in usable.values() for form in {fold(n) for n in own})
    clear = {key: tuple(sorted(n for n in own if owners[fold(n)] == 1)) for key, own in usable.items()}
    return tuple(Place(english[key], clear[key]) for key in sorted(clear) if len(clear[key]) > 1)


Names = dict[str, set[str]]


def _collect() -> tuple[dict[str, str], Names, Names]:
    """English names by territory or time zone, names by territory, and names of the city by time zone."""
    localedata = _own_localedata()
    # without inherited entries, which repeat the names of the parent locale or are codes
    own = {code: localedata.load(code, merge_inherited=False) for code in localedata.locale_identifiers()}
    territories: Names = defaultdict(set)
    cities: Names = defaultdict(set)
    for data in own.values():
        for code, name in data.get("territories", {}).items():
            if _is_territory(code) and isinstance(name, str):
                territories[code].add(name)
        for zone, city in _cities(data).items():
            cities[zone].add(city)
    english = {code: own["en"]["territories"].get(code, "") for code in territories}
    defaults = {**_cities(localedata.load("root")), **_cities(own["en"])}
    english |= {zone: defaults.get(zone) or zone.rsplit("/", 1)[-1].replace("_", " ") for zone in cities}
    for key, name in english.items():
        (territories if key in territories else cities)[key].add(name)
    return english, territories, cities


def _own_localedata() -> ModuleType:
    """A private copy of the module `babel.localedata`.

    The cache of `load` does not distinguish data with and without inherited entries. A private copy does not change the
    results of Babel in the rest of the process, and does not get its cached data.
    """
    spec = find_spec("babel.localedata")
    assert spec is not None  # babel is a dependency of this package
    assert spec.loader is not None
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def _is_territory(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code not in NOT_PLACES


def _cities(data: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, str]:
    zones = data.get("time_zones", {})
    cities = {zone: info.get("city") for zone, info in zones.items() if not zone.startswith("Etc/")}
    return {zone: city for zone, city in cities.items() if isinstance(city, str)}


def _merged(english: dict[str, str], territories: Names, cities: Names) -> tuple[dict[str, str], Names]:
    """Names by place, with cities merged into the territory that is the same place."""
    plain = {_plain(english[code]): code for code in sorted(territories)}
    by_form: dict[str, list[str]] = defaultdict(list)
    for code in sorted(territories):
        for form in {fold(name) for name in territories[code]}:
            by_form[form].append(code)
    merged = {code: set(names) for code, names in territories.items()}
    for zone in sorted(cities):
        same = plain.get(_plain(english[zone])) or _overlapping({fold(n) for n in cities[zone]}, by_form)
        merged.setdefault(same or zone, set()).update(cities[zone])
    return english, merged


def _overlapping(forms: set[str], by_form: Mapping[str, list[str]]) -> str | None:
    shared = Counter(code for form in sorted(forms) for code in by_form.get(form, ()))
    code, count = shared.most_common(1)[0] if shared else ("", 0)
    return code if count >= max(2, SAME_PLACE * len(forms)) else None


def _plain(name: str) -> str:
    """The name without additions: "hong kong" for "Hong Kong SAR China", "cocos" for "Cocos (Keeling) Islands"."""
    return " ".join(fold(re.sub(r"\(.*?\)|SAR China|Islands?\b", " ", name)).split())


def _usable(name: str, latin_only: bool) -> bool:
    if len(name) < SHORTEST or "_" in name or (name.isascii() and name.isupper() and len(name) <= SHORTEST):
        return False
    return not latin_only or (any(map(str.isalpha, name)) and all(map(_latin_or_mark, name)))


@cache
def _latin_or_mark(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith(("LATIN", "MODIFIER LETTER"))


@cache
def fold(text: str) -> str:
    """The text without accents, in lower case.

    >>> fold("Curaçao") == fold("CURACAO")
    True
    """
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
