"""The channels beside the recurrent network in an ONNX graph, and their vectors joined with those of the network."""

import numpy as np

from seqtwin.interop.onnx_graph import Graph
from seqtwin.interop.onnx_kernels import add_kernels
from seqtwin.interop.onnx_lexical import add_lexical
from seqtwin.model.side_channels.kernels import KernelChannel
from seqtwin.model.side_channels.lexical import LexicalChannel
from seqtwin.model.side_channels.side_channel import SideChannel


def join_channel(graph: Graph, channel: SideChannel, vectors: str, words: bool) -> str:
    """Add the vectors [batch width] joined with those of the channel: [batch width+dim]; returns their name.

    `words`: the sequences are words with their letters.
    """
    share = channel.share.detach().numpy().reshape(1)
    recurrent = graph.add("Mul", [graph.unit(vectors), graph.constant(np.sqrt(1 - share))])
    own = graph.add("Mul", [add_channel(graph, channel, words), graph.constant(np.sqrt(share))])
    return graph.add("Concat", [recurrent, own], {"axis": 1})


def add_channel(graph: Graph, channel: SideChannel, words: bool) -> str:
    """Add the vectors of a channel [batch dim] alone; returns their name."""
    if isinstance(channel, KernelChannel):
        return add_kernels(graph, channel)
    assert isinstance(channel, LexicalChannel)
    return add_lexical(graph, channel, words)
