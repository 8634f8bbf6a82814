#!/usr/bin/env bash
# Library: openvino 2026.4.1, onnxruntime 1.31.1
# Guess: Int64 of a graph is computed in 64 bits: input, weights and output are all declared Int64.
# Seen: The CPU plugin computes in 32 bits. 70,000 x 70,001 is 605,102,704, and the answer comes back with the type
#   int64. No warning.
# Why it matters: Hashes inside a graph (n-grams, feature hashing) become other hashes. Each text still has a
#   vector of the right size and length, but the wrong rows of the table are in it.
# SeqTwin: fixed, with openvino_ignores_lengths: the lexical channel hashes n-grams with products beyond 2^31, so
#   its vectors are wrong there. The README of an export says that it needs Int64 in 64 bits.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'openvino==2026.4.1' 'onnxruntime==1.31.1' 'onnx==1.23.2' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

node = helper.make_node("Mul", ["number", "factor"], ["product"])
factor = onnx.numpy_helper.from_array(np.array([70_001]), "factor")
number, product = (helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in ("number", "product"))
graph = helper.make_graph([node], "product", [number], [product], [factor])
file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
numbers = {"number": np.array([3, 70_000])}
(right,) = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, numbers)
core = openvino.Core()
found = core.compile_model(core.read_model(file), "CPU")(numbers)["product"]
print("onnxruntime", right, "openvino", found, found.dtype)
assert right.tolist() == [210_003, 4_900_070_000] and found.dtype == np.int64
assert found.tolist() == right.astype(np.int32).tolist() != right.tolist()
PY
