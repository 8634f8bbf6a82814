"""The course of a training, read from the loss of every step: its trace, its plateau, when it left it."""

from collections.abc import Sequence

import numpy as np

TRACE_ROWS = 200
LEFT = 0.9
# share of the steps that the running mean looks back on, and at least so many steps
LOOK_BACK = 0.02
FEWEST = 10


def trace(losses: Sequence[float], rows: int = TRACE_ROWS) -> list[tuple[int, float]]:
    """Mean loss of equal windows of steps, at most `rows` of them: (last step of the window, mean).

    The last window may be shorter.

    >>> trace([4.0, 2.0, 1.0], rows=2)
    [(2, 3.0), (3, 1.0)]
    """
    size = max(1, -(-len(losses) // rows))
    windows = [losses[i : i + size] for i in range(0, len(losses), size)]
    ends = [min(i + size, len(losses)) for i in range(0, len(losses), size)]
    return [(end, float(np.mean(window))) for end, window in zip(ends, windows, strict=True)]


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """The running mean over the last 2 % of the steps (at least 10) at every step that has so many behind it.

    >>> smoothed([1.0] * 9 + [11.0, 1.0]).tolist()
    [2.0, 2.0]
    """
    width = min(len(losses), max(FEWEST, round(LOOK_BACK * len(losses))))
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(losses, dtype=np.float64))])
    return np.asarray((sums[width:] - sums[:-width]) / width) if width else np.zeros(0)


def plateau_facts(losses: Sequence[float], plateau: float | None, budget: int) -> dict[str, float | None]:
    """Where the loss ended and when it left its plateau. `budget`: the steps of a training that is not stopped early.

    `plateau_ratio` = last smoothed loss / plateau; `left_plateau_step` = first step whose smoothed loss is below
    .9 plateau (None = never, then `stuck` is 1). All None where there is no plateau.

    >>> plateau_facts([1.0] * 10 + [0.0] * 10, plateau=0.5, budget=40)["left_plateau_share"]
    0.4
    """
    names = ("plateau_ratio", "left_plateau_step", "left_plateau_share", "stuck")
    if plateau is None or not plateau > 0 or not losses:
        return dict.fromkeys(names)
    running = smoothed(losses)
    below = np.flatnonzero(running < LEFT * plateau)
    step = int(below[0]) + 1 + len(losses) - len(running) if len(below) else None
    share = None if step is None else step / budget
    found = (float(running[-1]) / plateau, step, share, float(step is None))
    return dict(zip(names, found, strict=True))
