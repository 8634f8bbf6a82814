#!/usr/bin/env bash
# Library: onnx 1.23.2 (onnx.reference); onnxruntime 1.31.1 for comparison
# Guess: The reference evaluator is what others are tested against, so it follows sequence_lens in LSTM nodes.
# Seen: It takes the input and ignores it. The last state of a text of two steps is the state after all five,
#   pads included. onnxruntime stops at the length.
# Why it matters: An export that is checked against the reference looks wrong when it is right, and right when
#   it includes pads.
# SeqTwin: not affected: its graphs are checked with onnxruntime against the encoder's own vectors.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'onnx==1.23.2' 'onnxruntime==1.31.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

random = np.random.default_rng(0)
shapes = {"X": (5, 2, 3), "W": (1, 16, 3), "R": (1, 16, 4), "B": (1, 32)}
feed = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in feed.items()]
inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, [2]))
node = helper.make_node("LSTM", ["X", "W", "R", "B", "lengths"], ["", "last"], hidden_size=4)
graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, 2, 4])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
short, full = np.array([5, 2], dtype=np.int32), np.array([5, 5], dtype=np.int32)

def last(run, lengths):
    return run(None, {**feed, "lengths": lengths})[0][0, 1]

for name, run in {"onnx.reference": ReferenceEvaluator(model).run, "onnxruntime": session.run}.items():
    differ = float(np.abs(last(run, short) - last(run, full)).max())
    print(f"{name}: length 2 and length 5 differ by {differ:.3f}")
    assert (differ == 0) is (name == "onnx.reference")
assert np.allclose(last(session.run, full), last(ReferenceEvaluator(model).run, full), atol=1e-5)
PY
