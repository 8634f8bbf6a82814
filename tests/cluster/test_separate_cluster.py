"""The recipe of docs/cluster.md: a scheduler and two workers, each a process that was started by its own command."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import seqtwin
import tiny
from optional import library
from seqtwin.cli.encode_score_evaluate import encode
from seqtwin.config import parse_study
from seqtwin.files import read_json


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file with the address of the scheduler."""
    library("distributed")
    place = tmp_path_factory.mktemp("cluster")
    file, dask = place / "scheduler.json", [sys.executable, "-m", "dask"]
    own = ["--local-directory", str(place), "--no-dashboard", "--nworkers", "1", "--nthreads", "1"]
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
        *[["worker", "--scheduler-file", str(file), *own, "--memory-limit", "0"]] * 2,
    ]
    with (place / "log").open("w") as log:
        started = [subprocess.Popen([*dask, *command], cwd=place, stdout=log, stderr=log) for command in commands]
    try:
        end = time.monotonic() + 180
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.05)
        yield file
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            process.wait(60)


def test_bulk_work_and_a_study_run_on_it(scheduler: Path, tmp_path: Path) -> None:
    from distributed import Client

    address = read_json(scheduler)["address"]
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=180)
        assert len(client.nthreads()) == 2
    encoder, names = tiny.saved_encoder(tmp_path / "encoder"), tmp_path / "names"
    names.mkdir()
    for letter in "ab":
        (names / f"{letter}.csv").write_text(f"name\n{letter}\n{letter}bc\n")
    app = typer.Typer()
    app.command()(encode)
    options = ["--column", "name", "--out", str(tmp_path / "vectors"), "--dask", str(scheduler)]
    done = CliRunner().invoke(app, [str(encoder), str(names), *options])
    assert done.exit_code == 0, done.output
    assert f"2 workers ({scheduler})" in done.stderr
    assert sorted(path.name for path in (tmp_path / "vectors").iterdir()) == ["a.csv.parquet", "b.csv.parquet"]
    raw = {"base": tiny.raw_run(tiny.write_pairs(tmp_path / "data")), "grid": {"representation": ["final_hidden"]}}
    study = parse_study({**raw, "seeds": 2, "question": "why?", "tune": False})
    found = seqtwin.compare(study, tmp_path / "study", client=address, progress=False)
    assert (len(found.trained), found.failed) == (2, [])
