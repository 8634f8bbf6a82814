"""Every combination of layers and directions that vectors can leave out is named with the state that leaves it out."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import seqtwin
from seqtwin.conformance.layer_use import BOTH_ENDS, LayerUse

LAST = "use h_n[-1], the final state of the last layer"


class Stack(nn.Module):
    """The final states of a layer, by a function of h_n or, with `output`, of the output."""

    def __init__(self, pool: Any, layers: int, both: bool, *, output: bool = False, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = nn.LSTM(3, 4, layers, bidirectional=both, **{"batch_first": True, **options})
        self.pool, self.output = pool, output

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        rows = nn.utils.rnn.pack_padded_sequence(x, lengths, self.rnn.batch_first, enforce_sorted=False)
        output, (h_n, _) = self.rnn(rows)
        padded, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=self.rnn.batch_first)
        return self.pool(padded if self.output else h_n)


def fault(module: nn.Module) -> tuple[str, str]:
    result = seqtwin.check_reading(module, raise_error=False)[-1]
    return ("", "") if result.passed else (result.found, result.remedy)


@pytest.mark.parametrize(
    ("layers", "both", "rows", "found", "fix"),
    [
        (1, False, [0], "", ""),
        (2, False, [1], "", ""),
        (2, False, [0, 1], "", ""),
        (2, False, [0], "rnn layer 2 is not used, as with h_n[0], the final state of layer 1", LAST),
        (3, False, [0], "rnn layer 2 and layer 3 are not used, as with h_n[0], the final state of layer 1", LAST),
        (3, False, [0, 1], "rnn layer 3 is not used, as with h_n[1], the final state of layer 2", LAST),
        (1, True, [0, 1], "", ""),
        (2, True, [2, 3], "", ""),
        (1, True, [0], "layer 1, backward direction is not used, as with h_n[0], the forward direction", BOTH_ENDS),
        (1, True, [1], "layer 1, forward direction is not used, as with h_n[1], the backward direction", BOTH_ENDS),
        (2, True, [2], "layer 2, backward direction is not used, as with h_n[-2], the forward direction", BOTH_ENDS),
        (2, True, [3], "layer 2, forward direction is not used, as with h_n[-1], the backward direction", BOTH_ENDS),
        (2, True, [0, 1], "layer 2 is not used, as with h_n[0] and h_n[1], the final states of layer 1", BOTH_ENDS),
        (2, True, [0], "layer 1, backward direction and layer 2 are not used, as with h_n[0], the forward", BOTH_ENDS),
        (2, True, [1], "layer 1, forward direction and layer 2 are not used, as with h_n[1], the backward", BOTH_ENDS),
        (3, True, [3], "layer 2, forward direction and layer 3 are not used, as with h_n[3], the backward", BOTH_ENDS),
    ],
)
def test_what_some_final_states_leave_out(layers: int, both: bool, rows: list[int], found: str, fix: str) -> None:
    said, remedy = fault(Stack(lambda h_n: torch.cat([h_n[row] for row in rows], 1), layers, both))
    assert found in said
    assert bool(found) == bool(said)
    assert remedy == fix


def test_one_step_of_one_direction_and_of_two() -> None:
    found, fix = fault(Stack(lambda output: output[:, 0], 2, both=False, output=True))
    assert "rnn layer 1 made one step only, as with output[:, 0]" in found
    assert fix == f"{LAST}, or output[torch.arange(len(lengths)), lengths - 1]"
    found, fix = fault(Stack(lambda output: output[0], 1, both=False, output=True, batch_first=False))
    assert "as with output[0]" in found
    assert "output[lengths - 1, torch.arange(len(lengths))]" in fix
    found, fix = fault(Stack(lambda output: output[:, 0], 2, both=True, output=True))
    assert "rnn layer 2, forward direction made one step only" in found
    assert fix == BOTH_ENDS


def test_a_layer_that_takes_no_part_at_all() -> None:
    class Two(Stack):
        def __init__(self) -> None:
            super().__init__(lambda h_n: h_n[-1], 1, both=False)
            self.other = nn.GRU(3, 4)

    assert fault(Two())[0].startswith("other is not used: the vectors depend on nothing that it returns")


def test_the_weights_are_sorted_by_layer_and_direction() -> None:
    reached = [True, True, True, False, False, False, True, True]  # inputs and steps of four directions, in turn
    use = LayerUse.of("rnn", nn.GRU(3, 4, 2, bidirectional=True), reached)
    assert use.inputs == ((True, True), (False, True))
    assert use.steps == ((True, False), (False, True))
