"""Programs without a main guard and on standard input: one message and exit code 2, or one job in the program."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tiny
from seqtwin.errors import ConfigError
from seqtwin.study import main_guard
from seqtwin.study.grid import expand_grid
from seqtwin.study.main_guard import MainGuardError, check_program, is_guarded, program_fault
from seqtwin.study.worker_pool import TimeUp, Work, run_all

CALL = "study = seqtwin.compare({config!r}, 'study', jobs={jobs})\n"
DONE = "print('trained', len(study.trained), 'failed', study.failed)\n"


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    base = tiny.raw_run(tiny.write_pairs(tmp_path / "data"), fit={"epochs": 1})
    return {"base": base, "grid": {"loss": ["mse", "contrastive"]}, "seeds": 1, "tune": False, "tier": "quick"}


def run(folder: Path, program: str, *, stdin: bool = False) -> subprocess.CompletedProcess[str]:
    source = Path(main_guard.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    (folder / "program.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-"] if stdin else [sys.executable, "program.py"]
    return subprocess.run(
        command, input=program if stdin else "", cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=environment,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    """The one message of a program that was refused before it did anything."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("[MAIN_GUARD]") == 1
    assert "Traceback" not in done.stderr
    assert "Error in sys.excepthook" not in done.stderr
    assert [line for line in done.stderr.splitlines() if "remedy:" in line and "jobs=1" in line]
    assert len(done.stderr.splitlines()) == 2
    assert done.stdout == ""
    return done.stderr


def test_a_script_without_a_guard_is_one_message(tmp_path: Path, config: dict[str, Any]) -> None:
    call = CALL.format(config=config, jobs=2)
    program = f"import seqtwin\n\ndef all_of_it():\n    {call}    {DONE}\nall_of_it()\n"
    message = refused(run(tmp_path, program), tmp_path)
    assert "program.py, line 7" in message
    assert "__main__" in message
    assert not (tmp_path / "study").exists()


def test_a_program_on_standard_input_is_one_message(tmp_path: Path, config: dict[str, Any]) -> None:
    message = refused(run(tmp_path, "import seqtwin\n" + CALL.format(config=config, jobs=2), stdin=True), tmp_path)
    assert "save the program as a file" in message
    assert not (tmp_path / "study").exists()


def test_one_job_on_standard_input_needs_no_guard(tmp_path: Path, config: dict[str, Any]) -> None:
    done = run(tmp_path, "import seqtwin\n" + CALL.format(config=config, jobs=1) + DONE, stdin=True)
    assert (done.returncode, done.stdout) == (0, "trained 2 failed []\n"), done.stderr


def test_a_guard_that_does_not_guard_ends_without_tracebacks_between_each_other(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    call = CALL.format(config=config, jobs=2)
    program = f"import seqtwin\nshown = __name__ == 'other'\nif not shown:\n    {call}"
    assert "no worker process could start" in refused(run(tmp_path, program), tmp_path)


def test_a_script_can_catch_the_error_and_go_on_with_one_job(tmp_path: Path, config: dict[str, Any]) -> None:
    tried = (
        f"try:\n    {CALL.format(config=config, jobs=2)}except seqtwin.SeqTwinError as error:\n    print(error.code)\n"
    )
    done = run(tmp_path, f"import seqtwin\n{tried}{CALL.format(config=config, jobs=1)}{DONE}1 / 0\n")
    assert done.stdout == "MAIN_GUARD\ntrained 2 failed []\n"
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("run()", 1, False),
        ("if __name__ == '__main__':\n    run()", 2, True),
        ("if '__main__' == __name__: run()", 1, True),
        ("__name__ == '__main__' and run()", 1, True),
        ("run() if __name__ == '__main__' else None", 1, True),
        ("here = __name__ == '__main__'\nif here:\n    run()", 3, True),
        ("if __name__ == '__main__':\n    pass\nrun()", 3, False),
        ("log = logger(__name__)\nif ready:\n    run()", 3, False),
        ("if ready:\n    run()", 2, False),
        ("if __name__ != '__main__':\n    pass\nelse:\n    run()", 4, True),
        ("if __name__ == '__main__':\n    with x:\n        for y in z:\n            run()", 4, True),
    ],
)
def test_guards_as_people_write_them(source: str, line: int, expected: bool) -> None:
    assert is_guarded(source, line) is expected


def test_the_program_of_the_tests_has_no_fault() -> None:
    assert program_fault() is None
    check_program(8)


def test_programs_that_workers_do_not_import_have_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(tmp_path / "none"), raising=False)
    monkeypatch.setattr(main, "__spec__", None, raising=False)
    assert isinstance(program_fault(), MainGuardError)
    assert isinstance(program_fault(), ConfigError)
    with pytest.raises(MainGuardError):
        check_program(2)
    check_program(1)
    (tmp_path / "none").write_bytes(b"\xff\x00")  # a file that is no Python: nothing is known about it
    assert program_fault() is None
    monkeypatch.delattr(main, "__file__")  # python -c, a console
    assert program_fault() is None


def test_one_job_in_the_program_itself_keeps_to_its_time_and_reports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: dict[str, Any]
) -> None:
    from seqtwin.config import parse_study
    from seqtwin.study import worker_pool
    from seqtwin.study.compare import CELLS

    cells = expand_grid(parse_study(config)).cells
    monkeypatch.setattr(worker_pool, "program_fault", lambda: MainGuardError("MAIN_GUARD", "none"))
    with pytest.raises(TimeUp):
        run_all(CELLS, cells, tmp_path / "late", 1, lambda _: None, until=time.monotonic() - 1)
    assert [path for path in (tmp_path / "late").glob("*") if not path.name.startswith(".")] == []
    events: list[Any] = []
    work: Work[Any] = CELLS
    run_all(work, cells, tmp_path / "cells", 1, events.append)
    assert sorted(event.cell for event in events if event.done) == sorted(cell.id for cell in cells)
    assert {event.of for event in events} == {len(cells)}
    from seqtwin.study import worker

    assert worker._state.events is None
