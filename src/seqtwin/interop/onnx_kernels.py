"""The kernel channel as ONNX nodes: the same convolutions as `model/side_channels/kernels.py`, exact in units."""

import itertools

import numpy as np

from seqtwin.interop.onnx_graph import Graph
from seqtwin.model.side_channels.kernels import HALF, LARGEST, UNITS, KernelChannel


def add_kernels(graph: Graph, channel: KernelChannel) -> str:
    """Add the vectors of the kernel channel [batch dim] alone; returns their name."""
    ends = graph.add("Unsqueeze", ["lengths", graph.ints(1)])
    time = graph.add("Gather", [graph.add("Shape", ["sequences"]), graph.constant(np.array(1))])
    places = graph.add("Range", [graph.constant(np.array(0)), time, graph.constant(np.array(1))])
    mask = graph.add("Less", [places, ends])
    steps, shares = _scaled(graph, channel, mask), []
    every = list(enumerate(channel.dilation.tolist()))
    for turn, (dilation, rounds) in enumerate(itertools.groupby(every, key=lambda one: one[1])):
        counted = _counted(graph, mask, places, ends, dilation, channel.parity.numpy() ^ (turn % 2))
        number = graph.add("ReduceSum", [_floats(graph, counted), graph.ints(2)], {"keepdims": 0})
        output = ""
        for row, _ in rounds:
            output = output or _convolved(graph, channel, steps, row, dilation)
            above = graph.add("Greater", [output, graph.constant(channel.bias[row][:, None])])
            real = _floats(graph, graph.add("And", [above, counted]))
            shares.append(graph.add("Div", [graph.add("ReduceSum", [real, graph.ints(2)], {"keepdims": 0}), number]))
    centred = graph.add("Sub", [graph.add("Concat", shares, {"axis": 1}), graph.constant(channel.center)])
    vectors = graph.add("MatMul", [centred, graph.constant(channel.components)])
    mapped = vectors if channel.map is None else graph.add("MatMul", [vectors, graph.constant(channel.map)])
    return graph.unit(mapped)


def _scaled(graph: Graph, channel: KernelChannel, mask: str) -> str:
    """The scaled values in units: [batch channels time]."""
    centred = graph.add("Sub", ["sequences", graph.constant(channel.mean)])
    scaled = graph.add("Div", [centred, graph.constant(channel.scale)])
    units = graph.add("Round", [graph.add("Mul", [scaled, _number(graph, UNITS)])])
    limited = graph.add("Clip", [units, _scalar(graph, -LARGEST), _scalar(graph, LARGEST)])
    real = graph.add("Where", [graph.add("Unsqueeze", [mask, graph.ints(2)]), limited, _number(graph, 0.0)])
    return graph.add("Transpose", [real], {"perm": [0, 2, 1]})


def _counted(graph: Graph, mask: str, places: str, ends: str, dilation: int, parity: np.ndarray) -> str:
    """The steps that count for each kernel: Bool[batch 84 time]."""
    edge = graph.ints(HALF * dilation)
    start = graph.add("GreaterOrEqual", [places, edge])
    inside = graph.add("And", [graph.add("Less", [places, graph.add("Sub", [ends, edge])]), start])
    some = graph.add("Greater", [ends, graph.ints(2 * HALF * dilation)])
    none = graph.add("And", [graph.add("Not", [some]), mask])
    whole = graph.add("Or", [graph.add("And", [some, inside]), none])
    both = graph.add("Concat", [graph.add("Unsqueeze", [one, graph.ints(1)]) for one in (mask, whole)], {"axis": 1})
    return graph.add("Gather", [both, graph.constant(parity)], {"axis": 1})


def _convolved(graph: Graph, channel: KernelChannel, steps: str, row: int, dilation: int) -> str:
    """The outputs of the kernels of a round: [batch 84 time]."""
    weights = channel.mix[row][:, :, None] * channel.weights[:, None]
    pads = [HALF * dilation, HALF * dilation]
    return graph.add("Conv", [steps, graph.constant(weights)], {"dilations": [dilation], "pads": pads})


def _floats(graph: Graph, booleans: str) -> str:
    return graph.add("Cast", [booleans], {"to": 1})


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array([value], np.float32))


def _scalar(graph: Graph, value: float) -> str:
    return graph.constant(np.array(value, np.float32))
