"""Free memory of a worker, counted in page faults of a process that has Dask's setting."""

import os
import platform
import subprocess
import sys

import pytest

COUNT = """
import resource
import numpy as np
from seqtwin.cluster.worker_memory import keep_free_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.zeros(2**18) + 1  # 2 MiB twice
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
first = faults()
keep_free_memory()
faults()
print(first, faults())
"""


def faults_with(threshold: str) -> tuple[int, int]:
    """Page faults of the same work before and after `keep_free_memory`."""
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": threshold}
    done = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    return before, after


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_a_worker_of_dask_keeps_its_free_memory() -> None:
    before, after = faults_with("65536")
    assert before > 10_000
    assert after < 1000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_a_setting_of_the_user_stays() -> None:
    _, after = faults_with("65537")
    assert after > 10_000
