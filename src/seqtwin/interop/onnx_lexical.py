"""The lexical channel as ONNX nodes: the hashes of `model/side_channels/ngrams.py`, computed on the padded letters."""

import numpy as np
import torch

from seqtwin.interop.onnx_graph import Graph
from seqtwin.model.side_channels.lexical import BUCKETS, LONGEST, SHORTEST, SPREAD, LexicalChannel
from seqtwin.model.side_channels.ngrams import PRIME, WORD_PLACES, multipliers

Grams = tuple[str, str]  # names of the hashes [batch grams], and of 1 where there is an n-gram, else 0


def _mask(graph: Graph, steps: str) -> str:
    """1 at the real steps of [batch time], 0 at pads."""
    ones = graph.add("Add", [graph.add("Mul", [steps, graph.ints(0)]), graph.ints(1)])
    ends = graph.add("Unsqueeze", ["lengths", graph.ints(1)])
    return _ints(graph, graph.add("LessOrEqual", [graph.add("CumSum", [ones, graph.ints(1)]), ends]))


def _letters_of_words(graph: Graph) -> str:
    """The letters of all words of a sequence in one row, with a boundary after each word."""
    first, end, axis = graph.ints(1), graph.ints(2**31), graph.ints(2)
    letters = graph.add("Pad", [graph.add("Slice", ["sequences", first, end, axis]), graph.ints(0, 0, 0, 0, 0, 1)])
    words = graph.add("Gather", ["sequences", graph.constant(np.array(0))], {"axis": 2})
    mask = graph.add("Unsqueeze", [_mask(graph, words), graph.ints(2)])
    return graph.add("Reshape", [graph.add("Mul", [letters, mask]), graph.ints(0, -1)])


def add_lexical(graph: Graph, channel: LexicalChannel, words: bool) -> str:
    """Add the lexical vectors [batch dim] alone; returns their name.

    `words`: the sequences are words with their letters, not letters.
    """
    letters = _letters_of_words(graph) if words else graph.add("Mul", ["sequences", _mask(graph, "sequences")])
    folded = graph.add("Gather", [graph.constant(channel.fold), letters])
    framed = graph.add("Pad", [folded, graph.ints(0, 1, 0, 1)])
    parts = [_windows(graph, framed, length) for length in range(SHORTEST, LONGEST + 1)] + [_words(graph, framed)]
    hashes, real = (graph.add("Concat", names, {"axis": 1}) for names in zip(*parts, strict=True))
    return graph.unit(_sketch(graph, channel, hashes, real, letters))


def _sketch(graph: Graph, channel: LexicalChannel, hashes: str, real: str, letters: str) -> str:
    """The signed sums of the weights, by place: [batch dim]."""
    weights = graph.constant((channel.idf * channel.scale.exp()).detach())
    weight = graph.add("Gather", [weights, graph.add("Mod", [hashes, graph.ints(BUCKETS)])])
    spread = graph.add("Mod", [graph.add("Mul", [hashes, graph.ints(SPREAD)]), graph.ints(PRIME)])
    odd = graph.add("Mod", [graph.add("Div", [spread, graph.ints(channel.dim)]), graph.ints(2)])
    sign = graph.add("Sub", [graph.ints(1), graph.add("Mul", [odd, graph.ints(2)])])
    signed = graph.add("Mul", [weight, _floats(graph, graph.add("Mul", [sign, real]))])
    batch = graph.add("Slice", [graph.add("Shape", [letters]), graph.ints(0), graph.ints(1)])
    zeros = graph.add("Expand", [graph.constant(np.zeros((1, 1), np.float32)), _joined(graph, batch, channel.dim)])
    places = graph.add("Mod", [spread, graph.ints(channel.dim)])
    sketch = graph.add("ScatterElements", [zeros, places, signed], {"axis": 1, "reduction": "add"})
    return sketch if channel.map is None else graph.add("MatMul", [sketch, graph.constant(channel.map)])


def _joined(graph: Graph, batch: str, dim: int) -> str:
    return graph.add("Concat", [batch, graph.ints(dim)], {"axis": 0})


def _floats(graph: Graph, ints: str) -> str:
    return graph.add("Cast", [ints], {"to": 1})


def _ints(graph: Graph, booleans: str) -> str:
    return graph.add("Cast", [booleans], {"to": 7})


def _windows(graph: Graph, framed: str, length: int) -> Grams:
    """The n-grams of one length, boundaries included."""
    values, offset = multipliers(length, length, torch.device("cpu"))
    total, inside, any_letter = graph.ints(int(offset)), graph.ints(1), graph.ints(0)
    for place in range(length):
        ends = graph.ints(place - length + 1) if place < length - 1 else graph.ints(2**31)
        shifted = graph.add("Slice", [framed, graph.ints(place), ends, graph.ints(1)])
        total = graph.add("Add", [total, graph.add("Mul", [shifted, graph.ints(int(values[place]))])])
        letter = _is_letter(graph, shifted)
        any_letter = graph.add("Max", [any_letter, letter])
        if 0 < place < length - 1:
            inside = graph.add("Mul", [inside, letter])
    return graph.add("Mod", [total, graph.ints(PRIME)]), graph.add("Mul", [inside, any_letter])


def _is_letter(graph: Graph, letters: str) -> str:
    return graph.add("Sub", [graph.ints(1), _ints(graph, graph.add("Equal", [letters, graph.ints(0)]))])


def _words(graph: Graph, framed: str) -> Grams:
    """The hash of every word, at the number of its boundary. Boundaries without a word have none."""
    values, offset = multipliers(0, WORD_PLACES, torch.device("cpu"))
    boundary = _ints(graph, graph.add("Equal", [framed, graph.ints(0)]))
    ones = graph.add("Add", [graph.add("Mul", [framed, graph.ints(0)]), graph.ints(1)])
    index = graph.add("Sub", [graph.add("CumSum", [ones, graph.ints(1)]), graph.ints(1)])
    word = graph.add("Sub", [graph.add("CumSum", [boundary, graph.ints(1)]), graph.ints(1)])
    starts = _summed(graph, word, graph.add("Mul", [index, boundary]))
    since = graph.add("Sub", [index, graph.add("GatherElements", [starts, word], {"axis": 1})])
    # a boundary itself is at -1; its letter is 0, so that its multiplier has no effect
    place = graph.add("Mod", [graph.add("Add", [since, graph.ints(WORD_PLACES - 1)]), graph.ints(WORD_PLACES)])
    factors = graph.add("Gather", [graph.constant(values), place])
    terms = graph.add("Mod", [graph.add("Mul", [framed, factors]), graph.ints(PRIME)])
    sums = graph.add("Add", [_summed(graph, word, terms), graph.ints(int(offset))])
    letters = _summed(graph, word, _is_letter(graph, framed))
    return graph.add("Mod", [sums, graph.ints(PRIME)]), graph.add("Min", [letters, graph.ints(1)])


def _summed(graph: Graph, word: str, values: str) -> str:
    """The sums of values over each word: [batch places], at the number of the word."""
    zeros = graph.add("Mul", [word, graph.ints(0)])
    return graph.add("ScatterElements", [zeros, word, values], {"axis": 1, "reduction": "add"})
