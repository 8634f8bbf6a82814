"""A crash, a refusal of the disk or a power loss at any change of the disk, and damaged files for every reader.

Small counts; `make soak` has larger ones. Each script is a process of its own, as it forks or limits the time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long
HERE = Path(__file__).parent
SOURCES = [str(HERE), str(HERE.parent), str(HERE.parent.parent / "src")]


def counted(code: str) -> dict[str, Any]:
    """The counts that a piece of Python prints as JSON."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES), "OMP_NUM_THREADS": "1"}
    threads = "import json, torch; torch.set_num_threads(1)\n"
    done = subprocess.run(
        [sys.executable, "-c", threads + code], capture_output=True, text=True, env=environment, check=False
    )
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def every_point(name: str, fault: str, limit: int, before: str = "") -> dict[str, Any]:
    return counted(f"""{before}
from at_every_point import try_every_point
found = try_every_point({name!r}, {fault!r}, {limit})
print(json.dumps({{"points": found.points, "tried": found.tried, "wrong": found.wrong}}))""")


def power_losses(name: str, losses: int, before: str = "") -> dict[str, Any]:
    return counted(f"""{before}
from power_loss import lose_power
print(json.dumps(lose_power({name!r}, range({losses}))))""")


@pytest.mark.parametrize(
    ("name", "fault", "limit"),
    [
        ("publish", "crash", 20),
        ("encode", "crash", 5),
        ("index", "crash", 5),
        ("train", "crash", 6),
        ("dedupe", "crash", 20),
        ("link", "ENOSPC", 20),
        ("mine", "crash", 20),
        ("publish", "EIO", 20),
        ("encode", "EACCES", 5),
        ("index", "EROFS", 5),
        ("train", "ENOSPC", 6),
    ],
)
def test_a_command_goes_on_after_a_fault_at_any_change_of_the_disk(name: str, fault: str, limit: int) -> None:
    found = every_point(name, fault, limit)
    assert not found["wrong"]
    assert found["tried"] == min(limit, found["points"]) > 4


def test_a_file_that_is_not_replaced_at_once_is_found() -> None:
    planted = """
from pathlib import Path
import scenarios
scenarios.publish_text = lambda path, text: Path(path).write_text(text)
"""
    assert "neither the old nor the new version" in every_point("publish", "crash", 20, planted)["wrong"][0]


def test_a_table_that_is_written_in_place_is_found() -> None:
    planted = """
import seqtwin.files
def publish_text(path, text):
    seqtwin.files.write_text(path, text)
seqtwin.files.publish_text = publish_text
"""
    assert "is there in part" in " ".join(every_point("mine", "crash", 20, planted)["wrong"])


@pytest.mark.parametrize("name", ["publish", "encode", "index", "train", "dedupe"])
def test_what_is_published_survives_power_loss(name: str) -> None:
    found = power_losses(name, 120)
    assert not found["wrong"]
    assert found["survived"]


UNFLUSHED_FOLDER = """
import seqtwin.files
seqtwin.files.sync_folder = lambda folder: None
"""
UNFLUSHED_FILE = """
import contextlib, seqtwin.files
@contextlib.contextmanager
def writing(path, start=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        yield file
seqtwin.files.writing = writing
"""


@pytest.mark.parametrize("planted", [UNFLUSHED_FOLDER, UNFLUSHED_FILE], ids=["folder", "file"])
def test_a_missing_flush_is_found(planted: str) -> None:
    assert power_losses("train", 60, planted)["wrong"]


def killed_studies(kills: int, before: str = "") -> dict[str, Any]:
    return counted(f"""{before}
from study_kills import kill_studies
print(json.dumps(kill_studies({kills}, 0)))""")


def test_a_killed_study_loses_no_cell_and_ends_the_same() -> None:
    found = killed_studies(4)
    assert found["tried"] == 4
    assert not found["wrong"]


def test_cells_that_are_trained_again_are_found() -> None:
    planted = """
import dataclasses, shutil, scenarios
plain = scenarios.SCENARIOS["compare"]
def again(home):
    shutil.rmtree(home / "study" / "cells", ignore_errors=True)
    plain.run(home)
scenarios.SCENARIOS["compare"] = dataclasses.replace(plain, run=again)"""
    assert "lost or trained again" in " ".join(killed_studies(14, planted)["wrong"])


def test_many_drivers_take_turns() -> None:
    found = counted("from swarm import swarm\nprint(json.dumps(swarm(12, 6)))")
    assert found["tried"] == 6
    assert not found["wrong"]


def test_a_missing_lock_is_found() -> None:
    planted = "import contextlib, swarm\nswarm.driver_lock = lambda folder: contextlib.nullcontext()"
    assert counted(f"{planted}\nprint(json.dumps(swarm.swarm(16, 6)))")["wrong"]


def test_changed_files_are_read_or_refused() -> None:
    found = counted("from fuzz_readers import fuzz\nprint(json.dumps(fuzz(10000, 3)))")
    assert not found["wrong"]
    assert 0 < found["refused"] < found["tried"] == 10_000


def test_an_untyped_error_of_a_reader_is_found() -> None:
    planted = """
import fuzz_readers
def broken(path): raise KeyError("key")
fuzz_readers.targets = lambda folder: iter([fuzz_readers.Target("a.csv", b"a,b", broken)])
print(json.dumps(fuzz_readers.fuzz(2, 0)))"""
    assert len(counted(planted)["wrong"]) == 2
