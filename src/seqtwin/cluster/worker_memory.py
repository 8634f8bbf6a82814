"""Free memory in a worker process: kept for the next training step, not given back at once."""

import ctypes
import os
import sys
from contextlib import suppress

SETTING, OF_DASK = "MALLOC_TRIM_THRESHOLD_", "65536"
# options of glibc's mallopt: from how much free memory some is given back, and from which size it is mapped separately
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT, SEPARATE = 2**27, 2**25


def keep_free_memory() -> None:
    """Let this process keep its free memory where Dask has set it to give memory back at once.

    Dask starts workers so (dask/distributed 2026.8). Every tensor is then mapped anew, page by page, and training an
    LSTM takes more than twice the CPU seconds. Only glibc is affected; a setting of the user stays as it is.
    """
    if sys.platform == "linux" and os.environ.get(SETTING) == OF_DASK:
        with suppress(OSError, AttributeError):  # another libc has no such options
            allocator = ctypes.CDLL(None)
            allocator.mallopt(TRIM_THRESHOLD, KEPT)
            allocator.mallopt(MMAP_THRESHOLD, SEPARATE)
