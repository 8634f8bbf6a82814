"""The real torchrun, with two processes: one result, the curve of one process, one message for what does not fit."""

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from torch import distributed

import tiny
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError
from seqtwin.guards.launched import Launch
from seqtwin.run.train import train
from seqtwin.training.processes import check_processes, met

TOLERANCE = 1e-5  # of a mean loss, in fp32
FIT = {"epochs": 3, "batch": 18, "lr": 0.005, "patience": None, "schedule": "constant"}


def write_config(folder: Path) -> Path:
    raw = {**tiny.raw_run(tiny.write_pairs(folder / "data"), fit=FIT), "loss": "in_batch"}
    (folder / "pairs.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder / "pairs.yaml"


def torchrun(folder: Path, *words: str) -> tuple[int, str, str]:
    """The exit code of torchrun, and what its two processes printed. The port is a free one of this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    own = {**os.environ, "OMP_NUM_THREADS": "1"}
    command += ["-m", "seqtwin", *words]
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, timeout=240, check=False)
    return done.returncode, done.stdout, done.stderr


def curve(folder: Path) -> list[float]:
    with (folder / "history.csv").open(encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_its_processes_publish_one_result_that_is_that_of_one_process(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    code, out, err = torchrun(tmp_path, "train", config.name, "fit.ddp=2", "--out", "runs/two")
    assert code == 0, err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["two"]
    assert out.count("finished: ") == out.count("roc_auc") == 1
    assert err.count("train 96 pairs") == 1
    alone = train(parse_run(yaml.safe_load(config.read_text())), tmp_path / "one").path
    assert curve(tmp_path / "runs" / "two") == pytest.approx(curve(alone), rel=TOLERANCE, abs=TOLERANCE)
    assert len(set(curve(alone))) == 4  # before the first epoch, and after each


def test_a_config_without_fit_ddp_is_one_message(tmp_path: Path) -> None:
    code, out, err = torchrun(tmp_path, "train", write_config(tmp_path).name, "--out", "runs/two")
    assert code != 0  # torchrun has its own exit code, and reports that of the process
    assert "exitcode  : 2 " in err
    assert out == ""
    assert err.count("error: fit.ddp: torchrun started 2 processes, but fit.ddp is not set [DDP_COUNT]") == 1
    assert err.count("Traceback") == 1  # that of torchrun itself
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("started", "ddp", "message"),
    [
        (2, 3, r"2 processes, but fit.ddp is 3.*set fit.ddp=2, or use --nproc-per-node 3"),
        (4, None, r"4 processes, but fit.ddp is not set.*set fit.ddp=4, or start it without torchrun"),
        (1, 2, r"1 process, but fit.ddp is 2.*start it without torchrun, or use --nproc-per-node 2"),
        (1, None, ""),
        (2, 2, ""),
    ],
)
def test_another_number_of_processes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: int, ddp: int | None, message: str
) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": str(started), "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    config = parse_run(tiny.raw_run(tmp_path, fit={} if ddp is None else {"ddp": ddp}))
    if not message:
        check_processes(config)
        return
    with pytest.raises(ConfigError) as refused:
        check_processes(config)
    assert refused.value.exit_code == 2
    assert re.search(message, f"{refused.value.cause} {refused.value.remedy}")


def test_a_process_that_waits_for_the_others_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a process fails before it has come to the others, torchrun stops them. torch itself would not listen."""
    store = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    place = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    for name, value in place.items():
        monkeypatch.setenv(name, value)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            met(Launch(1, 2, torchrun=True))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert store.check(["ready-1"])
