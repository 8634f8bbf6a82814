"""The pairings frame: one row per pairing with the means over its seeds and the difference to the chosen pairing.

Intervals come from the one bootstrap of the study (`bootstrap.Bench`), as those of the analysis do.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.statistics import WEIGHTED, Interval
from seqtwin.reporting.table.bootstrap import Bench
from seqtwin.reporting.table.frame_rows import Row
from seqtwin.reporting.table.planned_cells import Gathered, Pairing
from seqtwin.reporting.table.slices import Sliced, pad_slope

STUCK = 0.95
STATES = ("finished", "failed", "diverged", "collapsed", "oom")
_NAN = float("nan")
_MEANS = (
    "seconds_train", "cpu_seconds_train", "parameters", "dim", "train_pairs_per_second", "encode_texts_per_second",
    "threshold", "final_loss", "plateau", "epochs",
)  # fmt: skip
_SHARED = ("tuned_trials", "tuned_value", "untuned_value", "edge", "changes")
_ALWAYS = (
    "dataset", "primary", "planned", *STATES, "dev_mean", "mean", "sd", "min", "max", "untrained_mean", "letters",
    "low", "high", "interval", "chosen", "difference", "difference_low", "difference_high", "on_plateau",
    "batch_deviation",
)  # fmt: skip

Parts = Sequence[tuple[Bench, Sequence[Sliced]]]


class Clock(NamedTuple):
    """The column of `pairings` that the costs of training are taken from, and its unit in words."""

    column: str
    unit: str


WALL, PROCESSOR = Clock("seconds_train_mean", "wall seconds"), Clock("cpu_seconds_train_mean", "CPU seconds")


def training_clock(pairings: pd.DataFrame) -> Clock:
    """CPU seconds if they are known of every trained pairing, else wall seconds, which other work on the machine
    lengthens."""
    known = PROCESSOR.column in pairings and (
        pairings[PROCESSOR.column].notna() | pairings[WALL.column].isna()
    ).all()  # fmt: skip
    return PROCESSOR if known and pairings[PROCESSOR.column].notna().any() else WALL


def pairing_rows(gathered: Gathered, parts: Parts, letters: Mapping[tuple[str, ...], str]) -> pd.DataFrame:
    """The pairings frame. `parts`: benches with their slices; `letters`: tie letters by the labels of a pairing."""
    planned = len(gathered.study.get("seeds", []))
    pairings, rows = list(gathered.pairings()), list[dict[str, object]]()
    for pairing in pairings:
        own = tuple(pairing.labels.values())
        row = _summary(pairing, planned) | {"letters": letters.get(own, "")}
        rows.append(row | _interval(pairing, parts, gathered.nouns) | _slope(pairing, parts))
    if not rows:
        return pd.DataFrame(columns=[*gathered.keys, *_ALWAYS])
    return _with_differences(pd.DataFrame(rows), pairings, [bench for bench, _ in parts])


def _first(values: Row) -> object:
    """The first known value of a column; None without one."""
    return next((value for value in values.dropna() if value != ""), None)


def _mean(part: pd.DataFrame, column: str) -> float:
    return float(part[column].astype(float).mean()) if column in part and len(part) else _NAN


def _done(pairing: Pairing) -> pd.DataFrame:
    return pairing.rows[pairing.rows["status"] == "finished"]


def _primary(pairing: Pairing) -> str:
    return str(_first(pairing.rows["primary"]) or "")


def _summary(pairing: Pairing, planned: int) -> dict[str, object]:
    part, done, primary = pairing.rows, _done(pairing), _primary(pairing)
    counts = {state: int((part["status"] == state).sum()) for state in STATES}
    row: dict[str, object] = {**pairing.labels, "dataset": _first(part["dataset"]) or "", "primary": primary}
    row |= {"planned": max(planned, len(part)), **counts, "dev_mean": _mean(done, f"dev_{primary}")}
    known = f"test_{primary}" in done
    test = done[f"test_{primary}"].astype(float) if known else pd.Series(dtype=float)
    row |= {"mean": test.mean(), "sd": test.std(ddof=1), "min": test.min(), "max": test.max()}
    row |= {"untrained_mean": _mean(done, f"untrained_{primary}")}
    means = [str(name) for name in part if str(name).startswith("retrieval_")]
    means += [*_MEANS, *(str(name) for name in part if str(name).startswith("diag_"))]
    averages = done[[name for name in means if name in done]].astype(float).mean()
    row |= {f"{name}_mean": float(averages.get(name, _NAN)) for name in means}
    row |= {name: _first(part[name]) for name in _SHARED}
    stuck = done["final_loss"].astype(float) > STUCK * done["plateau"].astype(float)
    return row | {"on_plateau": int(stuck.sum()), "batch_deviation": done["batch_deviation"].astype(float).max()}


def _where(pairing: Pairing, benches: Sequence[Bench]) -> tuple[int, int] | None:
    """The position of its bench, and its own position there."""
    places = ((index, bench.place(pairing.labels)) for index, bench in enumerate(benches))
    return next(((index, place) for index, place in places if place is not None), None)


def _interval(pairing: Pairing, parts: Parts, nouns: Nouns) -> dict[str, object]:
    where, finished = _where(pairing, [bench for bench, _ in parts]), len(_done(pairing))
    if where is None or not finished or _primary(pairing) not in WEIGHTED:
        reason = "not computed for this metric" if finished else "no finished seed"
        return {"low": _NAN, "high": _NAN, "interval": f"refused: {reason}"}
    interval = parts[where[0]][0].drawn.contrast({where[1]: 1.0}).interval
    kind = f"refused: {interval.refused}" if interval.refused else nouns.both if finished > 1 else nouns.alone
    return {"low": interval.low, "high": interval.high, "interval": kind}


def _slope(pairing: Pairing, parts: Parts) -> dict[str, float]:
    where = _where(pairing, [bench for bench, _ in parts])
    slope, interval = (_NAN, Interval(_NAN, _NAN)) if where is None else pad_slope(parts[where[0]][1], where[1])
    return {"pad_slope": slope, "pad_slope_low": interval.low, "pad_slope_high": interval.high}


def _with_differences(frame: pd.DataFrame, pairings: Sequence[Pairing], benches: Sequence[Bench]) -> pd.DataFrame:
    """Mark the pairing with the highest dev mean of each data set; give the others their paired difference to it."""
    chosen = _chosen(frame)
    places = [_where(pairing, benches) for pairing in pairings]
    rows = [_to_chosen(frame["mean"], places, benches, i, chosen.get(d)) for i, d in enumerate(frame["dataset"])]
    whole: pd.DataFrame = pd.concat([frame, pd.DataFrame(rows, index=frame.index)], axis=1)
    return whole


def _chosen(frame: pd.DataFrame) -> dict[str, int]:
    known = frame[frame["dev_mean"].notna()]
    return {str(name): int(part["dev_mean"].idxmax()) for name, part in known.groupby("dataset")}


def _to_chosen(
    means: "pd.Series[float]",
    places: Sequence[tuple[int, int] | None],
    benches: Sequence[Bench],
    index: int,
    best: int | None,
) -> dict[str, float]:
    nothing = {"difference": _NAN, "difference_low": _NAN, "difference_high": _NAN}
    if best is None or index == best:
        return {"chosen": float(index == best), **nothing}
    ours, theirs = places[index], places[best]
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return {"chosen": 0.0, **nothing, "difference": float(means[index] - means[best])}
    contrast = benches[ours[0]].drawn.contrast({ours[1]: 1.0, theirs[1]: -1.0})
    interval = contrast.interval if np.isfinite(contrast.observed) else Interval(_NAN, _NAN)
    ends = {"difference_low": interval.low, "difference_high": interval.high}
    return {"chosen": 0.0, "difference": contrast.observed, **ends}
