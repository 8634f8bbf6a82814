"""One flipped bit in any file of a study, an encoder or an index: `verify` finds it, and no report is another one.

    PYTHONPATH=src:tests python tests/faults/flip_bits.py FLIPS [SEED]

Prints one JSON line.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from scenarios import in_this_process

import tiny
from seqtwin.config import parse_study
from seqtwin.errors import DamagedError
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.reporting.page.write_report import report_files, write_report
from seqtwin.reporting.table.study_table import read_study
from seqtwin.study import tuning, worker_pool
from seqtwin.study.compare import compare
from seqtwin.verify import verify_folder

KINDS = ("study", "encoder", "exact", "hnsw", "ivfpq", "onnx")
REPORTS = 20  # every such flip of a study file is also shown to a report, which takes a second


def published_study(root: Path) -> Path:
    """Two tuned pairings with a seed each, and their report. Trials and workers must be patched."""
    base = tiny.raw_run(tiny.write_pairs(root / "data"), fit={"epochs": 1})
    grid = {"representation": ["final_hidden", "max_output"]}
    study = compare(parse_study({"base": base, "grid": grid, "seeds": 1}), root / "study", jobs=1)
    write_report(study.path)
    return study.path


def saved_folders(root: Path) -> dict[str, Path]:
    """A folder of every kind."""
    found = {"study": published_study(root), "encoder": tiny.saved_encoder(root / "encoder")}
    encoder = load(found["encoder"])
    texts = sorted({"".join(sides) for sides in np.random.default_rng(0).choice(list("abcdef"), (3000, 5))})
    for kind in ("exact", "hnsw", "ivfpq"):
        Index.build(encoder, texts, kind=kind).save(root / kind)
        found[kind] = root / kind
    found["onnx"] = export_onnx(encoder, root / "onnx")
    return found


def files_of(folder: Path) -> list[Path]:
    """Every file that is not hidden."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def read_by_a_report(study: Path) -> list[Path]:
    """The files that a report of a study reads."""
    own = [p for p in files_of(study) if "encoder" not in p.parts and "report" not in p.parts]
    return [p for p in own if p.name != "best.json"]


def outcome(study: Path, expected: dict[str, str | bytes]) -> str | int:
    """Whether the report is as expected, or the exit code of its refusal."""
    try:
        return "the same" if report_files(read_study(study)) == expected else "another report"
    except DamagedError as error:
        return error.exit_code if Path(error.place).is_relative_to(study) else "no place"


def flip_bits(flips: int, seed: int) -> dict[str, object]:
    """Flip one bit after another, each undone before the next: how often, and what was not noticed."""
    worker_pool.run_some = in_this_process  # type: ignore[assignment]
    tuning.trials_of = lambda _: 2  # type: ignore[assignment]
    draw, wrong = np.random.default_rng(seed), []
    with tempfile.TemporaryDirectory() as home:
        saved = saved_folders(Path(home))
        expected, read = report_files(read_study(saved["study"])), {*read_by_a_report(saved["study"])}
        for number in range(flips):
            kind = KINDS[number % len(KINDS)]
            path = files_of(saved[kind])[int(draw.integers(len(files_of(saved[kind]))))]
            whole = path.read_bytes()
            data = bytearray(whole)
            data[int(draw.integers(len(data)))] ^= 1 << int(draw.integers(8))
            path.write_bytes(data)
            if not verify_folder(saved[kind]).damage:
                wrong.append(f"flip {number}: {path.relative_to(home)} is not noticed by verify")
            if path in read and number // len(KINDS) % REPORTS == 0:
                shown = outcome(saved["study"], expected)
                wrong += [] if shown in (3, "the same") else [f"flip {number}: {path.relative_to(home)} gives {shown}"]
            path.write_bytes(whole)
    return {"tried": flips, "wrong": wrong}


def main() -> None:
    """Flip so many bits, and print the counts."""
    torch.set_num_threads(1)
    flips, *seed = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(flip_bits(flips, seed[0] if seed else 0)) + "\n")


if __name__ == "__main__":
    main()
