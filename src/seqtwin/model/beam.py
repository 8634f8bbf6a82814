"""Beam search over any function that says how probable each next token is. A beam of one is greedy decoding."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

State = tuple[Tensor, ...]
# last tokens [hypotheses] and states [hypotheses ...] to log-probabilities [hypotheses tokens] and the next states
Step = Callable[[Tensor, State], tuple[Tensor, State]]


@dataclass(frozen=True)
class Beam:
    """The hypotheses of all rows that are still searched. `rows`: Int[open], the place of each in the batch.

    sums [open width]: log-probability so far, -inf where there is no hypothesis. tokens [open width steps]: what is
    written. state: [open*width ...]. room [open]: hypotheses that have not ended. greedy [open]: whether the first
    place still holds the greedy hypothesis.
    """

    rows: Tensor
    sums: Tensor
    tokens: Tensor
    state: State
    room: Tensor
    greedy: Tensor

    @staticmethod
    def of(state: State, width: int, dtype: torch.dtype) -> "Beam":
        """One empty hypothesis a row."""
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
    """The best text that has ended, row by row: the first found among equals."""

    def __init__(self, beam: Beam) -> None:
        self.texts = [np.zeros(0, dtype=np.int64) for _ in beam.rows]
        self.means = torch.full_like(beam.sums[:, 0], -math.inf)

    def offer(self, rows: Tensor, means: Tensor, tokens: Tensor) -> None:
        """Take the texts [rows steps] whose mean is better than what there is."""
        better = means > self.means[rows]
        self.means[rows[better]] = means[better]
        for row, text in zip(rows[better].tolist(), tokens[better].cpu().numpy(), strict=True):
            self.texts[row] = text


def search(
    step: Step, state: State, *, end: int, width: int, longest: int, dtype: torch.dtype = torch.float32
) -> list[np.ndarray]:
    """The text of each row of the states [batch ...]: token ids, `end` not among them, at most `longest` of them.

    A text's score is the mean log-probability of its tokens, `end` counted: by their sum the shortest texts would win.
    At first `width` hypotheses of a row are kept; each that ends leaves one place less, and one that is `longest`
    tokens long ends there. The first place is kept for the greedy hypothesis, so that a beam never ends with a worse
    score than greedy decoding, as a plain beam can. Among equals the hypothesis that stands first wins, then the lower
    id. `dtype`: what log-probabilities are summed in.

    Source: Sutskever et al. 2014, section 3.2, but for the mean and the first place.
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
    """The hypotheses one token later; those that end are offered to `best`, rows without hope are left out."""
    sums, parents, tokens = _chosen(beam, totals)
    rows, steps = torch.arange(len(beam.rows), device=beam.rows.device)[:, None], beam.tokens.shape[2]
    ended = (tokens == end) & (sums > -math.inf)
    top, place = torch.where(ended, sums, -math.inf).max(1)
    best.offer(beam.rows, top / (steps + 1), beam.tokens[rows[:, 0], parents[rows[:, 0], place]])
    sums = sums.masked_fill(tokens == end, -math.inf)
    # the most a hypothesis can still reach: every token to come certain
    kept = sums.amax(1) / (longest + 1) > best.means[beam.rows]
    places = (rows * sums.shape[1] + parents)[kept].flatten()
    return Beam(
        rows=beam.rows[kept],
        sums=sums[kept],
        tokens=torch.cat([beam.tokens[rows, parents], tokens[:, :, None]], 2)[kept],
        state=tuple(part[places] for part in state),
        room=(beam.room - ended.sum(1))[kept],
        greedy=(beam.greedy & ~ended[:, 0])[kept],
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
    """Places of the largest scores of each row, largest first, equal ones as they stand: Int[rows count].

    (`topk` does not say which of equal ones it takes.)

    >>> leading(torch.tensor([[1.0, 3.0, 3.0, 2.0]]), 3)
    tensor([[1, 2, 3]])
    """
    left, found = scores.clone(), []
    for _ in range(count):
        found.append(left.argmax(1, keepdim=True))
        left.scatter_(1, found[-1], -math.inf)
    return torch.cat(found, 1)
