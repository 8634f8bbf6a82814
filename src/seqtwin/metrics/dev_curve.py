"""The end of a learning curve: whether the metric on dev was still rising when training ended."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

LEAST_RISE = 0.005
"""A smaller gain in the last quarter of the epochs does not matter. Measured on place names and digits, six epochs more
add one to four times that gain: from .005 on, about .01, the smallest difference that a report calls a difference."""

_CONFIDENCE = 0.95
_FEWEST = 3  # epochs that a line and its scatter can be estimated from
_ASSUMED_NOISE = 0.01  # standard deviation between epochs where there are fewer


def curve_facts(dev: Sequence[float]) -> dict[str, float]:
    """How a curve ends. `dev`: the metric on dev before training and after each epoch, higher is better.

    `dev_rise` = gain in the last quarter of the epochs, from a least-squares line through the last half of them (at
    least four epochs where there are so many); `dev_rise_low` = the lower end of its one-sided 95 % interval (t);
    `dev_best_share` = the best epoch / all epochs. With one or two epochs the gain is that of the last one, and .01 is
    assumed as the noise. `dev_start` = the metric before training, `dev_best` = that of the best epoch, `dev_epochs` =
    the number of epochs. Empty for a curve without epochs or with undefined values.

    >>> facts = curve_facts([0.5, 0.6, 0.7, 0.8, 0.9])
    >>> round(facts["dev_rise"], 3), facts["dev_best_share"]
    (0.1, 1.0)
    """
    values = np.asarray(dev, dtype=np.float64)
    epochs = len(values) - 1
    if epochs < 1 or not np.isfinite(values).all():
        return {}
    rise, low = _last_gain(values) if epochs < _FEWEST else _fitted_gain(values[1:])
    best = int(np.argmax(values[1:])) + 1
    ends = {"dev_start": float(values[0]), "dev_best": float(values[best]), "dev_epochs": float(epochs)}
    return {"dev_rise": rise, "dev_rise_low": low, "dev_best_share": best / epochs, **ends}


def _last_gain(values: np.ndarray) -> tuple[float, float]:
    gain = float(values[-1] - values[-2])
    noise = math.sqrt(2) * _ASSUMED_NOISE
    return gain, gain - float(stdtrit(math.inf, _CONFIDENCE)) * noise


def _fitted_gain(values: np.ndarray) -> tuple[float, float]:
    """The gain in a quarter of the epochs along a line through the last of them, and its lower end."""
    used = max(min(len(values), 4), -(-len(values) // 2))
    centred = np.arange(used) - (used - 1) / 2
    last = values[-used:]
    slope = float(centred @ last / (centred @ centred))
    rest = last - last.mean() - slope * centred
    error = math.sqrt(float(rest @ rest) / (used - 2) / float(centred @ centred))
    low = slope - float(stdtrit(used - 2, _CONFIDENCE)) * error
    quarter = len(values) / 4
    return quarter * slope, quarter * low
