"""A trained encoder as an ONNX graph: inputs are ids (or a series) and lengths, output is one vector per sequence.

The graph has a Gather, one recurrent node per layer with `sequence_lens`, the representation and the projection. It is
built by hand, because tracing fixes the length or fails on packed sequences. ONNX orders gates differently: i, f, g, o
of an LSTM become i, o, f, g; r, z, n of a GRU become z, r, n with `linear_before_reset`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from seqtwin.data.tokens.letters import LETTERS
from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx_channels import add_channel, join_channel
from seqtwin.interop.onnx_graph import Graph, Shape, element_types, finished
from seqtwin.model import representations as r
from seqtwin.model.cells import Recurrent, Unchanged
from seqtwin.model.encoder import SpelledInput
from seqtwin.model.projections import Identity, Linear, Mlp
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import PairScorer

LARGEST = 2**31 - 2**20  # bytes of weights; a file of the format is limited to 2 GiB
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN_TANH": (0,), "RNN_RELU": (0,)}
REMEDY = "load it with seqtwin.load(folder), which supports every part"


@dataclass(frozen=True)
class Traced:
    """Names of the states of an encoder in the graph.

    outputs: [batch time width]; hidden: [batch layers*width]; top, cell: [batch width]; lengths: [batch 1];
    mask: [batch time 1].
    """

    outputs: str
    hidden: str
    top: str
    cell: str
    lengths: str
    mask: str


def to_onnx(encoder: TrainedEncoder) -> bytes:
    """The ONNX graph of an encoder, serialised.

    Inputs: `sequences` (Int64[batch time] ids, Int64[batch time 1+letters] or Float[batch time channels]) and `lengths`
    (Int64[batch], positive).
    Output: `vectors` (Float[batch dim]). Values past the length of a sequence have no effect.

    Raises: ConfigError naming the part that has no ONNX graph; MissingExtraError if onnx is not installed.
    """
    kinds = element_types()
    model = encoder._model
    _refuse(model)
    graph = Graph()
    letters = bool(encoder._stored.blueprint.letters)
    vectors = _written(graph, model, letters)
    channels = [1 + LETTERS] if letters else []
    channels = channels if encoder.inputs == "tokens" else [model.encoder.inputs.projection.in_features]
    inputs: dict[str, tuple[int, Shape]] = {
        "sequences": (kinds.INT64 if encoder.inputs == "tokens" else kinds.FLOAT, ["batch", "time", *channels]),
        "lengths": (kinds.INT64, ["batch"]),
    }
    return finished(graph, inputs, vectors, "vectors", ["batch", encoder.dim])


def scorer_to_onnx(encoder: TrainedEncoder) -> bytes:
    """The ONNX graph of a trained pair scorer, serialised.

    Inputs: `left` and `right` (Float[batch dim]). Output: `scores` (Float[batch]), the mean of
    net(u, v, |u-v|, u*v) and net(v, u, |u-v|, u*v).

    Raises: MissingExtraError if onnx is not installed.
    """
    kinds = element_types()
    graph, similarity = Graph(), encoder._model.similarity
    assert isinstance(similarity, PairScorer)
    distance = graph.add("Abs", [graph.add("Sub", ["left", "right"])])
    product = graph.add("Mul", ["left", "right"])
    orders = (["left", "right", distance, product], ["right", "left", distance, product])
    both = [_perceptron(graph, similarity.net, graph.add("Concat", order, attributes={"axis": 1})) for order in orders]
    mean = graph.add("Mul", [graph.add("Add", both), graph.constant(np.array(0.5, np.float32))])
    sides: dict[str, tuple[int, Shape]] = {side: (kinds.FLOAT, ["batch", encoder.dim]) for side in ("left", "right")}
    return finished(graph, sides, graph.add("Squeeze", [mean, graph.ints(1)]), "scores", ["batch"])


def _refuse(model: Siamese) -> None:
    rnn = model.encoder.rnn
    unknown = {
        f"cell '{model.encoder.shape.cell}'": getattr(rnn, "mode", None) not in GATES and type(rnn) is not Unchanged,
        f"cell '{model.encoder.shape.cell}' with proj_size": bool(getattr(rnn, "proj_size", 0)),
        "tokens.characters: true": isinstance(model.encoder.inputs, SpelledInput),
        "encoder.padding: read": model.encoder.padding == "read",
        f"projection '{type(model.projection).__name__}'": type(model.projection) not in PROJECTIONS,
        f"similarity '{model.similarity_name}'": not _is_scored(model),
        "a model of 2 GiB or more": sum(p.nbytes for p in model.parameters()) > LARGEST,
    }
    for part, is_unknown in unknown.items():
        if is_unknown:
            raise _unsupported(part)


def _is_scored(model: Siamese) -> bool:
    return model.similarity.numpy_formula is not None or type(model.similarity) is PairScorer


def _unsupported(part: str) -> ConfigError:
    return ConfigError("EXPORT_UNSUPPORTED", f"{part} has no ONNX graph", place="export", remedy=REMEDY)


def _written(graph: Graph, model: Siamese, letters: bool) -> str:
    """Add the whole encoder; returns the name of its vectors. `letters`: tokens have letters."""
    if model.channel is not None and model.channel.alone:
        return add_channel(graph, model.channel, letters)
    inputs = model.encoder.inputs
    if hasattr(inputs, "embedding"):
        ids = graph.add("Gather", ["sequences", graph.constant(np.array(0))], {"axis": 2}) if letters else "sequences"
        steps = graph.add("Gather", [graph.constant(inputs.embedding.weight), ids])
    else:
        steps = graph.linear("sequences", inputs.folded())
    vectors = _represented(graph, model.representation, _states(graph, model.encoder.rnn, steps))
    vectors = PROJECTIONS[type(model.projection)](graph, model.projection, vectors)
    if model.projection.unit:
        vectors = graph.unit(vectors)
    return vectors if model.channel is None else join_channel(graph, model.channel, vectors, letters)


# --- cells -------------------------------------------------------------------------------------------------------


def _states(graph: Graph, rnn: Recurrent, steps: str) -> Traced:
    """Add the cell; returns the names of its states."""
    if isinstance(rnn, Unchanged):
        column = graph.add("Unsqueeze", ["lengths", graph.ints(1)])
        end = _end(graph, steps, column)
        return Traced(steps, end, end, "", column, _mask(graph, steps, column))
    assert isinstance(rnn, nn.RNNBase)  # other cells were refused
    return _run(graph, rnn, steps)


def _run(graph: Graph, rnn: nn.RNNBase, steps: str) -> Traced:
    """Add all layers; returns the names of the states. Time is the first axis inside, batch the first of the result."""
    lengths = graph.add("Cast", ["lengths"], attributes={"to": 6})  # int32, as sequence_lens must be
    values = graph.add("Transpose", [steps], attributes={"perm": [1, 0, 2]})
    layers, cell = [], ""
    for layer in range(rnn.num_layers):
        outputs, ends, cell = _layer(graph, rnn, layer, values, lengths)
        by_step = graph.add("Transpose", [outputs], attributes={"perm": [0, 2, 1, 3]})
        values = graph.add("Reshape", [by_step, graph.ints(0, 0, -1)])
        layers.append(_flat(graph, ends))
    hidden = graph.add("Concat", layers, attributes={"axis": 1})
    outputs = graph.add("Transpose", [values], attributes={"perm": [1, 0, 2]})
    column = graph.add("Unsqueeze", ["lengths", graph.ints(1)])
    top_cell = _flat(graph, cell) if cell else ""
    return Traced(outputs, hidden, layers[-1], top_cell, column, _mask(graph, outputs, column))


def _layer(graph: Graph, rnn: nn.RNNBase, layer: int, values: str, lengths: str) -> tuple[str, str, str]:
    """Add one recurrent node; returns the names of its outputs, final states and, for an LSTM, final cell states."""
    ends = [f"l{layer}", f"l{layer}_reverse"][: 1 + rnn.bidirectional]
    w, u = (np.stack([_gates(rnn, f"{kind}_{end}") for end in ends]) for kind in ("weight_ih", "weight_hh"))
    b = np.stack([np.concatenate([_gates(rnn, f"{kind}_{end}") for kind in ("bias_ih", "bias_hh")]) for end in ends])
    attributes: dict[str, object] = {"hidden_size": rnn.hidden_size}
    attributes["direction"] = "bidirectional" if rnn.bidirectional else "forward"
    if rnn.mode == "GRU":
        attributes["linear_before_reset"] = 1
    if rnn.mode == "RNN_RELU":
        attributes["activations"] = ["Relu"] * len(ends)
    names = graph.add_node(
        rnn.mode.partition("_")[0],
        [values, graph.constant(w), graph.constant(u), graph.constant(b), lengths],
        3 if rnn.mode == "LSTM" else 2,
        attributes,
    )
    return names[0], names[1], names[2] if rnn.mode == "LSTM" else ""


def _gates(rnn: nn.RNNBase, name: str) -> np.ndarray:
    """A parameter with its gates in the order of ONNX."""
    parts = np.split(getattr(rnn, name).detach().cpu().numpy(), len(GATES[rnn.mode]))
    return np.concatenate([parts[i] for i in GATES[rnn.mode]])


def _flat(graph: Graph, ends: str) -> str:
    """[directions batch hidden] as [batch directions*hidden]."""
    by_row = graph.add("Transpose", [ends], attributes={"perm": [1, 0, 2]})
    return graph.add("Reshape", [by_row, graph.ints(0, -1)])


def _mask(graph: Graph, outputs: str, lengths: str) -> str:
    shape = graph.add("Shape", [outputs])
    time = graph.add("Gather", [shape, graph.constant(np.array(1, dtype=np.int64))])
    zero, one = (graph.constant(np.array(n, dtype=np.int64)) for n in (0, 1))
    real = graph.add("Less", [graph.add("Range", [zero, time, one]), lengths])
    return graph.add("Unsqueeze", [real, graph.ints(2)])


# --- representations ---------------------------------------------------------------------------------------------


def _represented(graph: Graph, part: object, states: Traced) -> str:
    write = REPRESENTATIONS.get(type(part))
    if write is None:
        raise _unsupported(f"representation '{type(part).__name__}'")
    return write(graph, part, states)


def _end(graph: Graph, outputs: str, lengths: str) -> str:
    """The output of the last real step."""
    place = graph.add("Sub", [lengths, graph.ints(1)])
    return graph.add("GatherND", [outputs, place], attributes={"batch_dims": 1})


def _first_output(graph: Graph, _: object, s: Traced) -> str:
    return graph.add("Gather", [s.outputs, graph.constant(np.array(0, dtype=np.int64))], attributes={"axis": 1})


def _sum(graph: Graph, s: Traced) -> str:
    # outputs past a length are usually zero, but not in every runtime
    real = graph.add("Where", [s.mask, s.outputs, graph.constant(np.array([0.0], np.float32))])
    return graph.add("ReduceSum", [real, graph.ints(1)], attributes={"keepdims": 0})


def _mean_output(graph: Graph, _: object, s: Traced) -> str:
    return graph.add("Div", [_sum(graph, s), graph.add("Cast", [s.lengths], attributes={"to": 1})])


def _sqrt_mean_output(graph: Graph, _: object, s: Traced) -> str:
    length = graph.add("Cast", [s.lengths], attributes={"to": 1})
    return graph.add("Div", [_sum(graph, s), graph.add("Sqrt", [length])])


def _max_output(graph: Graph, _: object, s: Traced) -> str:
    real = graph.add("Where", [s.mask, s.outputs, graph.constant(np.array([-np.inf], np.float32))])
    return graph.add("ReduceMax", [real], attributes={"axes": [1], "keepdims": 0})


def _attention_output(graph: Graph, part: object, s: Traced) -> str:
    assert isinstance(part, r.AttentionOutput)
    first, second = part.score[0], part.score[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    scores = graph.linear(graph.add("Tanh", [graph.linear(s.outputs, first)]), second)
    real = graph.add("Where", [s.mask, scores, graph.constant(np.array([-np.inf], np.float32))])
    weights = graph.add("Softmax", [real], attributes={"axis": 1})
    by_head = graph.add("Transpose", [weights], attributes={"perm": [0, 2, 1]})
    outputs = graph.add("Where", [s.mask, s.outputs, graph.constant(np.array([0.0], np.float32))])
    return graph.add("Reshape", [graph.add("MatMul", [by_head, outputs]), graph.ints(0, -1)])


def _join(graph: Graph, part: object, s: Traced) -> str:
    assert isinstance(part, r.Join)
    return graph.add("Concat", [_represented(graph, p, s) for p in part.parts], attributes={"axis": 1})


REPRESENTATIONS: dict[type, Callable[[Graph, object, Traced], str]] = {
    r.FinalHidden: lambda _graph, _part, s: s.top,
    r.AllHidden: lambda _graph, _part, s: s.hidden,
    r.FinalCell: lambda _graph, _part, s: s.cell,
    r.LastOutput: lambda graph, _part, s: _end(graph, s.outputs, s.lengths),
    r.FirstOutput: _first_output,
    r.MeanOutput: _mean_output,
    r.SqrtMeanOutput: _sqrt_mean_output,
    r.MaxOutput: _max_output,
    r.AttentionOutput: _attention_output,
    r.Join: _join,
}


# --- projections -------------------------------------------------------------------------------------------------


def _perceptron(graph: Graph, net: nn.Sequential, vectors: str) -> str:
    first, second = net[0], net[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    return graph.linear(graph.add("Relu", [graph.linear(vectors, first)]), second)


def _linear(graph: Graph, part: object, vectors: str) -> str:
    assert isinstance(part, Linear)
    return graph.linear(vectors, part.map)


def _mlp(graph: Graph, part: object, vectors: str) -> str:
    assert isinstance(part, Mlp)
    return _perceptron(graph, part.map, vectors)


PROJECTIONS: dict[type, Callable[[Graph, object, str], str]] = {
    Identity: lambda _graph, _part, vectors: vectors,
    Linear: _linear,
    Mlp: _mlp,
}
