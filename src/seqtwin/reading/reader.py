"""`read` and `Reader`: one vector per sequence from a recurrent layer of your own."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, pick, split_spec
from seqtwin.model.encoder import EncoderShape
from seqtwin.model.representations import REPRESENTATIONS, Representation
from seqtwin.reading.given_lengths import Lengths, checked_lengths
from seqtwin.reading.returned_states import Returned, refuse_shape, shape_of_layer, states_of


def read(
    rnn: nn.RNNBase,
    output: Tensor | PackedSequence,
    state: Returned,
    lengths: Lengths | int | None = None,
    representation: Spec = "mean_output",
) -> Tensor:
    """One vector per sequence from what your `nn.RNN`, `nn.GRU` or `nn.LSTM` returned: [batch dim].

    `output`, `state`: as the layer returned them, padded or packed, in its own order of axes. `lengths`: the number of
    real steps of each sequence; None for a packed output, or for a batch without pads. `representation`: a name or spec
    from `seqtwin.REPRESENTATIONS` that has no weights. A single sequence [time D*H] gives a vector [dim].

    Each vector is that of its sequence alone, or there is an error: for a layer with two directions that ran over pads,
    for example, the vector cannot be computed from its output.

    Raises: ConfigError for an unknown representation, or one with weights (use `Reader`); for lengths, shapes or
    states that do not belong together; and if the states that are needed depend on pads.

    >>> gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
    >>> x, lengths = torch.randn(2, 5, 3), torch.tensor([2, 5])
    >>> packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    >>> vectors = read(gru, *gru(packed), lengths, "mean_output")
    >>> alone, _ = gru(x[:1, :2])
    >>> torch.allclose(vectors[0], alone[0].mean(0), atol=1e-6)
    True
    """
    with torch.random.fork_rng(devices=[]):  # new weights, which are refused, would draw from the generator of the user
        part = _part(representation, shape_of_layer(rnn))
    if next(iter(part.parameters()), None) is not None:
        name, _ = split_spec(representation)
        cause = f"{name} has weights, which have to be trained with your network"
        remedy = f"make it once with your layer: self.read = seqtwin.Reader(rnn, {representation!r})"
        raise ConfigError("READ_WEIGHTS", cause, place="representation", remedy=remedy)
    return _vectors(part, rnn, output, state, lengths)


class Reader(nn.Module):
    """A recurrent layer of your own and a representation: padded or packed sequences in, one vector per sequence out.

    It takes the place of the layer and of the pooling in your module. The layer stays yours: its weights are trained as
    before. `representation`: a name or spec from `seqtwin.REPRESENTATIONS`; those with weights, such as
    attention_output, are trained, too. `out_dim`: the width of a vector.

    Raises: ConfigError for an unknown representation, or one that does not fit the layer.

    >>> encode = Reader(nn.LSTM(3, 4, batch_first=True), "attention_output")
    >>> encode(torch.randn(2, 5, 3), [2, 5]).shape, encode.out_dim
    (torch.Size([2, 4]), 4)
    """

    def __init__(self, rnn: nn.RNNBase, representation: Spec = "mean_output") -> None:
        super().__init__()
        part = _part(representation, shape_of_layer(rnn))
        self.rnn, self.representation, self.out_dim = rnn, part, part.out_dim

    def forward(self, x: Tensor | PackedSequence, lengths: Lengths | int | None = None) -> Tensor:
        """The vectors of a batch: [batch dim]. Padded sequences are packed, so the layer runs over no pad.

        `x`: packed; or padded [batch time dim], without batch_first [time batch dim]; or one sequence [time dim].
        `lengths`: the number of real steps of each sequence; None for packed ones, or for a batch without pads.

        Raises: ConfigError for an input that is no batch, and for lengths that do not fit.
        """
        if not isinstance(x, PackedSequence) and not (isinstance(x, Tensor) and x.dim() in (2, 3)):
            refuse_shape(
                "x", f"packed sequences, or a tensor {self._axes()}", x, "call reader(x, lengths) in this order"
            )
        if not isinstance(x, PackedSequence) and lengths is not None and x.numel():
            x, lengths = self._without_pads(x, lengths), None
        output, state = self.rnn(x)
        return self.read(output, state, lengths)

    def _axes(self) -> str:
        return (
            "[batch, time, dim]" if self.rnn.batch_first else "[time, batch, dim] (the layer has no batch_first=True)"
        )

    def _without_pads(self, x: Tensor, lengths: Lengths | int) -> Tensor | PackedSequence:
        """A batch, packed, or the real steps of a single sequence."""
        if x.dim() == 2:
            return x[: int(checked_lengths(lengths, 1, len(x)))]
        rows, time = (0, 1) if self.rnn.batch_first else (1, 0)
        real = checked_lengths(lengths, x.shape[rows], x.shape[time], batch_first=self.rnn.batch_first)
        return pack_padded_sequence(x, real, batch_first=self.rnn.batch_first, enforce_sorted=False)

    def read(self, output: Tensor | PackedSequence, state: Returned, lengths: Lengths | int | None = None) -> Tensor:
        """The vectors from what the layer returned, for a network that needs its outputs, too. See `seqtwin.read`."""
        return _vectors(self.representation, self.rnn, output, state, lengths)


def _part(representation: Spec, shape: EncoderShape) -> Representation:
    return pick(REPRESENTATIONS, representation, "representation", shape)


def _vectors(
    part: Representation,
    rnn: nn.RNNBase,
    output: Tensor | PackedSequence,
    state: Returned,
    lengths: Lengths | int | None,
) -> Tensor:
    states = states_of(rnn, output, state, lengths, part.needs)
    if not len(states.lengths):
        return states.outputs.new_zeros(0, part.out_dim)
    vectors = part(states)
    is_single = isinstance(output, Tensor) and output.dim() == 2
    return vectors[0] if is_single else vectors
