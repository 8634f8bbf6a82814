"""The largest numbers that a config may contain, and whether a model fits into the memory of this machine.

The limits are far above sensible values. They turn a slip of the keyboard into a message instead of a hang.
"""

import os
from contextlib import suppress
from pathlib import Path

from seqtwin.errors import ResourceError

WIDTH = 65_536  # hidden units, embeddings, projections
LAYERS = 64
VOCABULARY = 5_000_000
ROWS = 50_000_000
DRAWN_PAIRS = 1_000_000  # of a built-in data set, whose pairs are drawn
EPOCHS = 100_000
BATCH = 1_000_000
THREADS = 1_024
SEEDS = 1_000
PROCESSES = 256  # of one training
CELLS = 100_000  # of one study
COPIES = 1_000  # of one text
PATH = 4_096  # characters

# the weights, their gradients and two averages of the optimizer
TRAINED_BYTES = 16
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def machine_memory() -> int:
    """The bytes of memory that this process may use: those of the machine, or less where a container has a limit."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        return min(whole, int(_CGROUP.read_text(encoding="ascii")))
    return whole


def not_enough_memory(need: int, have: int, what: str, place: str, remedy: str) -> ResourceError:
    """The error for something that needs more bytes than there are. `place`: the setting that decides it."""
    cause = f"{what} needs at least {_gib(need)}, but this machine has {_gib(have)} of memory"
    return ResourceError("MEMORY_NEEDED", cause, place=place, remedy=remedy)


def _gib(number: int) -> str:
    return f"{number / 2**30:,.1f} GiB"
