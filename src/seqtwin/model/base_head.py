"""The contract of a head: the outputs of an encoder that is not trained on pairs."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences

Predicts = Literal["class", "class per step", "text"]
# probabilities of classes, [sequences classes] or [steps classes]; or the generated token ids of each sequence
Answers = Tensor | list[npt.NDArray[np.int64]]


class Head(nn.Module, ABC):
    """`head(model, batch)` returns logits, one row per entry of `batch.target`.

    `predicts`: the kind of its predictions, by which a trained encoder is used and evaluated.
    """

    predicts: ClassVar[Predicts]

    @abstractmethod
    def predict(self, model: Siamese, sequences: Sequences) -> Answers:
        """The predictions for these sequences."""
