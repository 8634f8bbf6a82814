"""Ctrl-C while the workers of `encode --dask local:2` are busy: one line, no process left, and it can be continued."""

import os
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer
from cluster_fixtures import client, encoder, folder  # noqa: F401 - fixtures
from typer.testing import CliRunner

from optional import library
from seqtwin.cli.encode_score_evaluate import encode
from seqtwin.inference.trained_encoder import TrainedEncoder

LETTERS = "abcdefgh"
ROWS = len(LETTERS) ** 6  # per file
# where tests run in the background a shell may have had SIGINT ignored, and children inherit that
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = f"{HEARS}; from seqtwin.cli import main; main()"
MOST = 240.0  # seconds until the workers are busy, or have ended


def is_alive(group: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_ctrl_c_reaches_busy_workers(
    client: Any, folder: Path, encoder: TrainedEncoder, tmp_path: Path
) -> None:  # fmt: skip
    library("pyarrow")
    (tmp_path / "in").mkdir()
    for letter in "ab":
        texts = ("".join(letters) for letters in product(LETTERS, repeat=6))
        (tmp_path / "in" / f"{letter}.csv").write_text("\n".join(["name", *(letter + text for text in texts)]))
    given = [str(folder), str(tmp_path / "in"), "--column", "name", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-c", COMMAND, "encode", *given, "--dask", "local:2"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + MOST
    while not any(path.stat().st_size for path in tmp_path.glob("out/.*.growing/data")) and time.monotonic() < end:
        assert started.poll() is None, started.stderr and started.stderr.read()
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: the workers get it, too
    output, errors = started.communicate(timeout=MOST)
    assert (started.returncode, output) == (130, "")
    assert len(errors.splitlines()) == 3, errors
    assert errors.splitlines()[-1].startswith("stopped; ")
    assert errors.endswith(f" of 2 parts are in {tmp_path / 'out'}; continue with the same command\n")
    while (left := is_alive(started.pid)) and time.monotonic() < end:  # the tracker of multiprocessing ends last
        time.sleep(0.05)
    assert not left
    app = typer.Typer()
    app.command()(encode)
    done = CliRunner().invoke(app, [*given, "--dask", client.scheduler.address])
    assert done.stdout == f"{2 * ROWS} vectors of width {encoder.dim} in 2 files: {tmp_path / 'out'}\n"
