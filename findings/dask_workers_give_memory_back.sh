#!/usr/bin/env bash
# Library: distributed 2026.8.0 with torch 2.13.0 (CPU), on Linux with glibc
# Guess: A process that Dask starts as a worker trains a network with the same CPU seconds as any other process.
# Seen: Memory that is free goes back to the system at once, and is mapped again page by page: in training steps of an
#   LSTM there are over ten times as many page faults, and more than twice the CPU seconds. Dask starts workers with
#   MALLOC_TRIM_THRESHOLD_=65536. Any value of it also stops glibc from raising the size from which it maps memory
#   separately, so a larger value alone does not help.
# Why it matters: A study, a search of settings or a bulk encoding on Dask is slower than the same in a pool of
#   processes, and nothing says so.
# SeqTwin: fixed: a worker on which a study or a bulk command works keeps its free memory.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6' 'dask==2026.8.0' 'distributed==2026.8.0'
cat > "$tmp/steps.py" <<'PY'
import resource
import time

import torch


def train() -> tuple[float, int]:
    """CPU seconds and page faults of 60 steps, after 20 others."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(64, 64, batch_first=True, bidirectional=True)
    batch = torch.randn(64, 20, 64)
    for step in range(80):
        if step == 20:
            start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        lstm(batch)[0].square().mean().backward()
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
PY
cat > "$tmp/run.py" <<'PY'
import dask
from distributed import Client, LocalCluster

from steps import train


def measured(settings: dict[str, object]) -> tuple[float, int]:
    """The steps in a worker of a cluster with these settings of Dask."""
    with dask.config.set(settings), LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        with Client(cluster) as client:
            return client.submit(train).result()


if __name__ == "__main__":
    # the cluster without the setting comes first: Dask also sets it in the process that starts a cluster
    without = measured({"distributed.nanny.pre-spawn-environ": {}})
    usual = measured({})
    for name, (seconds, faults) in {"without the setting": without, "as Dask starts it": usual}.items():
        print(f"worker {name}: {seconds:.2f} CPU seconds, {faults} page faults")
    assert usual[1] > 5 * max(without[1], 1000), "about as many page faults with the setting as without it"
PY
cd "$tmp"
"$tmp/venv/bin/python" run.py
