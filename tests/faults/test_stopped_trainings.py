"""Trainings and studies that a signal or a full disk stops: what stands is whole, and the same command goes on."""

import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

import tiny
from seqtwin import api_reranker, cli
from seqtwin.build_folders import held, left_over, steps_of
from seqtwin.config import parse_run, parse_study, read_run
from seqtwin.errors import ConfigError, InUseError, ResourceError
from seqtwin.files import verify
from seqtwin.reporting.page.write_report import write_report
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import Run, train
from seqtwin.study import race, worker_pool
from seqtwin.study.compare import compare
from seqtwin.study.grid import StudyCell, expand_grid
from seqtwin.study.rounds import heats_of, outcome_of, run_heat
from seqtwin.study.trials import dev_value
from seqtwin.study.worker_pool import Work
from seqtwin.training import checkpoint
from seqtwin.training.checkpoint import Checkpoints
from twins import content, contents

ENCODER = {"layers": 2, "dropout": 0.3}
WARM = "import seqtwin.training.checkpoint as c; c.BETWEEN_EPOCHS = 0.0; c.SHARE = 1e9; c.WITHIN_EPOCH = 0.0"
# where tests run in the background a shell may have had SIGINT ignored, and children inherit that
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = f"{HEARS}; {WARM}; from seqtwin.cli import main; main()"


