"""Missing values and steps of series: found, and filled.

Steps are missing if time increases by the same amount at nearly all steps of a file, but by a multiple of it at this
one. Regular jumps of the same size over two or more steps, such as weekends, are a calendar, and nothing is missing.
`interpolate` fills a gap linearly between the values before and after it, `carry` with the last value. No method fills
a gap before the first value, and `interpolate` fills none after the last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOSTLY = 0.8  # more than this share of the steps must have the same size
OFTEN = 0.1  # jumps of one size are a calendar if they are more than this share of the steps
NEAR = 0.01  # tolerance, as a share of a step
LONGEST = 10_000  # most missing steps in one gap


@dataclass(frozen=True)
class Rhythm:
    """The usual time step of a file, 0 if there is none. `least`, `most`: the smallest and largest step."""

    size: float
    least: float
    most: float

    def missing(self, step: float) -> int:
        """The number of missing steps in a time step.

        >>> Rhythm(2, 2, 8).missing(6), Rhythm(2, 2, 8).missing(3), Rhythm(0, 1, 9).missing(9)
        (2, 0, 0)
        """
        if not self.size:
            return 0
        ratio = step / self.size
        return round(ratio) - 1 if ratio > 1 and abs(ratio - round(ratio)) < NEAR else 0


def rhythm_of(times: Sequence[np.ndarray]) -> Rhythm:
    """The rhythm of all series. `times`: one Float[steps] per series.

    >>> rhythm_of([np.array([0.0, 1, 2, 3, 4, 5, 7])]), rhythm_of([np.array([0.0, 1, 5])]).size
    (Rhythm(size=1.0, least=1.0, most=2.0), 0.0)
    """
    steps = np.concatenate([np.diff(series) for series in times]) if times else np.zeros(0)
    steps = np.sort(steps[np.isfinite(steps) & (steps > 0)])
    if not len(steps):
        return Rhythm(0.0, 0.0, 0.0)
    usual = float(steps[(len(steps) - 1) // 2])
    near = np.abs(steps / usual - 1) < NEAR
    steady = near.mean() > MOSTLY and not _recurs(steps[~near] / usual, len(steps))
    return Rhythm(usual if steady else 0.0, float(steps[0]), float(steps[-1]))


def _recurs(jumps: np.ndarray, steps: int) -> bool:
    """Whether the jumps (in multiples of the usual step) are a calendar."""
    if not max(1, OFTEN * steps) < len(jumps):
        return False
    return bool(jumps[0] > 2 + NEAR and np.ptp(jumps) < NEAR)


@dataclass(frozen=True)
class Filled:
    """A series with filled gaps: Float[steps channels].

    `cells`, `steps`: numbers of filled values and steps; `open`: steps and channels of the gaps that remain.
    """

    values: np.ndarray
    cells: int
    steps: int
    open: list[tuple[int, int]]


def filled(times: np.ndarray, values: np.ndarray, missing: Sequence[int], how: str) -> Filled:
    """A series with missing steps inserted and gaps (NaN) filled. `missing`: number of missing steps after each step.

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
    whole = channel.copy()
    whole[inner] = np.interp(times[inner], times[known], channel[known])
    return whole


def _carried(_times: np.ndarray, channel: np.ndarray) -> np.ndarray:
    last = np.maximum.accumulate(np.where(np.isnan(channel), -1, np.arange(len(channel))))
    return np.where(last >= 0, channel[last], np.nan)


FILLERS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "interpolate": _interpolated,
    "carry": _carried,
}
UNFILLED = {
    "interpolate": "interpolate cannot fill this missing value: it needs a value before and after it",
    "carry": "carry cannot fill this missing value: it needs a value before it",
}
