"""Studies, runs and encoders with one odd value in a JSON file, whose hashes fit: each reader works or refuses it.

    PYTHONPATH=src:tests python tests/faults/forged_studies.py COUNT [SEED]

Prints one JSON line.
"""

import copy
import json
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from flip_bits import published_study
from fuzz_readers import limited
from scenarios import in_this_process

import seqtwin
import tiny
from resealed import reseal
from seqtwin.cards import sealed_text
from seqtwin.config import parse_study
from seqtwin.errors import SeqTwinError
from seqtwin.explain.explain import explain
from seqtwin.files import MANIFEST, sha256
from seqtwin.guards.seals import SEAL, seal_of
from seqtwin.inference.trained_encoder import load
from seqtwin.reporting.findings.diagnose import diagnose_cell
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.study_table import read_study
from seqtwin.store import CARD, README_SEAL
from seqtwin.study import quick, tuning, worker_pool
from seqtwin.study.compare import compare
from seqtwin.verify import verify_folder

Place = tuple[int | str, ...]
GONE = object()
DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (
    GONE, None, True, False, -1, 0, 1, 7, 10**12, 2**63, 10**30, -0.5, 0.5, 1e39, 1e308, float("nan"), "", "x", "../x",
    "=1+1", "nan", "\x1b[2J", "x" * 5000, [], {}, [None], ["x"], [1, 2], {"name": "x"}, {"x": None}, [[[]]], DEEP,
)  # fmt: skip
READS_TWO = (0, 2, 3, 5)  # exit codes of a refusal, or none


@dataclass(frozen=True)
class Forged:
    """A JSON file with an odd value. `what`: the value and its place."""

    path: Path
    what: str
    content: dict[str, Any]


def json_files(home: Path) -> list[Path]:
    """The JSON files that readers of a study, a run and an encoder believe."""
    found = sorted(path.relative_to(home) for path in home.rglob("*.json"))
    shown = [path for path in found if not any(step.startswith(".") for step in path.parts)]
    return [home / path for path in shown if path.name not in ("holder.json", "tokenizer.json")]


def forgeries(home: Path, count: int, seed: int) -> Iterator[Forged]:
    """So many forged files: each file in turn, with an odd value at a random place."""
    draw, every = np.random.default_rng(seed), json_files(home)
    for number in range(count):
        path = every[number % len(every)]
        content = json.loads(path.read_text(encoding="utf-8"))
        places = [place for place in _places(content) if place[0] not in (SEAL, "files", "pages", README_SEAL)]
        place, odd = places[int(draw.integers(len(places)))], ODD[int(draw.integers(len(ODD)))]
        shown = "gone" if odd is GONE else "deep" if odd is DEEP else repr(odd)[:40]
        what = f"{path.relative_to(home)}: {'.'.join(map(str, place))} = {shown}"
        yield Forged(path, what, _with(content, place, odd))


def _places(content: Any, above: Place = ()) -> Iterator[Place]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*above, key)
        yield from _places(value, (*above, key))


def _with(content: dict[str, Any], place: Place, odd: Any) -> dict[str, Any]:
    whole = copy.deepcopy(content)
    section: Any = whole
    for key in place[:-1]:
        section = section[key]
    if odd is GONE:
        del section[place[-1]]
    else:
        section[place[-1]] = odd
    return whole


