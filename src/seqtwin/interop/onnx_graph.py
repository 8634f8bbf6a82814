"""An ONNX graph under construction: nodes and constants, referred to by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from torch import Tensor, nn

from seqtwin.errors import missing_extra
from seqtwin.model.distances import EPS

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

OPSET, IR = 17, 8
Shape: TypeAlias = Sequence[str | int]  # a name for a size that varies


@dataclass
class Graph:
    """Nodes and constants under construction; a value is referred to by its name."""

    nodes: "list[NodeProto]" = field(default_factory=list)
    constants: "list[TensorProto]" = field(default_factory=list)

    def add(self, op: str, inputs: Sequence[str], attributes: Mapping[str, object] | None = None) -> str:
        """Add a node with one output; returns the name of the output."""
        return self.add_node(op, inputs, 1, attributes)[0]

    def add_node(
        self, op: str, inputs: Sequence[str], outputs: int, attributes: Mapping[str, object] | None = None
    ) -> list[str]:
        """Add a node; returns the names of its outputs."""
        from onnx import helper

        names = [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(op, list(inputs), names)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in sorted((attributes or {}).items()))
        self.nodes.append(node)
        return names

    def constant(self, value: np.ndarray | Tensor) -> str:
        """Add a constant; returns its name."""
        from onnx import numpy_helper

        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def ints(self, *values: int) -> str:
        """Add a constant of integers, for shapes and axes; returns its name."""
        return self.constant(np.array(values, dtype=np.int64))

    def linear(self, vectors: str, layer: nn.Linear) -> str:
        """Add W v + b on the last axis, or W v if there is no bias; returns the name of the result."""
        product = self.add("MatMul", [vectors, self.constant(layer.weight.T)])
        return product if layer.bias is None else self.add("Add", [product, self.constant(layer.bias)])

    def unit(self, vectors: str) -> str:
        """Add vectors [batch dim] scaled to length 1; a zero vector stays zero. Returns their name."""
        squared = self.add("ReduceSum", [self.add("Mul", [vectors, vectors]), self.ints(1)])
        long = self.add("Greater", [squared, self.constant(np.array([EPS**2], np.float32))])
        length = self.add("Sqrt", [self.add("Where", [long, squared, self.constant(np.array([1.0], np.float32))])])
        return self.add("Div", [vectors, length])


def element_types() -> "type[TensorProto]":
    """The element types of the library onnx. Raises: MissingExtraError if it is not installed."""
    try:
        from onnx import TensorProto
    except ImportError as error:
        raise missing_extra("onnx", "onnx") from error
    return TensorProto


def finished(graph: Graph, inputs: Mapping[str, tuple[int, Shape]], value: str, output: str, shape: Shape) -> bytes:
    """The checked model of a graph, serialised.

    `inputs`: element type and shape of each input; `value`: the result, which gets the name `output`; `shape`: of it.
    """
    from onnx import checker, helper

    graph.nodes.append(helper.make_node("Identity", [value], [output]))
    ins = [helper.make_tensor_value_info(name, kind, sizes) for name, (kind, sizes) in inputs.items()]
    outs = [helper.make_tensor_value_info(output, element_types().FLOAT, shape)]
    body = helper.make_graph(graph.nodes, "seqtwin", ins, outs, graph.constants)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=IR, producer_name="seqtwin")
    checker.check_model(model)
    return bytes(model.SerializeToString())
