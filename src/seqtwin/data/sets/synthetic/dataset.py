"""The probes as a data set: options checked, splits drawn from streams of their own, ceilings measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.sets.synthetic.ceilings import agreement, metric_of, reader_ceilings, rule_score
from seqtwin.data.sets.synthetic.drawing import Drawn, Shape, texts_of
from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.errors import nearest
from seqtwin.lookup import whole
from seqtwin.metrics import chance_of

FEWER = {"train": 1, "dev": 4, "test": 2}  # pairs of train for one of this split
FEWEST = 20
LONGEST = 4096  # tokens a text keeps
PAIRS, KEYS, VOCABULARY = 4000, 16, 64


@dataclass(frozen=True)
class Options:
    """What was asked for, checked."""

    probe: str
    pairs: int
    seed: int
    shape: Shape
    shuffled: bool

    @property
    def name(self) -> str:
        """The probe, then whatever is not as usual: two different sets never share a name."""
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
    """Pairs of one synthetic probe, P1 to P10, of which it is known how well they can be told apart.

    Texts are words: keys (`k03`) carry the answer, fillers (`f21`) do not; read them with `tokens: {unit: word}`.
    `pairs` counts the training pairs; dev gets a quarter, test a half. `length` sets both ends of the lengths.
    `vocabulary` counts the pad, too. `labels: shuffled` permutes the targets of every split: nothing can be learnt.
    All streams come from one `SeedSequence([seed, 3])` (of P3), one for each split and one for the labels; no text
    stands twice.

    Raises: ValueError for options that cannot be.
    """
    shape = _shape(probe, _ends(probe, shortest, longest, length), keys, vocabulary)
    asked = Options(probe, _count("pairs", pairs, FEWEST), _seed(seed), shape, _shuffled(labels))
    streams = np.random.SeedSequence([seed, list(PROBES).index(probe) + 1]).spawn(len(SPLITS) + 1)
    *own, labelling = (np.random.default_rng(stream) for stream in streams)
    taken: set[str] = set()
    frames = [_part(asked, split, taken, rng) for split, rng in zip(SPLITS, own, strict=True)]
    truth = [frame["target"].to_numpy() for frame in frames]
    if asked.shuffled:
        frames = [frame.assign(target=labelling.permutation(frame["target"].to_numpy())) for frame in frames]
    facts = _facts(asked, frames, truth)
    frame = pd.concat(frames, ignore_index=True)
    return PairData(frame, None, 0.5, asked.name, facts, _notes(asked, facts), shareable=True)


def _part(asked: Options, split: str, taken: set[str], rng: np.random.Generator) -> pd.DataFrame:
    probe = PROBES[asked.probe]
    drawn: Drawn = probe.draw(asked.shape, asked.pairs // FEWER[split], split, rng)
    if len(np.unique(drawn.target)) < 2:
        raise ValueError(f"pairs: too few; the targets of {split} are all alike")
    left, right = texts_of(drawn, probe.fill, asked.shape, taken, rng)
    return pd.DataFrame({"left": left, "right": right, "target": drawn.target, "split": split})


def _facts(asked: Options, frames: list[pd.DataFrame], truth: list[np.ndarray]) -> dict[str, Any]:
    metric, oracle = metric_of(asked.probe), PROBES[asked.probe].oracle
    test, known = frames[-1], truth[-1]
    return {
        "versions": {"numpy": np.__version__},
        "probe": asked.probe,
        "title": PROBES[asked.probe].title,
        "metric": metric,
        "ceiling": chance_of(metric) if asked.shuffled else agreement(known, test["target"].to_numpy(), metric),
        "ceilings": {} if asked.shuffled else reader_ceilings(asked.probe, test),
        "oracle": {split: rule_score(oracle, part, metric) for split, part in zip(SPLITS, frames, strict=True)},
        "seed": asked.seed,
        "options": {**vars(asked.shape), "labels": "shuffled" if asked.shuffled else "true"},
    }


def _notes(asked: Options, facts: dict[str, Any]) -> tuple[str, ...]:
    named = "".join(f"; {reader}: {value:.3f}" for reader, value in facts["ceilings"].items())
    shuffled = ", targets shuffled" if asked.shuffled else ""
    return (
        f"{asked.probe}, {facts['title']}{shuffled}: the ceiling of {facts['metric']} is {facts['ceiling']:g}{named}",
    )


def _lengths_named(asked: Options) -> list[str]:
    ends, usual = (asked.shape.shortest, asked.shape.longest), PROBES[asked.probe].lengths
    if ends == usual:
        return []
    if ends[0] == ends[1]:
        return [f"length{ends[0]}"]
    pairs = zip(("shortest", "longest"), ends, usual, strict=True)
    return [f"{end}{value}" for end, value, other in pairs if value != other]


def _others_named(asked: Options) -> list[str]:
    given = {"pairs": asked.pairs, "seed": asked.seed, "keys": asked.shape.keys, "vocabulary": asked.shape.vocabulary}
    usual = {"pairs": PAIRS, "seed": 0, "keys": KEYS, "vocabulary": VOCABULARY}
    return [*(f"{key}{given[key]}" for key in given if given[key] != usual[key]), *["shuffled"] * asked.shuffled]


# options


def _ends(probe: str, shortest: int | None, longest: int | None, length: int | None) -> tuple[int, int]:
    """The shortest and the longest length that were asked for."""
    if probe not in PROBES:
        raise ValueError(f"probe: expected {', '.join(PROBES)}, got {probe!r}{nearest(str(probe), list(PROBES))}")
    if length is not None and (shortest is not None or longest is not None):
        raise ValueError("length: sets shortest and longest, so they cannot be given, too")
    usual = PROBES[probe].lengths
    low, high = (length, length) if length is not None else (shortest, longest)
    return (usual[0] if low is None else low), (usual[1] if high is None else high)


def _shape(probe: str, ends: tuple[int, int], keys: int, vocabulary: int) -> Shape:
    low, high = (
        _count(name, value, PROBES[probe].least) for name, value in zip(("shortest", "longest"), ends, strict=True)
    )
    if not low <= high <= LONGEST:
        raise ValueError(f"shortest, longest: expected them to rise, up to {LONGEST}; got {low}, {high}")
    if probe == "P9" and low == high:
        raise ValueError(f"longest: P9 needs unequal lengths, got {low} to {high}")
    _count("keys", keys, 2)
    _count("vocabulary", vocabulary, keys + 2)  # the pad, the keys, one filler
    return Shape(low, high, keys, vocabulary)


def _count(name: str, value: Any, least: int) -> int:
    if whole(name, value) < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")
    return int(value)


def _seed(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"seed: expected a whole number from 0 on, got {value!r}")
    return value


def _shuffled(labels: bool | str) -> bool:
    if labels not in (True, "true", "shuffled"):
        raise ValueError(f"labels: expected true or shuffled, got {labels!r}")
    return labels == "shuffled"
