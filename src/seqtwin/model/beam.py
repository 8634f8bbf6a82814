"""Beam search over any function that returns the probabilities of the next token. Width 1 is greedy decoding."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

State = tuple[Tensor, ...]
# from the last tokens [hypotheses] and states [hypotheses ...] to log-probabilities [hypotheses tokens] and next states
Step = Callable[[Tensor, State], tuple[Tensor, State]]


@dataclass(frozen=True)
class Beam:
    """The hypotheses of all open rows, whose search continues. `rows`: Int[open], the place of each in the batch.

    `sums` [open width]: log-probabilities so far, -inf where there is no hypothesis. `tokens` [open width steps]: the
    generated tokens. `state`: [open*width ...]. `room` [open]: the number of hypotheses that have not ended. `greedy`
    [open]: whether the greedy hypothesis has not ended. It is always in the first place.
    """

    rows: Tensor
    sums: Tensor
    tokens: Tensor
    state: State
    room: Tensor
    greedy: Tensor

    @staticmethod
    def of(state: State, width: int, dtype: torch.dtype) -> "Beam":
        """One empty hypothesis per row."""
        count, device = len(state[0]), state[0].device
        sums = torch.full((count, width), -math.inf, dtype=dtype, device=device)
        sums[:, 0] = 0.0
        return Beam(
            rows=torch.arange(count, device=device),
            sums=sums,
            tokens=torch.zeros(count, width, 0, dtype=torch.int64, device=device),
            state=tuple(part.repeat_interleave(width, 0) for part in state),
            room=torch.full((count,), width, device=device),
            greedy=torch.ones(count, dtype=torch.bool, device=device),
        )


class Best:
    """The best text of each row that has ended. Of equally good texts it is the first."""

    def __init__(self, beam: Beam) -> None:
        self.texts = [np.zeros(0, dtype=np.int64) for _ in beam.rows]
        self.means = torch.full_like(beam.sums[:, 0], -math.inf)

    def offer(self, rows: Tensor, means: Tensor, tokens: Tensor) -> None:
        """Keep each of the texts [rows steps] whose mean is better than that of its row so far."""
        better = means > self.means[rows]
        self.means[rows[better]] = means[better]
        for row, text in zip(rows[better].tolist(), tokens[better].cpu().numpy(), strict=True):
            self.texts[row] = text


def search(
    step: Step, state: State, *, end: int, width: int, longest: int, dtype: torch.dtype = torch.float32
) -> list[np.ndarray]:
    """The text of each row of the states [batch ...]: at most `longest` token ids, without `end`.

    The score of a text is the mean log-probability of its tokens, including `end`. (By the sum, the shortest texts
    would win.) A row starts with room for `width` hypotheses. Each that ends reduces the room by one, and one of
    `longest` tokens ends. The first place is reserved for the greedy hypothesis: unlike a plain beam, this one never
    scores worse than greedy decoding. Among equals, the hypothesis in the first place wins, then the lower id.
    `dtype`: the type in which log-probabilities are summed.

    Source: Sutskever et al. 2014, section 3.2, except for the mean and the reserved place.
    """
    beam = Beam.of(state, width, dtype)
    best = Best(beam)
    last = torch.full((beam.sums.numel(),), end, device=beam.rows.device)
    for written in range(longest + 1):
        log_p, after = step(last, beam.state)
        totals = beam.sums[:, :, None] + log_p.to(dtype).unflatten(0, beam.sums.shape)
        if written == longest:
            totals[:, :, :end] = -math.inf
        beam = _advanced(beam, totals, after, end, best, longest)
        if not len(beam.rows):
            break
        last = beam.tokens[:, :, -1].flatten()
    return best.texts


def _advanced(beam: Beam, totals: Tensor, state: State, end: int, best: Best, longest: int) -> Beam:
    """The hypotheses one token later. Those that end are offered to `best`. Rows that cannot improve are closed."""
    sums, parents, tokens = _chosen(beam, totals)
    rows, steps = torch.arange(len(beam.rows), device=beam.rows.device)[:, None], beam.tokens.shape[2]
    ended = (tokens == end) & (sums > -math.inf)
    top, place = torch.where(ended, sums, -math.inf).max(1)
    best.offer(beam.rows, top / (steps + 1), beam.tokens[rows[:, 0], parents[rows[:, 0], place]])
    sums = sums.masked_fill(tokens == end, -math.inf)
    # the upper limit of a hypothesis: all further tokens are certain
    still_open = sums.amax(1) / (longest + 1) > best.means[beam.rows]
    places = (rows * sums.shape[1] + parents)[still_open].flatten()
    return Beam(
        rows=beam.rows[still_open],
        sums=sums[still_open],
        tokens=torch.cat([beam.tokens[rows, parents], tokens[:, :, None]], 2)[still_open],
        state=tuple(part[places] for part in state),
        room=(beam.room - ended.sum(1))[still_open],
        greedy=(beam.greedy & ~ended[:, 0])[still_open],
    )


def _chosen(beam: Beam, totals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probability, parent and last token of the best continuations: three [open width]."""
    width, classes = totals.shape[1:]
    flat = totals.flatten(1)
    ranked = flat.clone()
    alive = torch.nonzero(beam.greedy)[:, 0]
    ranked[alive, totals[alive, 0].argmax(1)] = math.inf
    places = leading(ranked, width)
    no_room = torch.arange(width, device=flat.device) >= beam.room[:, None]
    sums = flat.gather(1, places).masked_fill(no_room, -math.inf)
    return sums, places // classes, places % classes


def leading(scores: Tensor, count: int) -> Tensor:
    """The places of the largest scores of each row, largest first, equal scores by place: Int[rows count].

    (`topk` does not define the order of equal scores.)

    >>> leading(torch.tensor([[1.0, 3.0, 3.0, 2.0]]), 3)
    tensor([[1, 2, 3]])
    """
    left, places = scores.clone(), []
    for _ in range(count):
        places.append(left.argmax(1, keepdim=True))
        left.scatter_(1, places[-1], -math.inf)
    return torch.cat(places, 1)
