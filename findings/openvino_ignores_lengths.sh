#!/usr/bin/env bash
# Library: openvino 2026.4.1, onnxruntime 1.31.1
# Guess: An LSTM node with sequence_lens gives one result in every runtime for ONNX.
# Seen: With free axes for time and batch, the usual export, OpenVINO takes the lengths and reads the pads: the
#   final state of a short row is the one after all its pads, as if each row had the full length. With fixed shapes
#   (reshape before compile_model) the same file gives the result of onnxruntime. No warning in either case. GRU
#   and RNN nodes are alike.
# Why it matters: A batch of texts of different lengths has wrong vectors for all but the longest. One text at a
#   time, which is how most people try a runtime, is right.
# SeqTwin: fixed: its docs said that any ONNX runtime works. They and the README of every export now name ONNX
#   Runtime, with which the vectors are checked, and what another one must support.
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

rng = np.random.default_rng(0)
shapes = {"W": (1, 12, 2), "R": (1, 12, 3), "B": (1, 24)}
weights = [
    onnx.numpy_helper.from_array(rng.normal(size=size).astype(np.float32), name) for name, size in shapes.items()
]
node = helper.make_node("LSTM", ["X", "W", "R", "B", "lengths"], ["", "last"], hidden_size=3)
inputs = [
    helper.make_tensor_value_info("X", TensorProto.FLOAT, ["time", "batch", 2]),
    helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
]
output = helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, "batch", 3])
graph = helper.make_graph([node], "lstm", inputs, [output], weights)
file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
batch = rng.normal(size=(5, 2, 2)).astype(np.float32)


def by_openvino(lengths, fixed):
    core = openvino.Core()
    model = core.read_model(file)
    if fixed:
        model.reshape({"X": batch.shape, "lengths": lengths.shape})
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"X": batch, "lengths": lengths})["last"][0]


lengths, full = np.array([5, 2], np.int32), np.array([5, 5], np.int32)
right = session.run(None, {"X": batch, "lengths": lengths})[0][0]
unmasked = session.run(None, {"X": batch, "lengths": full})[0][0]
free, fixed = by_openvino(lengths, False), by_openvino(lengths, True)
print("row of length 2: onnxruntime", right[1], "openvino, free axes", free[1], "fixed shapes", fixed[1])
assert np.allclose(fixed, right, atol=1e-5) and np.allclose(free[0], right[0], atol=1e-5)
assert np.allclose(free[1], unmasked[1], atol=1e-5) and abs(free[1] - right[1]).max() > 0.1
PY
