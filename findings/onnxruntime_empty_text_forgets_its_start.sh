#!/usr/bin/env bash
# Library: onnxruntime 1.31.1, onnx 1.23.2
# Guess: A recurrent node that reads no step leaves the state as it was: with length 0 the last state is
#   initial_h.
# Seen: It is zero. The initial state of that row is lost, for LSTM and GRU alike.
# Why it matters: In streaming, an empty chunk resets the state. A decoder whose start is a text's
#   vector forgets that vector.
# SeqTwin: not affected: every text has one step or more, because empty texts are refused or read as one
#   unknown token.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'onnx==1.23.2' 'onnxruntime==1.31.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

for kind, gates in (("LSTM", 4), ("GRU", 3)):
    feed = {
        "X": np.ones((3, 2, 1), np.float32),
        "W": np.ones((1, gates, 1), np.float32),
        "R": np.ones((1, gates, 1), np.float32),
        "start": np.full((1, 2, 1), 0.5, np.float32),
        "lengths": np.array([3, 0], np.int32),
    }
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
    inputs = [helper.make_tensor_value_info(name, types[value.dtype], value.shape) for name, value in feed.items()]
    node = helper.make_node(kind, ["X", "W", "R", "", "lengths", "start"], ["", "last"], hidden_size=1)
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, 2, 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    read, unread = session.run(None, feed)[0].ravel()
    print(f"{kind}: start 0.5, after three steps {read:.3f}, after none {unread}")
    assert read != 0.5 and unread == 0
PY
