"""How much memory a training takes, estimated from its sizes before anything is built."""

from dataclasses import dataclass

from seqtwin.guards.largest import TRAINED_BYTES, not_enough_memory

NUMBER = 4  # bytes
# numbers per unit and step that the gradient needs: gates and states
KEPT_BY_CELL = {"lstm": 7, "gru": 5, "rnn": 2, "none": 1}
LEAST_KEPT = 1  # of another cell
WORTH_SAYING = 1 << 30  # bytes


@dataclass(frozen=True)
class TrainingSizes:
    """The sizes of a training. `size`: of the vocabulary, or the channels of series; `sequences`: in a batch, `steps`:
    of the longest one; `compared`: pairs of a batch that are all compared with each other."""

    size: int
    embedding: int
    cell: str
    hidden: int
    layers: int
    directions: int
    sequences: int
    steps: int
    compared: int = 0


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes, at least. `weights`: with their gradients and the averages of the optimizer; `batch`: the states of one
    batch that the gradient needs."""

    weights: int
    batch: int

    @property
    def line(self) -> str:
        """The estimate as a sentence; empty where it is small."""
        whole = self.weights + self.batch
        if whole < WORTH_SAYING:
            return ""
        return (
            f"training needs at least {whole / 2**30:.1f} GiB of memory: {self.weights / 2**30:.1f} for the weights, "
            f"{self.batch / 2**30:.1f} for a batch"
        )

    def check(self, have: int) -> None:
        """Raises: ResourceError if there is less memory."""
        if self.weights + self.batch <= have:
            return
        if self.weights >= self.batch:
            remedy = "choose smaller widths, fewer layers or a smaller vocabulary"
            raise not_enough_memory(self.weights + self.batch, have, "training these weights", "encoder", remedy)
        remedy = "lower fit.batch, tokens.max_length or encoder.hidden"
        raise not_enough_memory(self.weights + self.batch, have, "a training with this batch", "fit.batch", remedy)


def estimate_memory(sizes: TrainingSizes) -> TrainingMemory:
    """The memory of a training.

    >>> estimate_memory(TrainingSizes(1000, 32, "lstm", 64, 1, 2, sequences=128, steps=20))
    TrainingMemory(weights=1314816, batch=9502720)
    """
    gates = {"lstm": 4, "gru": 3, "rnn": 1}.get(sizes.cell, 0)
    wide = sizes.hidden * sizes.directions
    inputs = [sizes.embedding, *[wide] * (sizes.layers - 1)]
    recurrent = sum(sizes.directions * gates * sizes.hidden * (width + sizes.hidden + 2) for width in inputs)
    states = sizes.layers * wide * KEPT_BY_CELL.get(sizes.cell, LEAST_KEPT)
    batch = NUMBER * (sizes.sequences * sizes.steps * (sizes.embedding + states) + sizes.compared**2)
    return TrainingMemory(TRAINED_BYTES * (sizes.size * sizes.embedding + recurrent), batch)
