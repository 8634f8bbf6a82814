"""Encoding of a corpus of many files on local workers: efficiency of two workers, and memory of a worker by rows.

    benchmarks/bulk.py [efficiency] [ROWS ...]

Without arguments, only the page is written again from the figures measured so far. Seconds of CPU are those of the
worker processes; wall seconds also count what else the machine does. The corpus is made of random names, in Parquet
files. The encoder is untrained, as its weights do not change the work.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measured_page import Results, read_results

from seqtwin.build import Blueprint, build_siamese
from seqtwin.bulk.check_parts import check_parts, parts_of
from seqtwin.bulk.corpus_files import find_files
from seqtwin.bulk.encode_parts import encode_parts, open_output
from seqtwin.bulk.worker_encoder import EncoderAt, check_workers
from seqtwin.cluster.client import connect
from seqtwin.config import EncoderConfig
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.files import dump_json, publish_text
from seqtwin.inference.load import load_either
from seqtwin.store import Stored, save_encoder

HOME = Path(__file__).parent.parent / "experiments" / "bulk"
SYLLABLES = np.array(["ka", "mo", "ri", "ta", "sen", "vil", "burg", "ton", "a", "sk", "grad", "la", "ne", "po"])
SIZES = {
    "efficiency": ({"cell": "lstm", "embedding": 64, "hidden": 128}, 480_000, 24),
    "memory": ({"cell": "gru"}, 0, 4),
}
SMALL = {"embedding": 16, "hidden": 32}
GROUP = 25_000  # rows of a row group, the same for any number of rows: a worker reads it page by page
MIB = 2**20
LEFT = 1000  # names that `link` looks for
ASKED = 1.8
INTRODUCTION = (
    "`python benchmarks/bulk.py efficiency ROWS ...` measures `encode --dask` on a corpus of random names in",
    "Parquet files. The encoder is untrained, as its weights do not change the work. Seconds of CPU are those of the",
    "worker processes once they have loaded the encoder; wall seconds also count what else the machine does.",
)


def write_encoder(folder: Path, **settings: Any) -> EncoderAt:
    """An untrained encoder of characters."""
    tokens = train_tokenizer(["".join(SYLLABLES)], unit="char")
    parts = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}
    blueprint = Blueprint(
        inputs="tokens", size=tokens.size, letters=0, encoder=EncoderConfig(**{**SMALL, **settings}), **parts
    )
    save_encoder(folder, Stored(build_siamese(blueprint, seed=0).eval(), blueprint, tokens, {}), "# untrained\n")
    return EncoderAt(str(folder), load_either(folder).fingerprint)


def write_corpus(folder: Path, rows: int, files: int, syllables: int = 4) -> None:
    """Random names with an id. They have up to this number of syllables; the third and fourth can be missing."""
    folder.mkdir()
    schema = pa.schema({"id": pa.int64(), "name": pa.string()})
    rng = np.random.default_rng(0)
    for number in range(files):
        with pq.ParquetWriter(folder / f"part-{number:02d}.parquet", schema) as writer:
            left = rows // files
            while left:
                count = min(left, GROUP)
                drawn = SYLLABLES[rng.integers(0, len(SYLLABLES), (syllables, count))]
                drawn[2, rng.random(count) < 0.5] = drawn[3, rng.random(count) < 0.5] = ""
                names = drawn[0]
                for more in drawn[1:]:
                    names = np.char.add(names, more)
                ids = rng.integers(0, 2**40, count)
                writer.write_table(pa.table({"id": ids, "name": names.tolist()}, schema=schema))
                left -= count


def run(home: Path, at: EncoderAt, workers: int) -> dict[str, Any]:
    """Encode the corpus on new local workers: wall seconds, CPU seconds and peak MiB of each worker."""
    out = home / f"out-{workers}"
    parts = parts_of(find_files(home / "corpus"), out, "name", None)
    with connect(f"local:{workers}") as client, open_output(out, parts) as lock:
        check_workers(client, at, [lock])
        before, began = client.run(time.process_time), time.monotonic()
        checked = check_parts(client, at, parts, lambda *_: None)
        encoded = encode_parts(client, at, checked, lambda *_: None)
        wall, after = time.monotonic() - began, client.run(time.process_time)
    return {
        "rows": encoded.rows,
        "wall": round(wall, 1),
        "cpu": sorted(round(after[worker] - before[worker], 1) for worker in after),
        "peak": sorted(round(peak / MIB) for peak in encoded.memory.values()),
    }


def measure(what: str, rows: int, workers: tuple[int, ...]) -> list[dict[str, Any]]:
    """The same corpus with these numbers of workers."""
    settings, usual, files = SIZES[what]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        at = write_encoder(home / "encoder", **settings)
        write_corpus(home / "corpus", rows or usual, files)
        return [run(home, at, count) for count in workers]


def page(results: Mapping[str, Any]) -> str:
    """The page of the figures."""
    lines = ["# Bulk encoding on local workers", "", *INTRODUCTION, ""]
    lines += two_workers(results) if "efficiency" in results else []
    lines += memory_by_rows(results["memory"]) if "memory" in results else []
    return "\n".join([*lines, *(other_commands(results["commands"]) if "commands" in results else [])])


def two_workers(results: Mapping[str, Any]) -> list[str]:
    """The section about two workers against one."""
    one, two = results["efficiency"]
    alone, longest, files = one["cpu"][0], two["cpu"][-1], SIZES["efficiency"][2]
    both = f"{sum(two['cpu']):.1f} s"
    by_cpu, by_wall = f"{alone / longest:.2f}", f"{one['wall'] / two['wall']:.2f}"
    return [
        "## Two workers against one",
        "",
        f"{one['rows']:,} names in {files} files, LSTM of width 128. The files are checked, then encoded.",
        "",
        "| workers | CPU seconds of each worker | wall seconds |",
        "| ---: | ---: | ---: |",
        *(f"| {len(each['cpu'])} | {', '.join(map(str, each['cpu']))} | {each['wall']} |" for each in (one, two)),
        "",
        f"By CPU seconds two workers are {by_cpu} times as fast as one (asked: {ASKED:g}): {alone} s against",
        f"{longest} s of the worker that had more to do. Both together used {both}.",
        f"The wall seconds give {by_wall}, at a load average of {results['load']} on",
        f"{results['cores']} cores.",
        "",
    ]


def memory_by_rows(memory: Mapping[str, Any]) -> list[str]:
    """The section about the memory of a worker."""
    rows = sorted((int(rows), found["peak"], sum(found["cpu"])) for rows, found in memory.items())
    return [
        "## Memory of a worker",
        "",
        f"Two workers, {SIZES['memory'][2]} files with row groups of {GROUP:,}, GRU of width {SMALL['hidden']}.",
        "",
        "| rows | peak MiB of each worker | CPU seconds of both | rows per CPU second |",
        "| ---: | ---: | ---: | ---: |",
        *(f"| {n:,} | {', '.join(map(str, peak))} | {cpu:.0f} | {n / cpu:,.0f} |" for n, peak, cpu in rows),
        "",
    ]


def other_commands(commands: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The section about the memory of index, dedupe and link."""
    lines = [
        "## Memory of index, dedupe and link",
        "",
        "`python benchmarks/bulk_commands.py index 10000 dedupe 10000 ...` runs the command itself, with the encoder",
        "above and such files. The names are longer, so nearly all are different. `link` looks for",
        f"{LEFT:,} names in so many rows.",
        "",
        "| command | rows | peak MiB of each worker | peak MiB of the command | CPU seconds of both workers |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    grown = []
    for command, by_rows in commands.items():
        found = sorted((int(rows), each) for rows, each in by_rows.items())
        lines += [
            f"| {command} | {rows:,} | {', '.join(map(str, each['peak']))} | {each['own_peak']:,} | {each['cpu']:.0f} |"
            for rows, each in found
        ]
        if len(found) < 2:
            continue
        (less, before), (more, after) = found[-2:]
        per_row = MIB * (after["own_peak"] - before["own_peak"]) / (more - less)
        grown.append(f"{round(per_row, -1):,.0f} bytes with `{command}`")
    return [
        *lines,
        "",
        "A worker of `dedupe` and `link` compares 4,096 texts with at most 65,536 vectors, so its memory hardly grows",
        "beyond 65,536 rows. That of the command grows with each row, between the last two sizes by",
        f"{', '.join(grown)}.",
        "",
    ]


def keep(results: Results) -> None:
    """Keep the figures and write the page."""
    HOME.mkdir(parents=True, exist_ok=True)
    publish_text(HOME / "results.json", dump_json(results))
    publish_text(HOME / "README.md", page(results))


def main() -> None:
    """Measure what the command line names."""
    given, results = sys.argv[1:], read_results(HOME)
    if "efficiency" in given:
        results["efficiency"] = measure("efficiency", 0, (1, 2))
        results |= {"load": round(os.getloadavg()[1], 1), "cores": os.cpu_count()}
        keep(results)
    for rows in (int(text) for text in given if text.isdigit()):
        results["memory"] = {**results.get("memory", {}), str(rows): measure("memory", rows, (2,))[0]}
        keep(results)
    keep(results)
    print(page(results))


if __name__ == "__main__":
    main()
