"""The Python interface: the commands that train, compare, report, evaluate and probe, as functions."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seqtwin.build_folders import free_folder
from seqtwin.cluster.client import connect_early
from seqtwin.data.files.kept_frames import Frames, data_file
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.errors import ConfigError
from seqtwin.guards.begun import beginning
from seqtwin.inference.load import load
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.notebook.given_data import (
    RunSpec,
    StudySpec,
    config_for_data,
    given_run,
    given_study,
    refuse_misfits,
    refuse_untrainable,
    run_config_of,
    run_over,
    study_over,
    understood,
)
from seqtwin.notebook.keep_config import keep_config
from seqtwin.notebook.progress import State, study_bar, training_bar
from seqtwin.notebook.python_errors import told_in_python
from seqtwin.notebook.run_results import RunResults
from seqtwin.notebook.study_results import StudyResults
from seqtwin.paths import check_folder_name, expand
from seqtwin.progress.race_files import race_journal
from seqtwin.reporting.page.write_report import write_report
from seqtwin.run.linear_probe_file import probe_file
from seqtwin.run.manifest import resolved
from seqtwin.run.prepare import DataSets, data_key
from seqtwin.run.probe_scores import Probes
from seqtwin.run.train import OnEpoch
from seqtwin.run.train import train as train_run
from seqtwin.study.compare import CELLS
from seqtwin.study.compare import compare as run_study
from seqtwin.study.on_cluster.engine import cluster_engine
from seqtwin.study.on_cluster.options import check_options
from seqtwin.study.quick import Budget, quick_compare
from seqtwin.study.race import run_race, write_race
from seqtwin.study.worker import Progress
from seqtwin.study.worker_pool import OnProgress
from seqtwin.trackers.callbacks import Callback, Cell
from seqtwin.trackers.known_trackers import flat, study_listeners
from seqtwin.trackers.listeners import Listeners, checked
from seqtwin.training.run_state import RunState

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "compare", "config_for_data", "evaluate", "free_folder", "keep_config", "probe", "refuse_misfits",
    "refuse_untrainable", "report", "run_config_of", "run_over", "study_name", "study_over", "train", "understood",
]  # fmt: skip

AUTO_AGAIN = "the comparison of encoders continues by itself, with the trainings that have ended"
OnLine = Callable[[str], None]
Side = str | int | Sequence[str] | None
Labels = Mapping[str, int] | None
Scale = tuple[float, float] | None

log = logging.getLogger(__name__)


def train(
    config: RunSpec | Frames,
    out: Path | str | None = None,
    *,
    left: Side = None, right: Side = None, label: str | None = None, labels: Labels = None, text: str | None = None,
    scale: Scale = None, settings: Mapping[str, object] | None = None,
    on_epoch: OnEpoch = lambda _: None, on_notice: OnLine = log.info, callbacks: Sequence[Callback] = (),
    progress: bool | None = None, baselines: bool = True, minutes: float | None = None, resume: bool = False,
) -> RunResults:  # fmt: skip
    """Train one encoder and publish it as a folder, which is never overwritten.

    `config`: a YAML file, or its content as a mapping; or data: a file, a frame (pandas, polars, pyarrow, datasets), a
    list of tuples, or a mapping with a frame per split. Data get the config that `init` writes for them. Frames are
    kept in files next to `out`. `left` to `scale`: the columns and labels of data where they cannot be detected.
    `settings`: values of the config by dotted key, such as {"fit.epochs": 3}.

    `out`: the folder; the default is a new one under runs/. `on_notice(line)` gets how data are interpreted.
    `on_epoch(state)` is called after each epoch; its errors end the training. `callbacks`: see `seqtwin.Callback`.
    `progress`: show a bar; None: only in a notebook. `baselines`: also measure free baselines such as TF-IDF, which
    takes seconds: `run.baselines.best` is the one that is best on dev. `minutes`: first compare several encoders on dev
    for at most so long, and train the best; race.csv in the folder has all of them. `resume`: continue the training
    where it was interrupted, by Ctrl-C for example, with the same result; start where there is nothing to continue.

    Raises: ConfigError, DataError; Diverged, with what is left in `out`.diverged; ResourceError; InUseError.
    """
    callbacks = checked(callbacks)
    folder = expand(str(out)) if out else free_folder(Path("runs") / _name_of(config, "run"))
    check_folder_name(folder)  # before files of this name are written next to it
    if minutes is not None and resume:
        raise ConfigError("RESUME_AUTO", AUTO_AGAIN, place="minutes", remedy="leave out resume")
    given = given_run(config, folder, ColumnOptions.of(left, right, label, text, scale, labels), settings)
    _tell(on_notice, given.understood)
    run, finish, journal = given.config, lambda _folder: None, race_journal(folder)
    if minutes is not None:
        race = run_race(run, given.data, minutes=minutes, journal=journal)
        run, finish = race.config_of_winner(run), partial(write_race, race)
        given.data.prepare(run)
    with training_bar(progress, run.fit.epochs, given.understood) as after_epoch:
        trained = train_run(
            run, folder, on_epoch=_both(on_epoch, after_epoch), callbacks=callbacks, finish=finish,
            prepared=given.data.prepared.get(data_key(run)), baselines=baselines, resume=resume,
        )  # fmt: skip
    if minutes is not None:
        journal.unlink(missing_ok=True)
    return RunResults.of(trained, given.understood)


def _name_of(given: object, other: str) -> str:
    return Path(given).stem if isinstance(given, (str, Path)) else other


def _tell(on_notice: OnLine, lines: Sequence[str]) -> None:
    for line in lines:
        on_notice(line)


def _both(first: OnEpoch, second: Callable[[State], None]) -> OnEpoch:
    def after_epoch(state: RunState) -> None:
        first(state)
        second(state)

    return after_epoch


def compare(
    config: StudySpec | Frames, out: Path | str | None = None, *, left: Side = None, right: Side = None,
    label: str | None = None, labels: Labels = None, text: str | None = None, scale: Scale = None,
    settings: Mapping[str, object] | None = None, jobs: int | None = None, retry_failed: bool = False,
    on_progress: OnProgress = lambda _: None, on_notice: OnLine = log.info, callbacks: Sequence[Callback] = (),
    progress: bool | None = None, data: DataSets | None = None, minutes: float | None = None,
    started: float | None = None, stack: bool = False, client: "Client | str | None" = None, shared_folder: bool = True,
) -> StudyResults:  # fmt: skip
    """Run a study: train and publish every study cell under `out`, and write the report to `out/report`.

    Every pairing is tuned first, unless the study has `tune: false`. A second call with the same config and `out`
    computes only what is missing, and interrupted trainings go on from their checkpoints. A script that calls this
    needs the usual `if __name__ == "__main__":`, since study cells run in worker processes; with `jobs=1` it does not.

    `config`: a YAML file, or its content as a mapping; or data, as for `train`, which get the usual grid. `left` to
    `settings`: as for `train`; settings can name keys of the study, such as {"tune": False, "seeds": 2}. `jobs`: worker
    processes; the default is one per core. `retry_failed`: train failed cells again, but not diverged or collapsed
    ones. `on_progress(progress)` is called for each epoch and trial. `on_notice(line)` gets how data are interpreted,
    and the plan. `callbacks`, of which `on_cell` is called, and `progress`: as for `train`. `data`: the data of the
    study, where they are prepared already. `minutes`: spend at most so long, in tier quick: short trainings halve the
    pairings, and those left are trained with several seeds. `started`: the time of `time.monotonic()` from which the
    minutes count; the default is now. `stack`: train LSTM cells of one shape together, in this process, which suits a
    GPU. `client`: train on the Dask cluster of this client or address. `shared_folder`: its workers see `out`.

    Raises: ConfigError, DataError, InUseError, MissingExtraError, MainGuardError; ResourceError, as for a full disk.
    """
    check_options(client, jobs=jobs, minutes=minutes, stack=stack, shared=shared_folder)
    callbacks, begin = checked(callbacks), time.monotonic() if started is None else started
    name = study_name(Path(config)) if isinstance(config, (str, Path)) else "study"
    folder = expand(str(out)) if out else Path("runs") / name
    with beginning(folder), connect_early(client) as reached:
        given = given_study(config, folder, ColumnOptions.of(left, right, label, text, scale, labels), settings)
        _tell(on_notice, given.understood)
        study, data = given.config, given.data if data is None else data
        listeners = study_listeners(callbacks, study.base.fit.log, folder, flat(resolved(study.base)))
        cluster = cluster_engine(reached, shared=shared_folder, on_notice=on_notice)
        with study_bar(progress, given.understood) as after_event, cluster as engine:
            hear = _hearing(on_progress, after_event, listeners, folder)
            if minutes is None:
                result = run_study(
                    study, folder, data=data, stack=stack, jobs=jobs, retry_failed=retry_failed, on_progress=hear,
                    engine=engine,
                )  # fmt: skip
            else:
                budget = Budget(minutes, jobs or os.cpu_count() or 1, begin)
                result = quick_compare(
                    study, folder, budget, retry_failed=retry_failed, on_progress=hear, on_notice=on_notice, data=data
                )
    write_report(result.path)
    return StudyResults.of(result, given.understood)


def _hearing(on_progress: OnProgress, after_event: OnProgress, listeners: Listeners, folder: Path) -> OnProgress:
    """Send the progress of a study to the user and the bar, and each published study cell to the callbacks."""

    def hear(event: Progress) -> None:
        on_progress(event)
        after_event(event)
        if event.done and event.work == CELLS.name:
            listeners.cell(Cell(event.cell, event.done, folder / "cells" / event.cell))

    return hear


def report(study: Path | str, out: Path | str | None = None) -> Path:
    """Write the report of a study from its published cells or its committed results; the path of the page.

    Raises: ConfigError, DamagedError.
    """
    return write_report(expand(str(study)), expand(str(out)) if out else None)


def evaluate(
    encoder: TrainedEncoder | Path | str,
    data: Path | str | Frames,
    *,
    left: Side = None, right: Side = None, label: str | None = None, labels: Labels = None, text: str | None = None,
    scale: Scale = None, against: TrainedEncoder | Path | str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The metrics of an encoder on labelled data, as a frame: `TrainedEncoder.evaluate` describes it.

    `encoder`, `against`: an encoder, or its folder. Raises: ConfigError, DataError, DamagedError.
    """
    model = encoder if isinstance(encoder, TrainedEncoder) else load(encoder)
    other = load(against) if isinstance(against, Path | str) else against
    with told_in_python():
        return model.evaluate(
            data, left=left, right=right, label=label, labels=labels, text=text, scale=scale, against=other
        )


def probe(
    encoder: Path | str,
    data: Path | str | Frames,
    *,
    left: Side = None, right: Side = None, label: str | None = None, labels: Labels = None, text: str | None = None,
    scale: Scale = None, seed: int = 0,
) -> Probes:  # fmt: skip
    """Probe a frozen encoder: is the label in its vectors, and does its similarity use it?

    `data`: a file, or a frame as for `train`. `left` to `scale`: the columns and labels where they cannot be detected,
    as in the command line options of the same names.

    Raises: ConfigError, DataError, DamagedError.
    """
    with told_in_python(), data_file(data) as path:
        found = inspect_data(path, ColumnOptions.of(left, right, label, text, scale, labels))
        return probe_file(expand(str(encoder)), found, seed=seed)[0]


def study_name(path: Path) -> str:
    """The name of a study: that of its file, or of its folder where the file is called `study.yaml`."""
    return path.parent.name if path.stem == "study" else path.stem
