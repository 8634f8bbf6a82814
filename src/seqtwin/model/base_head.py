"""The contract of a head: the outputs of an encoder that is not trained on pairs."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences

# probabilities of classes, [sequences classes] or [steps classes]; or the generated token ids of each sequence
Answers = Tensor | list[npt.NDArray[np.int64]]


class Head(nn.Module, ABC):
    """`head(model, batch)` returns logits, one row per entry of `batch.target`."""

    @abstractmethod
    def predict(self, model: Siamese, sequences: Sequences) -> Answers:
        """The predictions for these sequences."""
