"""An ONNX graph under construction: nodes and constants, known by their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from seqtwin.errors import missing_extra

OPSET, IR = 17, 8


@dataclass
class Graph:
    """Nodes and constants under construction; a value is known by its name."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, op: str, inputs: Sequence[str], outputs: int = 1, attributes: Mapping[str, Any] | None = None) -> Any:
        """A node; the name of its output, or the names of several."""
        from onnx import helper

        names = [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **(attributes or {})))
        return names[0] if outputs == 1 else names

    def constant(self, value: np.ndarray | Tensor) -> str:
        """A constant; its name."""
        from onnx import numpy_helper

        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def ints(self, *values: int) -> str:
        """A constant of whole numbers, for shapes and axes."""
        return self.constant(np.array(values, dtype=np.int64))

    def linear(self, vectors: str, layer: nn.Linear) -> str:
        """W v + b on the last axis, or W v where there is no bias."""
        found = self.add("MatMul", [vectors, self.constant(layer.weight.T)])
        return str(found if layer.bias is None else self.add("Add", [found, self.constant(layer.bias)]))


def element_types() -> Any:
    """The library's names of element types. Raises: MissingExtraError without it."""
    try:
        from onnx import TensorProto
    except ImportError as error:
        raise missing_extra("onnx", "onnx") from error
    return TensorProto


def finished(graph: Graph, inputs: Mapping[str, Any], found: str, output: str, shape: list[Any]) -> bytes:
    """The checked model of a graph whose value `found` goes out under the name `output`."""
    from onnx import checker, helper

    graph.nodes.append(helper.make_node("Identity", [found], [output]))
    ins = [helper.make_tensor_value_info(name, kind, sizes) for name, (kind, sizes) in inputs.items()]
    outs = [helper.make_tensor_value_info(output, element_types().FLOAT, shape)]
    made = helper.make_graph(graph.nodes, "seqtwin", ins, outs, graph.constants)
    opset = [helper.make_opsetid("", OPSET)]
    whole = helper.make_model(made, opset_imports=opset, ir_version=IR, producer_name="seqtwin")
    checker.check_model(whole)
    return bytes(whole.SerializeToString())
