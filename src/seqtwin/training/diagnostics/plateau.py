"""The loss curve of a training: its trace, its plateau, and the step at which it left the plateau."""

from collections.abc import Sequence

import numpy as np

TRACE_ROWS = 200
LEFT = 0.9
# the running mean covers this share of the steps, and at least this number
LOOK_BACK = 0.02
FEWEST = 10


def trace(losses: Sequence[float], rows: int = TRACE_ROWS) -> list[tuple[int, float]]:
    """The mean loss of at most `rows` windows of equal size: (last step of the window, mean).

    The last window can be shorter.

    >>> trace([4.0, 2.0, 1.0], rows=2)
    [(2, 3.0), (3, 1.0)]
    """
    size = max(1, -(-len(losses) // rows))
    windows = [losses[i : i + size] for i in range(0, len(losses), size)]
    ends = [min(i + size, len(losses)) for i in range(0, len(losses), size)]
    return [(end, float(np.mean(window))) for end, window in zip(ends, windows, strict=True)]


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """The running mean over the last 2 % of the steps (at least 10), at every step with enough steps before it.

    >>> smoothed([1.0] * 9 + [11.0, 1.0]).tolist()
    [2.0, 2.0]
    """
    width = min(len(losses), max(FEWEST, round(LOOK_BACK * len(losses))))
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(losses, dtype=np.float64))])
    return np.asarray((sums[width:] - sums[:-width]) / width) if width else np.zeros(0)


def plateau_facts(losses: Sequence[float], plateau: float | None, budget: int) -> dict[str, float | None]:
    """The last loss, and when the loss left its plateau. `budget`: the steps of a training that is not stopped early.

    `plateau_ratio` = last smoothed loss / plateau. `left_plateau_step` = first step whose smoothed loss is below
    .9 plateau; None if there is none, and `stuck` is then 1. All are None without a plateau.

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
    values = (float(running[-1]) / plateau, step, share, float(step is None))
    return dict(zip(names, values, strict=True))
