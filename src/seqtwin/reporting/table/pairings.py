"""One row per pairing: what its seeds measured, the interval of their mean, the distance to the chosen pairing.

Intervals come from the one bootstrap of the study (`judging.Bench`), as those of the analysis do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.statistics import WEIGHTED, Interval
from seqtwin.reporting.table.bootstrap import Bench
from seqtwin.reporting.table.planned_cells import Gathered, Pairing
from seqtwin.reporting.table.slices import Sliced, pad_slope

STUCK = 0.95
STATES = ("finished", "failed", "diverged", "collapsed", "oom")
_NAN = float("nan")
_MEANS = (
    "seconds_train", "parameters", "dim", "train_pairs_per_second", "encode_texts_per_second",
    "threshold", "final_loss", "plateau", "epochs",
)  # fmt: skip
_SHARED = ("tuned_trials", "tuned_value", "untuned_value", "edge", "changes")
_ALWAYS = (
    "dataset", "primary", "planned", *STATES, "dev_mean", "mean", "sd", "min", "max", "untrained_mean", "letters",
    "low", "high", "interval", "chosen", "difference", "difference_low", "difference_high", "on_plateau",
    "batch_deviation",
)  # fmt: skip

Parts = Sequence[tuple[Bench, Sequence[Sliced]]]


def pairing_rows(found: Gathered, parts: Parts, letters: Mapping[tuple[str, ...], str]) -> pd.DataFrame:
    """The pairings frame. `parts`: benches and their slices; `letters`: tie letters by the labels of a pairing."""
    planned = len(found.study.get("seeds", []))
    pairings, rows = list(found.pairings()), []
    for pairing in pairings:
        own = tuple(pairing.labels.values())
        row = _summary(pairing, planned) | {"letters": letters.get(own, "")}
        rows.append(row | _interval(pairing, parts, row, found.nouns) | _slope(pairing, parts))
    if not rows:
        return pd.DataFrame(columns=[*found.keys, *_ALWAYS])
    return _with_differences(pd.DataFrame(rows), pairings, [bench for bench, _ in parts])


def _first(values: "pd.Series[Any]") -> Any:
    known = [value for value in values.dropna() if value != ""]
    return known[0] if known else None


def _mean(part: pd.DataFrame, column: str) -> float:
    return float(part[column].astype(float).mean()) if column in part and len(part) else _NAN


def _summary(pairing: Pairing, planned: int) -> dict[str, Any]:
    part = pairing.rows
    done, primary = part[part["status"] == "finished"], _first(part["primary"]) or ""
    counts = {state: int((part["status"] == state).sum()) for state in STATES}
    row: dict[str, Any] = {**pairing.labels, "dataset": _first(part["dataset"]) or "", "primary": primary}
    row |= {"planned": max(planned, len(part)), **counts, "dev_mean": _mean(done, f"dev_{primary}")}
    known = f"test_{primary}" in done
    test = done[f"test_{primary}"].astype(float) if known else pd.Series(dtype=float)
    row |= {"mean": test.mean(), "sd": test.std(ddof=1), "min": test.min(), "max": test.max()}
    row |= {"untrained_mean": _mean(done, f"untrained_{primary}")}
    means = [str(name) for name in part if str(name).startswith("retrieval_")]
    means += [*_MEANS, *(str(name) for name in part if str(name).startswith("diag_"))]
    row |= {f"{name}_mean": _mean(done, name) for name in means}
    row |= {name: _first(part[name]) for name in _SHARED}
    stuck = done["final_loss"].astype(float) > STUCK * done["plateau"].astype(float)
    return row | {"on_plateau": int(stuck.sum()), "batch_deviation": done["batch_deviation"].astype(float).max()}


def _where(pairing: Pairing, benches: Sequence[Bench]) -> tuple[int, int] | None:
    """The place of its bench, and its own place there."""
    places = ((index, bench.place(pairing.labels)) for index, bench in enumerate(benches))
    return next(((index, place) for index, place in places if place is not None), None)


def _interval(pairing: Pairing, parts: Parts, row: Mapping[str, Any], nouns: Nouns) -> dict[str, Any]:
    where = _where(pairing, [bench for bench, _ in parts])
    if where is None or not row["finished"] or row["primary"] not in WEIGHTED:
        reason = "no finished seed" if not row["finished"] else "not computed for this metric"
        return {"low": _NAN, "high": _NAN, "interval": f"refused: {reason}"}
    found = parts[where[0]][0].drawn.contrast({where[1]: 1.0}).interval
    kind = nouns.both if row["finished"] > 1 else nouns.alone
    return {"low": found.low, "high": found.high, "interval": f"refused: {found.refused}" if found.refused else kind}


def _slope(pairing: Pairing, parts: Parts) -> dict[str, float]:
    where = _where(pairing, [bench for bench, _ in parts])
    slope, found = (_NAN, Interval(_NAN, _NAN)) if where is None else pad_slope(parts[where[0]][1], where[1])
    return {"pad_slope": slope, "pad_slope_low": found.low, "pad_slope_high": found.high}


def _with_differences(frame: pd.DataFrame, pairings: Sequence[Pairing], benches: Sequence[Bench]) -> pd.DataFrame:
    """Mark the pairing with the highest dev mean of each data set; others get their paired difference to it."""
    chosen = _chosen(frame)
    places = [_where(pairing, benches) for pairing in pairings]
    rows = [_to_chosen(frame["mean"], places, benches, i, chosen.get(d)) for i, d in enumerate(frame["dataset"])]
    joined: pd.DataFrame = pd.concat([frame, pd.DataFrame(rows, index=frame.index)], axis=1)
    return joined


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
    found = benches[ours[0]].drawn.contrast({ours[1]: 1.0, theirs[1]: -1.0})
    reach = found.interval if np.isfinite(found.observed) else Interval(_NAN, _NAN)
    return {"chosen": 0.0, "difference": found.observed, "difference_low": reach.low, "difference_high": reach.high}
