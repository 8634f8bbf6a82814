"""A structure of faiss is opened in a process of its own first, under limits of memory and time.

faiss trusts the numbers in a file, and a forged one could end the process or take all memory. This file is both: the
check, and the program of the other process, which imports nothing of SeqTwin.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

SECONDS, BYTES_PER_SECOND = 60.0, 20e6
SPARE = 4 << 30  # bytes of address space for Python, NumPy and faiss themselves
_PASSED: set[bytes] = set()

Within = Callable[[Any, int, int], bool]


def problem_of(data: bytes, *, seconds: float | None = None) -> str:
    """Why these bytes are not a sound structure of faiss; empty if they are. Each structure is checked once."""
    digest = hashlib.sha256(data).digest()
    if digest in _PASSED:
        return ""
    limit = SECONDS + len(data) / BYTES_PER_SECOND if seconds is None else seconds
    command = [sys.executable, "-I", __file__, json.dumps([path for path in sys.path if path]), str(len(data))]
    try:
        child = subprocess.run(command, input=data, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"it could not be opened in {limit:.3g} seconds"
    if child.returncode == 0:
        _PASSED.add(digest)
        return ""
    lines = child.stderr.decode("utf-8", "replace").splitlines()
    own = child.returncode == 1 and lines
    return lines[-1][:200] if own else f"the process that opened it ended with code {child.returncode}"


def _check(structure: Any) -> str:
    """Why a structure is not sound: its type, or numbers that point outside of it; empty if it is."""
    import faiss

    def within(numbers: Any, low: int, high: int) -> bool:
        return len(numbers) == 0 or (int(numbers.min()) >= low and int(numbers.max()) < high)

    if type(structure) is faiss.IndexHNSWFlat:
        return _check_graph(structure, within)
    if type(structure) is faiss.IndexIVFPQ:
        return _check_lists(structure, within)
    return f"an unexpected kind of structure: {type(structure).__name__}"


def _check_graph(structure: Any, within: Within) -> str:
    import faiss
    import numpy as np

    graph, count = structure.hnsw, structure.ntotal
    storage: Any = faiss.downcast_index(structure.storage)
    neighbours, offsets = faiss.vector_to_array(graph.neighbors), faiss.vector_to_array(graph.offsets).astype(np.int64)
    levels, widths = faiss.vector_to_array(graph.levels), faiss.vector_to_array(graph.cum_nneighbor_per_level)
    sound = (
        type(storage) in (faiss.IndexFlat, faiss.IndexFlatL2, faiss.IndexFlatIP)
        and storage.ntotal == count
        and storage.d == structure.d
        and storage.codes.size() == count * storage.d * 4
        and len(levels) == count
        and len(offsets) == count + 1
        and within(neighbours, -1, count)
        and within(levels, 1, len(widths))
        and -1 <= graph.entry_point < count
        and graph.max_level < len(widths) - 1
        and offsets[0] == 0
        and offsets[-1] == len(neighbours)
        and bool((np.diff(offsets) == widths[levels]).all())
    )
    return "" if sound else "numbers in its graph point outside of it"


def _check_lists(structure: Any, within: Within) -> str:
    import faiss

    quantizer: Any = faiss.downcast_index(structure.quantizer)
    lists, coder, count = structure.invlists, structure.pq, structure.ntotal
    width = structure.d
    sizes = [lists.list_size(number) for number in range(min(lists.nlist, count + 1))]
    sound = (
        type(quantizer) in (faiss.IndexFlat, faiss.IndexFlatL2, faiss.IndexFlatIP)
        and quantizer.ntotal == lists.nlist == structure.nlist == len(sizes)
        and quantizer.d == width
        and quantizer.codes.size() == quantizer.ntotal * width * 4
        and sum(sizes) == count
        and coder.M * coder.dsub == coder.d == width
        and coder.centroids.size() == coder.M * coder.ksub * coder.dsub
        and lists.code_size == coder.code_size == structure.code_size
        and all(
            within(faiss.rev_swig_ptr(lists.get_ids(number), size), 0, count)
            for number, size in enumerate(sizes)
            if size
        )
    )
    return "" if sound else "numbers in its lists point outside of it"


def _limit(size: int) -> None:
    """Limit the memory of this process to a multiple of the file, and its time."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is limited by the parent
        return
    most = SPARE + 8 * size
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Open the structure on standard input; exit with code 0 if it is sound, or with what is wrong with it."""
    sys.path[:] = json.loads(sys.argv[1])
    size = int(sys.argv[2])
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(1)
    _limit(size)
    try:
        problem = _check(faiss.deserialize_index(np.frombuffer(sys.stdin.buffer.read(), dtype=np.uint8)))
    except (RuntimeError, MemoryError, AssertionError, AttributeError, ValueError) as error:
        problem = f"not a structure of faiss: {' '.join(str(error).split())[:120] or type(error).__name__}"
    sys.exit(problem or 0)  # a text is printed to stderr, with code 1


if __name__ == "__main__":
    main()
