#!/usr/bin/env bash
# Library: onnxruntime 1.31.1, onnx 1.23.2; torch 2.13.0 for the weights
# Guess: A GRU's weights, with the gates in ONNX's order, give the numbers of nn.GRU.
# Seen: By default the ONNX node applies the reset gate before the recurrent product, as the paper does.
#   PyTorch applies it afterwards. Only linear_before_reset=1 gives PyTorch's numbers. With zero recurrent
#   biases the difference stays.
# Why it matters: A graph that was written by hand runs, has the right shapes, and ranks names slightly wrong.
# SeqTwin: handles it: its ONNX export sets linear_before_reset, and compares vectors before it publishes a
#   folder.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'onnx==1.23.2' 'onnxruntime==1.31.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime as ort
import torch
from onnx import TensorProto, helper

torch.manual_seed(0)
gru = torch.nn.GRU(3, 4)
torch.nn.init.zeros_(gru.bias_hh_l0)
x = torch.randn(5, 2, 3)
expected = gru(x)[1].detach().numpy()

def reordered(parameter):  # torch: r z n; ONNX: z r n
    r, z, n = parameter.detach().chunk(3)
    return torch.cat([z, r, n]).numpy()

biases = np.concatenate([reordered(gru.bias_ih_l0), reordered(gru.bias_hh_l0)])
feed = {"X": x.numpy(), "W": reordered(gru.weight_ih_l0)[None], "R": reordered(gru.weight_hh_l0)[None], "B": biases[None]}
inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in feed.items()]
apart = {}
for reset in (0, 1):
    node = helper.make_node("GRU", list(feed), ["", "last"], hidden_size=4, linear_before_reset=reset)
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, 2, 4])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    apart[reset] = float(np.abs(session.run(None, feed)[0] - expected).max())
    print(f"linear_before_reset={reset}: largest difference from nn.GRU {apart[reset]:.1e}")
assert apart[0] > 1e-3 and apart[1] < 1e-5
PY
