"""Peak memory and speed of `seqtwin encode` for files of growing length. Memory must not grow with them.

python benchmarks/streaming.py runs/small/encoder [--rows 1000000]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SYLLABLES = ["ka", "mo", "ri", "ta", "sen", "vil", "burg", "ton", "a", "sk", "grad", "\u014d", "\u00fc", "la"]
# the program under test; it prints its own peak memory
CODE = """
import resource, sys
from pathlib import Path
from seqtwin.inference.trained_encoder import load
from seqtwin.inference.encode_files import encode_file
encoder = load(sys.argv[1])
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
encode_file(encoder, Path(sys.argv[2]), Path(sys.argv[3]), column="name")
print(start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_names(path: Path, rows: int) -> None:
    """Write a table of random names of two to four syllables."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("id,name\n")
        for row in range(rows):
            file.write(f"{row},{''.join(rng.choice(SYLLABLES, rng.integers(2, 5)))}\n")


def measured(encoder: Path, rows: int, ending: str) -> str:
    """One line: seconds, texts per second, MiB before the run and at the peak."""
    with tempfile.TemporaryDirectory() as home:
        table, out = Path(home) / "names.csv", Path(home) / f"v{ending}"
        write_names(table, rows)
        began = time.perf_counter()
        command = [sys.executable, "-c", CODE, str(encoder), str(table), str(out)]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - began
        before, peak = (int(kib) / 1024 for kib in found.stdout.split())
        size = out.stat().st_size / 2**20
    speed = f"{rows / seconds:9,.0f}/s"
    memory = f"loaded {before:4.0f} MiB  peak {peak:4.0f} MiB"
    return f"{rows:>9,} {ending:<9}{seconds:7.1f} s {speed}  file {size:7.1f} MiB  {memory}"


def main() -> None:
    """Print one line for a tenth of the rows and one for all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    for rows, ending in ((given.rows // 10, ".npy"), (given.rows, ".npy"), (given.rows // 10, ".parquet")):
        print(measured(given.encoder, rows, ending))


if __name__ == "__main__":
    main()
