"""The processes beside the workers: they start quickly, because they load little."""

import subprocess
import sys

from seqtwin.study import worker_pool


def test_the_process_with_the_queue_starts_without_torch() -> None:
    module = worker_pool.serve_until_driver_ends.__module__
    code = f"import sys, {module}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