def in_this_process(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
    for task in tasks:
        work.run(task, folder, work.data)


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Studies run here, checkpoints are written at every end of an epoch, and Ctrl-C is not ignored."""
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    monkeypatch.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopped")
    raw = tiny.raw_run(tiny.write_pairs(folder / "data"), encoder={"embedding": 6, "hidden": 8, **ENCODER})
    (folder / "run.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder / "run.yaml"


@pytest.fixture
def place(config: Path) -> Path:
    """An empty folder as deep as that of the other training: its config has the same relative paths."""
    return Path(tempfile.mkdtemp(dir=config.parent))


@pytest.fixture(scope="module")
def whole(config: Path) -> dict[str, Any]:
    """The contents of the training without an interruption."""
    return contents(trained(config, config.parent / "whole" / "run").path)


def trained(config: Path, out: Path, *, resume: bool = False) -> Run:
    return train(read_run(config), out, resume=resume, baselines=True)


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Nothing differs. The command line adds figures."""
    assert [name for name in wanted if found.get(name) != wanted[name]] == []
    return len(wanted) > 8


class SentAt:
    """Sends a signal to this process in a step, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: int, sent: Callable[[], object]) -> None:
        usual, left = Checkpoints.after_step, [1]

        def after_step(keeper: Checkpoints) -> None:
            assert keeper.training is not None
            if left and keeper.training.state.step == step:
                left.clear()
                sent()
            usual(keeper)

        monkeypatch.setattr(Checkpoints, "after_step", after_step)


def send(number: signal.Signals) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


def run_cli(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *arguments])
    return CliRunner().invoke(cli.app, list(arguments))


# one training


@pytest.mark.parametrize(("number", "code", "step"), [(signal.SIGINT, 130, 12), (signal.SIGTERM, 143, 9)])
def test_a_signal_ends_the_step_and_the_printed_command_continues(
    config: Path, whole: dict[str, Any], place: Path, monkeypatch: Any, number: Any, code: int, step: int
) -> None:
    out = place / "run"
    with monkeypatch.context() as patch:
        SentAt(patch, step, send(number))
        stopped = run_cli(patch, "train", str(config), "--out", str(out))
    left = left_over(out)
    assert (stopped.exit_code, out.exists()) == (code, False)
    assert left is not None
    assert [path.name for path in left.iterdir()] == ["checkpoints"]
    line = stopped.stderr.splitlines()[-1]
    again = f"seqtwin train {config} --out {out} --resume"
    assert line == f"stopped; the checkpoint of step {step} is in {left}; continue with: {again}"
    assert verify(steps_of(left)[-1])
    resumed = run_cli(monkeypatch, *again.split()[1:])
    assert resumed.exit_code == 0, resumed.output
    assert same(contents(out), whole)
    assert [path.name for path in place.iterdir()] == ["run"]


def test_a_storm_of_signals_is_one(config: Path, whole: dict[str, Any], place: Path, monkeypatch: Any) -> None:
    def storm() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        SentAt(patch, 8, storm)
        assert run_cli(patch, "train", str(config), "--out", str(place / "run")).exit_code == 130
    assert same(contents(trained(config, place / "run", resume=True).path), whole)


def test_ctrl_c_in_a_notebook_leaves_a_checkpoint(
    config: Path, whole: dict[str, Any], place: Path, monkeypatch: Any
) -> None:
    import seqtwin

    with monkeypatch.context() as patch:
        SentAt(patch, 11, send(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            seqtwin.train(config, place / "run")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    left = left_over(place / "run")
    assert left is not None
    assert steps_of(left)[-1].name == "step-000000011"
    assert same(contents(seqtwin.train(config, place / "run", resume=True).path), whole)


def test_a_handler_of_another_program_is_left_alone(config: Path, place: Path, monkeypatch: Any) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        SentAt(monkeypatch, 4, send(signal.SIGTERM))
        trained(config, place / "run")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_ctrl_c_while_dev_is_measured_ends_at_once(
    config: Path, whole: dict[str, Any], place: Path, monkeypatch: Any
) -> None:
    from seqtwin.run.objectives.registry import objective_of

    objective, epochs = type(objective_of(read_run(config))), [0]
    usual = objective.measure

    def measure(self: Any, prepared: Any) -> Any:
        inner = usual(self, prepared)

        def measured(model: Any) -> Any:
            epochs[0] += 1
            if epochs[0] == 3:  # the first is the untrained encoder
                os.kill(os.getpid(), signal.SIGINT)
                pytest.fail("the evaluation went on")
            return inner(model)

        return measured

    with monkeypatch.context() as patch:
        patch.setattr(objective, "measure", measure)
        with pytest.raises(KeyboardInterrupt):
            trained(config, place / "run")
    left = left_over(place / "run")
    assert left is not None
    assert steps_of(left)[-1].name == "step-000000012"
    assert same(contents(trained(config, place / "run", resume=True).path), whole)


def test_another_config_is_refused_by_one_message(config: Path, place: Path, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        SentAt(patch, 9, send(signal.SIGINT))
        assert run_cli(patch, "train", str(config), "--out", str(place / "run")).exit_code == 130
    left = left_over(place / "run")
    changed = parse_run({**yaml.safe_load(config.read_text()), "loss": "contrastive"})
    with pytest.raises(ConfigError, match=r"config\.loss.*: mse before, contrastive now") as caught:
        train(changed, place / "run", resume=True)
    assert (caught.value.code, caught.value.exit_code) == ("RESUME_CHANGED", 2)
    assert left is not None
    assert steps_of(left), "nothing is lost"


def test_a_training_that_runs_is_not_continued_by_another(config: Path, place: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("seqtwin.files.ORPHAN", 0.0)
    with monkeypatch.context() as patch:
        SentAt(patch, 9, send(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            trained(config, place / "run")
    left = left_over(place / "run")
    assert left is not None
    with held(left) as free:
        assert free
        with pytest.raises(InUseError) as caught:
            trained(config, place / "run", resume=True)
    assert caught.value.exit_code == 4


def test_without_resume_a_training_starts_over_and_cleans_up(
    config: Path, whole: dict[str, Any], place: Path, monkeypatch: Any
) -> None:
    with monkeypatch.context() as patch:
        SentAt(patch, 9, send(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            trained(config, place / "run")
    (place / ".old.build-00ff").mkdir()
    os.utime(place / ".old.build-00ff", (0, 0))
    assert same(contents(trained(config, place / "run").path), whole)
    assert [path.name for path in place.iterdir()] == ["run"]


# a study


def study_of(config: Path) -> Any:
    base = {**yaml.safe_load(config.read_text()), "fit": {"epochs": 2, "batch": 16, "lr": 0.05, "device": "cpu"}}
    return parse_study({"base": base, "grid": {"loss": ["mse", "in_batch"]}, "seeds": 1, "tune": False})


@pytest.fixture(scope="module")
def whole_study(config: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "run_some", in_this_process)
        return compare(study_of(config), config.parent / "whole" / "study").path


def test_a_study_continues_the_cell_that_was_stopped(
    config: Path, whole_study: Path, place: Path, monkeypatch: Any
) -> None:
    out = place / "study"
    with monkeypatch.context() as patch:
        SentAt(patch, 9, send(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            compare(study_of(config), out)
    (begun,) = (out / "cells").iterdir()
    assert begun.name.startswith(".")
    assert steps_of(begun)
    steps: list[int] = []
    usual = Checkpoints.after_step

    def after_step(keeper: Checkpoints) -> None:
        assert keeper.training is not None
        steps.append(keeper.training.state.step)
        usual(keeper)

    monkeypatch.setattr(Checkpoints, "after_step", after_step)
    compare(study_of(config), out)
    assert steps == [10, 11, 12, *range(1, 13)]
    assert contents(out) == contents(whole_study)
    pages = [write_report(folder, place / name).parent for name, folder in (("a", out), ("b", whole_study))]
    tables = [{path.name: content(path) for path in page.glob("*.csv")} for page in pages]
    assert tables[0] == tables[1]


def test_a_stopped_compare_prints_what_stands_and_how_to_go_on(config: Path, place: Path, monkeypatch: Any) -> None:
    study = place / "study.yaml"
    study.write_text(yaml.safe_dump(study_of(config).model_dump(mode="json", exclude_unset=True)), encoding="utf-8")
    SentAt(monkeypatch, 9, send(signal.SIGTERM))
    stopped = run_cli(monkeypatch, "compare", str(study), "--no-tune", "--out", str(place / "out"))
    assert stopped.exit_code == 143, stopped.output
    kept = f"0 finished study cells and 1 checkpoint are in {place / 'out'}"
    again = f"seqtwin compare {study} --no-tune --out {place / 'out'}"
    assert stopped.stderr.splitlines()[-1] == f"stopped; {kept}; continue with: {again}"


# the disk


class Full:
    """Every flush after the first ones fails."""

    def __init__(self, room: int, code: int = errno.ENOSPC) -> None:
        self.room, self.code, self.flush, self.calls = room, code, os.fsync, 0

    def __call__(self, handle: int) -> None:
        self.calls += 1
        if self.calls > self.room:
            raise OSError(self.code, os.strerror(self.code))
        self.flush(handle)


def flushes(config: Path, out: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        disk = Full(10**6)
        patch.setattr(os, "fsync", disk)
        trained(config, out)
    return disk.calls


@pytest.mark.long
def test_a_disk_that_fills_up_at_any_point_loses_nothing(config: Path, whole: dict[str, Any], place: Path) -> None:
    points = flushes(config, place / "run")
    for room in range(points):
        out = Path(tempfile.mkdtemp(dir=config.parent)) / "run"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", Full(room))
            with pytest.raises(ResourceError, match="No space left"):
                trained(config, out)
        published = room == points - 1  # the last flush is that of the parent folder, after the rename
        assert out.exists() == published
        assert same(contents(out if published else trained(config, out, resume=True).path), whole)
        assert [path.name for path in out.parent.iterdir()] == ["run"]


def full_when_saving(patch: pytest.MonkeyPatch, code: int) -> None:
    """Every checkpoint fails in the middle."""
    usual = Checkpoints.write

    def write(keeper: Checkpoints) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(os, "fsync", Full(2, code))
            usual(keeper)

    patch.setattr(Checkpoints, "write", write)


@pytest.mark.parametrize("command", ["train", "compare"])
def test_a_full_disk_is_one_message_and_exit_code_5(
    config: Path, place: Path, monkeypatch: Any, capsys: Any, command: str
) -> None:
    study = place / "study.yaml"
    study.write_text(yaml.safe_dump(study_of(config).model_dump(mode="json", exclude_unset=True)), encoding="utf-8")
    file = {"train": config, "compare": study}[command]
    full_when_saving(monkeypatch, errno.ENOSPC)
    monkeypatch.setattr(sys, "argv", ["seqtwin", command, str(file), "--out", str(place / "out")])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr().err
    assert caught.value.code == 5
    assert told.count("No space left on device") == 1
    assert "stopped" in told
    assert not list(place.glob("out/cells/[!.]*"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_fault_of_the_disk_stops_the_study_and_publishes_no_cell(
    config: Path, whole_study: Path, place: Path, monkeypatch: Any, code: int
) -> None:
    out = place / "study"
    with monkeypatch.context() as patch:
        full_when_saving(patch, code)
        with pytest.raises(ResourceError, match=os.strerror(code)) as caught:
            compare(study_of(config), out)
    assert caught.value.exit_code == 5
    assert not list((out / "cells").glob("[!.]*"))
    compare(study_of(config), out)
    assert contents(out) == contents(whole_study)


# processes


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_ended_at_a_random_moment_is_continued(
    config: Path, place: Path, number: signal.Signals
) -> None:
    seed = random.randrange(10**6)  # shown where the test fails
    raw = yaml.safe_load(config.read_text())
    raw["fit"] |= {"epochs": 25, "patience": None}
    (place / "run.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    arguments = ["train", str(place / "run.yaml"), "--out", str(place / "run")]
    command = [sys.executable, "-c", COMMAND, *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: list(place.glob(".run.build-*/checkpoints/step-*")), process)
        time.sleep(random.Random(seed).random() / 2)
        process.send_signal(number)
        stderr = process.communicate(timeout=60)[1]
    ended = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    assert process.returncode == ended, stderr
    if number != signal.SIGKILL:
        assert stderr.splitlines()[-1].endswith(" --resume")
    assert not (place / "run").exists()
    left = left_over(place / "run")
    assert left is not None
    resumed = contents(trained(place / "run.yaml", place / "run", resume=True).path)
    once = Path(tempfile.mkdtemp(dir=config.parent)) / "run"
    assert same(resumed, contents(trained(place / "run.yaml", once).path))


def wait_until(reached: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end, "it did not come so far"
        assert process.poll() is None, "it ended too early"
        time.sleep(0.01)


@pytest.mark.long
def test_workers_write_their_checkpoints_when_the_driver_is_stopped(config: Path, place: Path) -> None:
    raw = study_of(config).model_dump(mode="json", exclude_unset=True)
    raw["base"]["fit"] |= {"epochs": 10_000, "patience": None}
    (place / "study.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    arguments = ["compare", str(place / "study.yaml"), "--out", str(place / "out"), "--jobs", "2"]
    command = [sys.executable, "-c", f"{HEARS}; from seqtwin.cli import main; main()", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(list(place.glob("out/cells/.*.build-*/checkpoints/step-*"))) > 1, process)
        process.send_signal(signal.SIGTERM)
        stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 143, stderr
    assert "0 finished study cells and 2 checkpoints are in" in stderr.splitlines()[-1]
    for folder in place.glob("out/cells/.*.build-*"):
        assert verify(steps_of(folder)[-1])
        with held(folder) as free:
            assert free, "a worker still runs"


def fill_the_disk(task: StudyCell, _folder: Path, _data: Any) -> str:
    """What a worker does with the second of four tasks: it fails. The others would run for a minute."""
    if "in_batch" not in task.id:
        time.sleep(60)
    raise OSError(errno.ENOSPC, "No space left on device")


def never(*_: Any) -> str:
    pytest.fail("a fault of the place was published")


@pytest.mark.long
def test_a_worker_without_space_stops_the_others(config: Path, place: Path, monkeypatch: Any) -> None:
    monkeypatch.undo()
    cells, start = expand_grid(study_of(config)).cells, time.monotonic()
    with pytest.raises(OSError, match="No space"):
        worker_pool.run_all(Work("cells", fill_the_disk, never), cells, place, 2, lambda _: None)
    assert time.monotonic() - start < 50, "the driver waited for the other tasks"
    assert list(place.iterdir()) == []


def test_the_winner_of_a_race_is_continued(config: Path, place: Path, monkeypatch: Any) -> None:
    small = ("encoder.hidden=8", "encoder.embedding=6", "fit.epochs=2", "loss=cosent", "tokens.unit=char")
    command = ("train", str(config.parent / "data"), "--auto", *small, "--out", str(place / "best"))
    with monkeypatch.context() as patch:
        SentAt(patch, 2, send(signal.SIGTERM))
        stopped = run_cli(patch, *command)
    assert stopped.exit_code == 143, stopped.output
    again = f"seqtwin train {place / 'best.auto.yaml'} --out {place / 'best'} --resume"
    assert stopped.stderr.splitlines()[-1].endswith(f"continue with: {again}")
    steps: list[int] = []
    usual = Checkpoints.after_step

    def after_step(keeper: Any) -> None:
        steps.append(keeper.training.state.step)
        usual(keeper)

    monkeypatch.setattr(Checkpoints, "after_step", after_step)
    assert run_cli(monkeypatch, *again.split()[1:]).exit_code == 0
    assert steps[0] == 3
    refused = run_cli(monkeypatch, *command, "--resume")
    assert refused.exception.code == "RESUME_AUTO"


def test_a_stop_while_a_reranker_is_fitted_names_the_command_that_fits_it(
    config: Path, place: Path, monkeypatch: Any
) -> None:
    def fit(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(api_reranker, "fit_reranker", fit)
    monkeypatch.setattr(api_reranker, "pairs_of", lambda _: object())
    command = ("train", str(config), "--out", str(place / "run"), "--reranker")
    monkeypatch.setattr(sys, "argv", ["seqtwin", *command])
    stopped = run_cli(monkeypatch, *command)
    assert stopped.exit_code == 143, stopped.output
    again = f"continue with: seqtwin fit-reranker {place / 'run'}"
    assert (
        stopped.stderr.splitlines()[-1] == f"stopped; the encoder is in {place / 'run'}, without its re-ranker; {again}"
    )
    assert verify(place / "run")


def test_a_race_keeps_the_trainings_that_ended(config: Path, place: Path, monkeypatch: Any) -> None:
    small = ("encoder.hidden=8", "encoder.embedding=6", "fit.epochs=4", "loss=cosent", "tokens.unit=char")
    command = ("train", str(config.parent / "data"), "--auto", *small, "--out")
    begun: list[str] = []
    stop_at, usual = 0, race.dev_value

    def train(own: Any, *rest: Any, **named: Any) -> Any:
        begun.append(f"{own.encoder.lexical} {own.representation}")
        if len(begun) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return usual(own, *rest, **named)

    monkeypatch.setattr(race, "dev_value", train)
    assert run_cli(monkeypatch, *command, str(place / "once")).exit_code == 0
    every, stop_at = list(begun), 3
    begun.clear()
    stopped = run_cli(monkeypatch, *command, str(place / "best"))
    assert stopped.exit_code == 143, stopped.output
    assert stopped.stderr.splitlines()[-1].startswith("stopped; the trainings of the race that ended are in ")
    stop_at = 0
    again = run_cli(monkeypatch, *command, str(place / "best"))
    assert again.exit_code == 0, again.output
    assert begun == [*every[:3], *every[2:]], "the first two were kept, the third began anew"
    results = [(place / name / race.RACE).read_text().splitlines() for name in ("once", "best")]
    both = [[line.rpartition(",")[0] for line in lines] for lines in results]  # without the seconds
    assert both[0] == both[1]
    assert sorted(path.name for path in place.iterdir()) == ["best", "once"]


def test_a_round_of_a_quick_study_goes_on(config: Path, place: Path, monkeypatch: Any) -> None:
    heat = heats_of(expand_grid(study_of(config)).cells, 1, 1.0, DataSets())[0]
    with monkeypatch.context() as patch:
        SentAt(patch, 3, send(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            run_heat(heat, place)
    assert [path.name for path in place.glob(".*/checkpoints/*")] == ["step-000000003"]
    steps: list[int] = []
    usual = Checkpoints.after_step

    def after_step(keeper: Any) -> None:
        steps.append(keeper.training.state.step)
        usual(keeper)

    monkeypatch.setattr(Checkpoints, "after_step", after_step)
    assert run_heat(heat, place) == "finished"
    assert steps[0] == 4
    again, once = outcome_of(heat, place), dev_value(heat.config, DataSets().prepare(heat.config))
    assert again is not None
    assert again["dev"] == once
    assert [path.name for path in place.iterdir()] == [heat.id]