def write_sealed(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, and reseal what contains its hash: its own seal, and the manifests of the folders above."""
    plain = {key: value for key, value in content.items() if key != SEAL}
    if SEAL in content:
        with suppress(ValueError):  # nothing that is no number has a seal
            content = {**plain, SEAL: seal_of(plain, {README_SEAL} if path.name == CARD else frozenset())}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    table = path.parent / "study.json"
    if path.name == "analysis.json" and table.exists():
        study = json.loads(table.read_text(encoding="utf-8"))
        table.write_text(sealed_text({**study, "files": {**study["files"], path.name: sha256(path)}}), encoding="utf-8")
    for folder in path.parents[:2]:
        if (folder / MANIFEST).exists() and path != folder / MANIFEST:
            reseal(folder)


@dataclass(frozen=True)
class Homes:
    """A study with its report, a run and the settings of the study."""

    home: Path
    config: Any

    def readers(self, path: Path) -> dict[str, Callable[[], object]]:
        """The readers of a file, by name."""
        part = path.relative_to(self.home).parts[0]
        return {"study": self._study, "quick": self._quick, "run": self._run}[part](path)

    def _study(self, path: Path) -> dict[str, Callable[[], object]]:
        study = self.home / "study"
        if "report" in path.relative_to(study).parts:
            results = study / "report"
            return {"report": lambda: report_files(read_study(results)), "verify": lambda: verify_folder(study)}
        cells = sorted((study / "cells").iterdir())
        cell = next((own for own in cells if own in path.parents), cells[0])
        found: dict[str, Callable[[], object]] = {
            "report": lambda: report_files(read_study(study)),
            "verify": lambda: verify_folder(study),
            "explain": lambda: explain(cell, jobs=1, only=["single-seed", "saturation"]),
            "diagnose": lambda: diagnose_cell(cell),
            "compare": lambda: compare(self.config, study, jobs=1),  # the last one: it may write
        }
        return found | ({"load": lambda: _use(cell / "encoder")} if path.name == CARD else {})

    def _quick(self, path: Path) -> dict[str, Callable[[], object]]:
        study = self.home / "quick"
        return {
            "report": lambda: report_files(read_study(study)),
            "verify": lambda: verify_folder(study),
            "compare": lambda: quick.quick_compare(self.config, study, quick.Budget(1.0, 1)),
        }

    def _run(self, path: Path) -> dict[str, Callable[[], object]]:
        run = self.home / "run"
        return {
            "load": lambda: _use(run / "encoder"),
            "verify": lambda: verify_folder(run),
            "diagnose": lambda: diagnose_cell(run),
            "explain": lambda: explain(run, jobs=1, only=["saturation"]),
        }


def _use(folder: Path) -> None:
    encoder = load(folder)
    encoder.score(["abc"], ["abd"])
    encoder.explain_pair("abc", "abd")


def make_homes(home: Path) -> Homes:
    """The folders to forge. Trials and workers must be patched."""
    study = published_study(home)
    base = tiny.raw_run(home / "data", fit={"epochs": 1})
    config = parse_study({"base": base, "grid": {"representation": ["final_hidden", "max_output"]}, "seeds": 1})
    explain(sorted((study / "cells").iterdir())[0], jobs=1, only=["single-seed", "saturation"])
    quick.quick_compare(config, home / "quick", quick.Budget(1.0, 1))
    seqtwin.train(base, home / "run")
    return Homes(home, config)


def forge(count: int, seed: int) -> dict[str, object]:
    """Read so many forgeries: how often a reader read or refused one, and what was wrong."""
    worker_pool.run_some = in_this_process  # type: ignore[assignment]
    tuning.trials_of = lambda _: 2  # type: ignore[assignment]
    refused, calls, wrong = 0, 0, list[str]()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base, home = Path(folder) / "base", Path(folder) / "forged"
        homes = make_homes(base)
        shutil.copytree(base, home)
        for forged in forgeries(base, count, seed):
            path = home / forged.path.relative_to(base)
            write_sealed(path, forged.content)
            for name, read in Homes(home, homes.config).readers(path).items():
                calls += 1
                problem = _problem(read)
                refused += problem == "refused"
                if problem not in ("", "refused"):
                    wrong.append(f"{name}, {forged.what}: {problem}")
                    sys.stderr.write(f"{wrong[-1]}\n")
            _restore(base, home)
    return {"tried": count, "points": calls, "refused": refused, "wrong": wrong}


def _problem(read: Callable[[], object]) -> str:
    """What is wrong with a call: nothing, `refused`, or its error."""
    try:
        with limited():
            read()
    except SeqTwinError as error:
        return "refused" if error.exit_code in READS_TWO and error.cause else f"exit code {error.exit_code}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in last if "seqtwin" in frame.filename][-1:]
        at = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in own)
        return f"{type(error).__name__}: {str(error)[:120]}{at}"
    return ""


def _restore(base: Path, home: Path) -> None:
    shutil.rmtree(home)
    shutil.copytree(base, home)


def main() -> None:
    """Read so many forgeries, and print the counts."""
    torch.set_num_threads(1)
    count, *seed = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(forge(count, seed[0] if seed else 0)) + "\n")


if __name__ == "__main__":
    main()
