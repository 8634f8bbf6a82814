"""One text in one encoder: its states as arrays, every statement about them checked, every reading measured."""

from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Subject:
    """What is laid open: a text, a list of words, or (with `tokens=None`) a series [time channels], in a model.

    `source` says which encoder it is, `name` what a series is called.
    """

    model: Siamese
    tokens: TextTokens | None
    given: Any
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

    Raises: DataError for a text without a token.
    """
    tokens, given = subject.tokens, subject.given
    if tokens is None:
        series = np.ascontiguousarray(given, dtype=np.float32)
        return Item(subject.name or "a series", "steps", series, tuple(str(n + 1) for n in range(len(series))), ())
    if isinstance(given, str):
        sequence = tokens.encode([given])[0]
        words = tuple(given[start:end] for start, end in tokens.spans(given))
    else:
        sequence = tokens.encode_words([given])[0]
        words, given = tuple(given[: len(sequence)]), " ".join(given)
    ids = sequence if sequence.ndim == 1 else sequence[:, 0]  # a word's id, then those of its letters
    return Item(given, "tokens", sequence, words, tuple(int(row) for row in np.flatnonzero(ids == 1)))


@torch.no_grad()
def dissect(subject: Subject) -> Anatomy:
    """The anatomy of one sequence in one encoder. The model is left as it is, but in eval mode.

    Raises: DataError for a text without a token; ConfigError for a cell that is not one of PyTorch's.

    >>> from seqtwin.build import blueprint_of, build_siamese
    >>> from seqtwin.config import parse_run
    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> tokens = train_tokenizer(["to be or not to be"], unit="word")
    >>> config = parse_run({"data": {"name": "placenames"}, "encoder": {"cell": "gru", "hidden": 8}})
    >>> model = build_siamese(blueprint_of(config, "tokens", tokens.size), seed=0)
    >>> found = dissect(Subject(model, tokens, "not to be"))
    >>> found.statement("last_is_final").equal, found.statement("first_backward").equal, found.read[-1].tolist()
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
    found: np.ndarray = state.detach().cpu().numpy()
    return found


def _detached(states: States) -> States:
    cell = None if states.cell is None else states.cell.detach()
    return States(states.outputs.detach(), states.hidden.detach(), cell, states.lengths)
