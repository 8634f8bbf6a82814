"""The margin of a loss: a number that vectors of the space can reach, or `auto`."""

import logging

import torch
from torch import Tensor, nn

from seqtwin.errors import ConfigError
from seqtwin.model.distances import DISTANCES, Distance
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared

log = logging.getLogger(__name__)

# a config may say 1 for 1.0
Number = float | int


class Margin(nn.Module):
    """The distance that a loss keeps between different pairs: a number, or `auto`, set by `calibrate` before step 1.

    auto = k * median distance of the negatives in a sample of untrained training pairs. It is at most the distance
    that many groups can keep from each other (sqrt(2) radius; cosine: 1). The number is a buffer, which is saved with
    the weights.

    Raises: ValueError for a margin that is not positive, or beyond the largest distance of the space.

    >>> space = VectorSpace(dim=4, bound=1.0, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> Margin(0.5, 1.0, "cosine", space).number
    0.5
    """

    value: Tensor

    def __init__(self, margin: Number | str, k: Number, distance: str, space: VectorSpace) -> None:
        super().__init__()
        self.k = k
        self.distance: Distance = DISTANCES[distance]
        self.crowd = self.distance.crowd(space)
        self.auto = margin == "auto"
        if self.auto:
            _refuse_bad_share(k)
        else:
            _refuse_unreachable(margin, distance, space)
        self.register_buffer("value", torch.tensor(float("nan") if self.auto else float(margin)))

    @property
    def number(self) -> float | None:
        """The margin as a number; None while `auto` is not calibrated."""
        # float32 has 7 digits; rounding gives back the number of the config
        return None if bool(self.value.isnan()) else float(f"{float(self.value):.6g}")

    @property
    def shown(self) -> str:
        """The margin as a formula prints it."""
        return "auto" if self.number is None else f"{self.number:g}"

    def calibrate(self, compared: Compared, different: Tensor) -> None:
        """Set an `auto` margin from the negatives of a sample.

        Raises: ConfigError when there are none, or all are at distance 0.
        """
        if not self.auto:
            return
        with torch.no_grad():
            distances = self.distance.between(compared.left, compared.right)[different].double()
        if not len(distances):
            raise _no_margin("the sample of training pairs contains no different pair")
        margin = min(self.k * float(distances.quantile(0.5)), self.crowd)
        if not margin > 1e-5:
            raise _no_margin(f"the untrained vectors of different pairs coincide (median distance {margin / self.k:g})")
        self.value.fill_(float(f"{margin:.6g}"))

    def forward(self) -> Tensor:
        """The margin as a scalar tensor.

        Raises: RuntimeError when `auto` is not calibrated.
        """
        if self.auto and bool(self.value.isnan()):
            raise RuntimeError("margin: auto is not set yet; call calibrate(compared, target) before the first step")
        return self.value


def _no_margin(why: str) -> ConfigError:
    return ConfigError("MARGIN_AUTO", f"margin: auto cannot be computed: {why}", remedy="set the margin as a number")


def _refuse_bad_share(k: Number) -> None:
    if not k > 0:
        raise ValueError(f"k: expected a number > 0, got {k}")


def _refuse_unreachable(margin: Number | str, distance: str, space: VectorSpace) -> None:
    if isinstance(margin, (str, bool)) or not margin > 0:
        raise ValueError(f"margin: expected a number > 0 or 'auto', got {margin!r}")
    reach, crowd = DISTANCES[distance].reach(space), DISTANCES[distance].crowd(space)
    if margin > reach:
        raise ValueError(
            f"margin {margin:g} cannot be reached: the {distance} distance of two vectors of this space is at most "
            f"{reach:g}; choose a margin up to {crowd:g}, or auto"
        )
    if margin > crowd:
        log.warning(
            "margin %g is above %g, the largest %s distance that many groups can all keep from each other: "
            "some negatives cannot reach it",
            *(margin, crowd, distance),
        )
