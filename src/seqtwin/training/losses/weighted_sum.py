"""LOSSES: all losses of pairs by name, and `sum`, which adds several of them with weights."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from seqtwin.lookup import pick, split_spec
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Dimension, Loss, Settings, Similarity
from seqtwin.training.losses.batchwise import BATCHWISE
from seqtwin.training.losses.margin import Number
from seqtwin.training.losses.pairwise import PAIRWISE
from seqtwin.training.losses.pml import Pml

MARGIN = ("margin", "auto", "k")  # the settings of a margin


class Sum(Loss):
    """Adds several losses of the same batch: `{name: sum, parts: [mse, {name: in_batch}], weights: [1, 0.5]}`.

    Formula: weight_1 loss_1 + weight_2 loss_2 + ... Each part uses the pairs that it uses alone: mse every pair with
    its target, in_batch the positives only. A part without anything to train in a batch adds 0; a batch is counted in
    `silent_batches` if that is so for all parts. `weights`: one number for each part, by default 1.

    Raises: ValueError for fewer than two parts, for equal parts, for a sum as a part, and for wrong weights;
    ConfigError for a part that does not fit the vectors.

    >>> import torch
    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Sum(space, 0.5, cosine, parts=["mse", "in_batch"], weights=[1, 10])(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.2785)
    """

    needs_only_same = False  # it depends on the parts, see `parts_of`
    needs_cut = True
    tuning: ClassVar[Mapping[str, Dimension]] = {}  # a key of a config does not reach into a list of parts

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        parts: object,
        weights: object = None,
    ) -> None:
        super().__init__(space, cut, similarity)
        specs = _checked_parts(parts)
        self.names = [split_spec(spec)[0] for spec in specs]
        self.weights = [1] * len(specs) if weights is None else _checked_weights(weights, self.names)
        self.parts = nn.ModuleList(pick(LOSSES, spec, "loss", space, cut, similarity) for spec in specs)

    @property
    def losses(self) -> list[Loss]:
        """The parts, in the order of the config."""
        return [part for part in self.parts if isinstance(part, Loss)]

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch; silent where all its parts are."""
        silent = [part.silent_batches for part in self.losses]
        values = [weight * part(compared, target) for weight, part in zip(self.weights, self.losses, strict=True)]
        more = [part.silent_batches > before for part, before in zip(self.losses, silent, strict=True)]
        self.silent_batches += all(more)
        return sum(values[1:], values[0])

    def calibrate(self, compared: Compared, target: Tensor) -> None:
        """Set what the parts take from the data. Raises: ConfigError, as each part does."""
        for part in self.losses:
            part.calibrate(compared, target)

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        terms = zip(self.weights, self.losses, strict=True)
        return " + ".join(f"{weight:g} x [{part.formula}]" for weight, part in terms)

    @property
    def settings(self) -> Settings:
        """Name, weight and settings of every part; beside them the first margin, as a loss of its own has it."""
        described = list(zip(self.names, self.weights, (part.settings for part in self.losses), strict=True))
        margin = next((own for _, _, own in described if "margin" in own), {})
        parts = [
            {"name": name, "weight": weight, **{key: own[key] for key in own if own is not margin or key not in MARGIN}}
            for name, weight, own in described
        ]
        return {"parts": parts, **{key: margin[key] for key in MARGIN if key in margin}}

    def plateau(self, target: Tensor) -> None:
        """None: the parts have their least losses at different vectors."""


def parts_of(spec: object) -> list[object]:
    """The parts of a sum; of any other loss a list of the loss itself.

    >>> parts_of({"name": "sum", "parts": ["mse", "in_batch"]}), parts_of("mse")
    (['mse', 'in_batch'], ['mse'])
    """
    name, options = split_spec(spec)
    parts = options.get("parts")
    return list(parts) if name == "sum" and isinstance(parts, list) else [spec]


def _checked_parts(parts: object) -> list[object]:
    if not isinstance(parts, list) or len(parts) < 2:
        raise ValueError(f"parts: expected a list of at least two losses, got {parts!r}")
    specs = [split_spec(part) for part in parts]
    if any(name == "sum" for name, _ in specs):
        raise ValueError("parts: a sum cannot be a part of a sum; list all losses in one")
    twice = next((spec for i, spec in enumerate(specs) if spec in specs[:i]), None)
    if twice is not None:
        raise ValueError(f"parts: {twice[0]} is listed twice with the same options; give it a larger weight instead")
    return parts


def _checked_weights(weights: object, names: Sequence[str]) -> list[Number]:
    if not isinstance(weights, list | tuple) or len(weights) != len(names):
        raise ValueError(f"weights: expected one number for each of {', '.join(names)}, got {weights!r}")
    for weight in weights:
        if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight < math.inf:
            raise ValueError(f"weights: expected numbers > 0, got {weight!r}; remove a part that should not count")
    return list(weights)


LOSSES: dict[str, type[Loss]] = {**PAIRWISE, **BATCHWISE, "pml": Pml, "sum": Sum}
