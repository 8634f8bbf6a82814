"""HEAD_LOSSES: the losses of logits. There is one, `loss: {name: cross_entropy}`, with its options."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CrossEntropy(nn.Module):
    """Mean of -log softmax(logits)[class] over the labels of a batch.

    With smoothing e: (1 - e) times that, plus e times the mean over all classes.

    Source: Szegedy et al. 2016 (label smoothing).

    >>> round(float(CrossEntropy()(torch.zeros(1, 4), torch.tensor([2]))), 4)
    1.3863
    """

    name = "cross_entropy"

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing: expected a number from 0 to below 1, got {smoothing}")
        self.smoothing = smoothing
        self.silent_batches = 0  # always 0: every label trains

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        # a loss in bfloat16 would have only two digits
        exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return nn.functional.cross_entropy(exact, target, label_smoothing=self.smoothing)

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        plain = "mean of -log softmax(logits)[class]"
        return f"{1 - self.smoothing:g} x {plain} + {self.smoothing:g} x mean over classes" if self.smoothing else plain

    @property
    def settings(self) -> dict[str, object]:
        """Every setting, as JSON values."""
        return {"smoothing": self.smoothing}

    def plateau_of(self, batches: Sequence[Tensor]) -> float | None:
        """The loss of a head that always predicts the shares of the classes, which is their entropy.

        None if there is only one class, and with smoothing: the loss then depends on classes that never occur.

        >>> CrossEntropy().plateau_of([torch.tensor([0, 1])])
        0.6931471805599453
        """
        if self.smoothing:
            return None
        counts = torch.unique(torch.cat(list(batches)), return_counts=True)[1].double()
        share = counts / counts.sum()
        entropy = float(-(share * share.log()).sum())
        return entropy or None


HEAD_LOSSES: dict[str, type[CrossEntropy]] = {"cross_entropy": CrossEntropy}
