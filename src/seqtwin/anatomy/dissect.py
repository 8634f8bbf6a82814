"""One text in one encoder: its states as arrays, checked statements about them, the states representations use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.anatomy.padding_effects import companions, shapes
from seqtwin.anatomy.pytorch_runs import beside_longer, run_packed, run_plain, tokens_read
from seqtwin.anatomy.records import SHOWN, Anatomy, Body, ends
from seqtwin.anatomy.statements import Evidence, statements
from seqtwin.anatomy.used_states import readings
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences, States

Given: TypeAlias = str | Sequence[str] | np.ndarray  # a text, a list of words, a series [time channels]


@dataclass(frozen=True)
class Subject:
    """A sequence to show in a model: a text, a list of words, or (with `tokens=None`) a series [time channels].

    `source`: name of the encoder; `name`: name of a series.
    """

    model: Siamese
    tokens: TextTokens | None
    given: Given
    source: str = ""
    name: str = ""


@dataclass(frozen=True)
class Item:
    """A sequence with a name for each step. `unknown`: the steps whose token the vocabulary lacks."""

    text: str
    unit: str
    sequence: np.ndarray
    steps: tuple[str, ...]
    unknown: tuple[int, ...]


def item_of(subject: Subject) -> Item:
    """A text (or a list of words) as its tokens, or a series [time channels] as its numbered steps.

    Raises: DataError for a text without tokens.
    """
    tokens, given = subject.tokens, subject.given
    if tokens is None:
        series = np.ascontiguousarray(given, dtype=np.float32)
        return Item(subject.name or "a series", "steps", series, tuple(str(n + 1) for n in range(len(series))), ())
    if isinstance(given, str):
        sequence = tokens.encode([given])[0]
        words = tuple(given[start:end] for start, end in tokens.spans(given))
    else:
        given = [str(word) for word in given]
        sequence = tokens.encode_words([given])[0]
        words, given = tuple(given[: len(sequence)]), " ".join(given)
    ids = sequence if sequence.ndim == 1 else sequence[:, 0]  # the id of a word, then the ids of its letters
    return Item(given, "tokens", sequence, words, tuple(int(row) for row in np.flatnonzero(ids == 1)))


@torch.no_grad()
def dissect(subject: Subject) -> Anatomy:
    """The anatomy of one sequence in one encoder. The model is switched to eval mode and not changed otherwise.

    Raises: DataError for a text without tokens; ConfigError for a cell that is not from PyTorch.

    >>> from seqtwin.build import blueprint_of, build_siamese
    >>> from seqtwin.config import parse_run
    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> tokens = train_tokenizer(["to be or not to be"], unit="word")
    >>> config = parse_run({"data": {"name": "placenames"}, "encoder": {"cell": "gru", "hidden": 8}})
    >>> model = build_siamese(blueprint_of(config, "tokens", tokens.size), seed=0)
    >>> a = dissect(Subject(model, tokens, "not to be"))
    >>> a.statement("last_is_final").equal, a.statement("first_backward").equal, a.read[-1].tolist()
    (False, True, [3, 1])
    """
    item, model = item_of(subject), subject.model.eval()
    encoder = model.encoder
    if not isinstance(encoder.rnn, nn.RNNBase):
        cause = f"cell '{encoder.shape.cell}' is not one of PyTorch's cells, which anatomy compares with"
        raise ConfigError("ANATOMY_CELL", cause, place="encoder.cell", remedy="use an encoder with rnn, gru or lstm")
    shown = ends(len(item.sequence), SHOWN)
    both = beside_longer(item.sequence)
    alone = Sequences(both.values[:1, : len(item.sequence)], both.lengths[:1])
    states = encoder(alone)
    body, rnn = _body(encoder), encoder.rnn
    x, xs = encoder.inputs(alone), encoder.inputs(both)
    evidence = Evidence(body, rnn, x, run_plain(rnn, x), run_packed(rnn, xs, both.lengths))
    return Anatomy(
        source=subject.source,
        text=item.text,
        unit=item.unit,
        body=body,
        steps=item.steps,
        unknown=item.unknown,
        outputs=_array(states.outputs[0].unflatten(-1, (body.directions, -1))),
        hidden=_array(states.hidden[0]),
        cell=None if states.cell is None else _array(states.cell[0]),
        shown=shown,
        read=tokens_read(encoder, item.sequence, shown),
        statements=statements(evidence),
        companions=companions(encoder, both, evidence),
        shapes=shapes(evidence, xs),
        readings=readings(model, _detached(states)),
    )


def _body(encoder: Encoder) -> Body:
    s = encoder.shape
    return Body(s.cell, s.layers, s.directions, s.width, s.memory, encoder.padding)


def _array(state: Tensor) -> np.ndarray:
    values: np.ndarray = state.detach().cpu().numpy()
    return values


def _detached(states: States) -> States:
    cell = None if states.cell is None else states.cell.detach()
    return States(states.outputs.detach(), states.hidden.detach(), cell, states.lengths)
