"""Gaps in series: values that are missing and steps that are left out, reported or filled.

A step is missing where time rises by one size at nearly all steps of a file, and at this one by a multiple of it. Jumps
that recur and leave out the same two steps or more each time (weekends) are a calendar, and nothing is missing. Filled
values are `interpolate` (on a line over time between the known values before and after) or `carry` (the last known
value). Nothing is made up before the first known value, nor by `interpolate` after the last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOSTLY = 0.8  # more than this share of the steps must be of one size
OFTEN = 0.1  # jumps of one size that are more than this share of the steps belong to a calendar
NEAR = 0.01  # of a step
LONGEST = 10_000  # steps that one gap may lack


@dataclass(frozen=True)
class Rhythm:
    """The usual size of a step of time in a file; 0 where there is none. `least`, `most`: the range of the steps."""

    size: float
    least: float
    most: float

    def missing(self, step: float) -> int:
        """How many steps a step of time leaves out.

        >>> Rhythm(2, 2, 8).missing(6), Rhythm(2, 2, 8).missing(3), Rhythm(0, 1, 9).missing(9)
        (2, 0, 0)
        """
        if not self.size:
            return 0
        ratio = step / self.size
        return round(ratio) - 1 if ratio > 1 and abs(ratio - round(ratio)) < NEAR else 0


def rhythm_of(times: Sequence[np.ndarray]) -> Rhythm:
    """The rhythm of the times of all series, each Float[steps].

    >>> rhythm_of([np.array([0.0, 1, 2, 3, 4, 5, 7])]), rhythm_of([np.array([0.0, 1, 5])]).size
    (Rhythm(size=1.0, least=1.0, most=2.0), 0.0)
    """
    steps = np.concatenate([np.diff(one) for one in times]) if times else np.zeros(0)
    steps = np.sort(steps[np.isfinite(steps) & (steps > 0)])
    if not len(steps):
        return Rhythm(0.0, 0.0, 0.0)
    usual = float(steps[(len(steps) - 1) // 2])
    near = np.abs(steps / usual - 1) < NEAR
    steady = near.mean() > MOSTLY and not _recurs(steps[~near] / usual, len(steps))
    return Rhythm(usual if steady else 0.0, float(steps[0]), float(steps[-1]))


def _recurs(jumps: np.ndarray, steps: int) -> bool:
    """Whether the jumps, as multiples of a step, are those of a calendar."""
    if not max(1, OFTEN * steps) < len(jumps):
        return False
    return bool(jumps[0] > 2 + NEAR and np.ptp(jumps) < NEAR)


@dataclass(frozen=True)
class Filled:
    """Values Float[steps channels] without gaps as far as they could be filled; how many values and steps were.

    `open`: the steps and channels whose gaps stay.
    """

    values: np.ndarray
    cells: int
    steps: int
    open: list[tuple[int, int]]


def filled(times: np.ndarray, values: np.ndarray, missing: Sequence[int], how: str) -> Filled:
    """The values with so many steps put in behind each step, and every gap (NaN) filled.

    >>> filled(np.array([0.0, 2.0]), np.array([[1.0], [5.0]]), [1, 0], "interpolate").values.ravel()
    array([1., 3., 5.])
    """
    places = np.arange(len(times)) + np.concatenate([[0], np.cumsum(missing[:-1])]).astype(np.int64)
    total = int(places[-1]) + 1
    grid = np.full((total, values.shape[1]), np.nan)
    grid[places] = values
    cells = int(np.isnan(values).sum())
    when = np.interp(np.arange(total), places, times)
    whole = np.stack([FILLERS[how](when, channel) for channel in grid.T], axis=1)
    back = {int(place): step for step, place in enumerate(places)}
    left = [(back.get(int(step), 0), int(channel)) for step, channel in np.argwhere(np.isnan(whole))]
    return Filled(whole, cells, total - len(times), left)


def _interpolated(times: np.ndarray, channel: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(~np.isnan(channel))
    if not len(known):
        return channel
    inner = slice(known[0], known[-1] + 1)
    found = channel.copy()
    found[inner] = np.interp(times[inner], times[known], channel[known])
    return found


def _carried(_times: np.ndarray, channel: np.ndarray) -> np.ndarray:
    last = np.maximum.accumulate(np.where(np.isnan(channel), -1, np.arange(len(channel))))
    return np.where(last >= 0, channel[last], np.nan)


FILLERS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "interpolate": _interpolated,
    "carry": _carried,
}
UNFILLED = {
    "interpolate": "a value is missing and none is known before or after it: interpolate cannot fill it",
    "carry": "a value is missing and none is known before it: carry cannot fill it",
}
