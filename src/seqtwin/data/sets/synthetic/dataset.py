"""The probes as a data set of pairs: checked options, independent random streams per split, measured ceilings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.sets.synthetic.ceilings import agreement, metric_of, reader_ceilings, rule_score
from seqtwin.data.sets.synthetic.drawing import Drawn, Shape, texts_of
from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.errors import nearest
from seqtwin.lookup import whole
from seqtwin.metrics import chance_of

FEWER = {"train": 1, "dev": 4, "test": 2}  # training pairs per pair of this split
FEWEST = 20
LONGEST = 4096  # the most tokens of a text
PAIRS, KEYS, VOCABULARY = 4000, 16, 64


@dataclass(frozen=True)
class Options:
    """The checked options."""

    probe: str
    pairs: int
    seed: int
    shape: Shape
    shuffled: bool

    @property
    def name(self) -> str:
        """The probe and all options that are not the default: different data sets have different names."""
        return "-".join([self.probe, *_lengths_named(self), *_others_named(self)])


def probes(
    *,
    probe: str = "P1",
    pairs: int = PAIRS,
    seed: int = 0,
    shortest: int | None = None,
    longest: int | None = None,
    length: int | None = None,
    keys: int = KEYS,
    vocabulary: int = VOCABULARY,
    labels: bool | str = True,
) -> PairData:
    """Pairs of a synthetic probe, P1 to P10, with a known best score.

    Texts consist of keys (`k03`), which determine the target, and fillers (`f21`), which do not. Use them with `tokens:
    {unit: word}`. `pairs`: number of training pairs; dev gets a quarter, test a half. `length` sets both `shortest` and
    `longest`. `vocabulary` includes the padding. `labels: shuffled` permutes the targets of every split, so nothing can
    be learned. Each split and the shuffling have a stream spawned from one `SeedSequence([seed, number of the probe])`.
    No text occurs twice.

    Raises: ValueError for invalid options.
    """
    shape = _shape(probe, _ends(probe, shortest, longest, length), keys, vocabulary)
    options = Options(probe, _count("pairs", pairs, FEWEST), _seed(seed), shape, _shuffled(labels))
    streams = np.random.SeedSequence([seed, list(PROBES).index(probe) + 1]).spawn(len(SPLITS) + 1)
    *own, labelling = (np.random.default_rng(stream) for stream in streams)
    taken: set[str] = set()
    frames = [_part(options, split, taken, rng) for split, rng in zip(SPLITS, own, strict=True)]
    truth = [frame["target"].to_numpy() for frame in frames]
    if options.shuffled:
        frames = [frame.assign(target=labelling.permutation(frame["target"].to_numpy())) for frame in frames]
    ceilings = _ceilings(options, frames[-1], truth[-1])
    frame, facts = pd.concat(frames, ignore_index=True), _facts(options, ceilings, frames)
    return PairData(frame, None, 0.5, options.name, facts, (_note(options, ceilings),), shareable=True)


def _part(options: Options, split: str, taken: set[str], rng: np.random.Generator) -> pd.DataFrame:
    probe = PROBES[options.probe]
    drawn: Drawn = probe.draw(options.shape, options.pairs // FEWER[split], split, rng)
    if len(np.unique(drawn.target)) < 2:
        raise ValueError(f"pairs: too few; all targets of {split} are equal")
    left, right = texts_of(drawn, probe.fill, options.shape, taken, rng)
    return pd.DataFrame({"left": left, "right": right, "target": drawn.target, "split": split})


@dataclass(frozen=True)
class Ceilings:
    """The best scores on test: `best` for any model, `limited` by kind of limited model."""

    best: float
    limited: dict[str, float]


def _ceilings(options: Options, test: pd.DataFrame, truth: np.ndarray) -> Ceilings:
    metric = metric_of(options.probe)
    chance = chance_of(metric)
    if options.shuffled and chance is not None:
        return Ceilings(chance, {})
    return Ceilings(agreement(truth, test["target"].to_numpy(), metric), reader_ceilings(options.probe, test))


def _facts(options: Options, ceilings: Ceilings, frames: list[pd.DataFrame]) -> dict[str, object]:
    metric, oracle = metric_of(options.probe), PROBES[options.probe].oracle
    return {
        "versions": {"numpy": np.__version__},
        "probe": options.probe,
        "title": PROBES[options.probe].title,
        "metric": metric,
        "ceiling": ceilings.best,
        "ceilings": ceilings.limited,
        "oracle": {split: rule_score(oracle, part, metric) for split, part in zip(SPLITS, frames, strict=True)},
        "seed": options.seed,
        "options": {**vars(options.shape), "labels": "shuffled" if options.shuffled else "true"},
    }


def _note(options: Options, ceilings: Ceilings) -> str:
    limited = "".join(f"; {model}: {value:.3f}" for model, value in ceilings.limited.items())
    title = PROBES[options.probe].title + (", targets shuffled" if options.shuffled else "")
    return f"{options.probe}, {title}: the ceiling of {metric_of(options.probe)} is {ceilings.best:g}{limited}"


def _lengths_named(options: Options) -> list[str]:
    ends, usual = (options.shape.shortest, options.shape.longest), PROBES[options.probe].lengths
    if ends == usual:
        return []
    if ends[0] == ends[1]:
        return [f"length{ends[0]}"]
    pairs = zip(("shortest", "longest"), ends, usual, strict=True)
    return [f"{end}{value}" for end, value, other in pairs if value != other]


def _others_named(options: Options) -> list[str]:
    given = {
        "pairs": options.pairs,
        "seed": options.seed,
        "keys": options.shape.keys,
        "vocabulary": options.shape.vocabulary,
    }
    usual = {"pairs": PAIRS, "seed": 0, "keys": KEYS, "vocabulary": VOCABULARY}
    return [*(f"{key}{given[key]}" for key in given if given[key] != usual[key]), *["shuffled"] * options.shuffled]


# options


def _ends(probe: str, shortest: int | None, longest: int | None, length: int | None) -> tuple[int, int]:
    """The shortest and the longest length."""
    if probe not in PROBES:
        raise ValueError(f"probe: expected {', '.join(PROBES)}, got {probe!r}{nearest(str(probe), list(PROBES))}")
    if length is not None and (shortest is not None or longest is not None):
        raise ValueError("length: cannot be combined with shortest or longest")
    usual = PROBES[probe].lengths
    low, high = (length, length) if length is not None else (shortest, longest)
    return (usual[0] if low is None else low), (usual[1] if high is None else high)


def _shape(probe: str, ends: tuple[int, int], keys: int, vocabulary: int) -> Shape:
    low, high = (
        _count(name, value, PROBES[probe].least) for name, value in zip(("shortest", "longest"), ends, strict=True)
    )
    if not low <= high <= LONGEST:
        raise ValueError(f"shortest, longest: expected shortest <= longest <= {LONGEST}, got {low}, {high}")
    if probe == "P9" and low == high:
        raise ValueError(f"longest: P9 needs different lengths, got {low} to {high}")
    _count("keys", keys, 2)
    _count("vocabulary", vocabulary, keys + 2)  # the pad, the keys, one filler
    return Shape(low, high, keys, vocabulary)


def _count(name: str, value: int, least: int) -> int:
    if whole(name, value) < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")
    return int(value)


def _seed(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"seed: expected a non-negative integer, got {value!r}")
    return value


def _shuffled(labels: bool | str) -> bool:
    if labels not in (True, "true", "shuffled"):
        raise ValueError(f"labels: expected true or shuffled, got {labels!r}")
    return labels == "shuffled"
