#!/usr/bin/env bash
# Library: torch 2.13.0 (CPU)
# Guess: The maximum over the steps costs about the same, however it is written: torch.max, which also returns places,
#   takes perhaps twice the time of amax, which does not. Comparing two tensors costs as much as subtracting them.
# Seen: On outputs [110 13 256], one thread: max(1) takes about 30 times the CPU time of amax(1), and argmax(1) over 100
#   times. A comparison whose result is booleans takes 3 to 6 times as long as the same comparison with out= a tensor of
#   floats, which takes as long as a subtraction.
# Why it matters: max pooling of an RNN is mostly written torch.max(outputs, 1)[0]. It then takes longer than a step of
#   the recurrence, and so does a mask of booleans over all outputs.
# SeqTwin: fixed: its max pooling used amax, but compared into booleans in the gradient.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
cat > "$tmp/run.py" <<'PY'
import time
from collections.abc import Callable

import torch

torch.set_num_threads(1)
outputs = torch.randn(110, 13, 256, generator=torch.Generator().manual_seed(0))
largest = outputs.amax(1, keepdim=True)
numbers, booleans = torch.empty_like(outputs), torch.empty_like(outputs, dtype=torch.bool)
WAYS: dict[str, Callable[[], object]] = {
    "amax(1)": lambda: outputs.amax(1),
    "max(1)": lambda: outputs.max(1),
    "argmax(1)": lambda: outputs.argmax(1),
    "subtract": lambda: torch.sub(outputs, largest, out=numbers),
    "compare into floats": lambda: torch.eq(outputs, largest, out=numbers),
    "compare into booleans": lambda: torch.eq(outputs, largest, out=booleans),
}


def seconds(way: Callable[[], object]) -> float:
    """CPU seconds of a hundred calls: the fewest of seven."""
    found = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(100):
            way()
        found.append(time.process_time() - start)
    return min(found)


taken = {name: seconds(way) for name, way in WAYS.items()}
for name, own in taken.items():
    print(f"{name}: {own * 1e4:.0f} microseconds")
assert torch.equal(outputs.max(1).values, outputs.amax(1))
assert taken["max(1)"] > 5 * taken["amax(1)"], "max is nearly as fast as amax"
assert taken["argmax(1)"] > 20 * taken["amax(1)"], "argmax is nearly as fast as amax"
assert taken["compare into floats"] < 2 * taken["subtract"], "comparing into floats is slow"
assert taken["compare into booleans"] > 2 * taken["compare into floats"], "booleans are nearly as fast"
PY
"$tmp/venv/bin/python" "$tmp/run.py"
