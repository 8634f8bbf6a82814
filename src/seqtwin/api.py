"""The Python interface: the commands that train, compare, report and probe, as functions."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from seqtwin.build_folders import free_folder
from seqtwin.config import (
    DataConfig,
    RunConfig,
    StudyConfig,
    anchored,
    parse_run,
    parse_study,
    portable,
    read_run,
    read_study,
    study_of,
)
from seqtwin.data.file_summary import roles_text
from seqtwin.data.inspect_file import Inspection, inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.starter_config import as_mapping, as_yaml, describe, starter_settings
from seqtwin.errors import ConfigError
from seqtwin.files import publish_text
from seqtwin.guards.replaced import move_replaced
from seqtwin.paths import expand
from seqtwin.reporting.page.write_report import write_report
from seqtwin.run.check_config import check_run, check_targets
from seqtwin.run.fresh_model import refuse_memory, training_memory
from seqtwin.run.linear_probe_file import probe_file
from seqtwin.run.manifest import config_text
from seqtwin.run.objectives.check_pair_targets import check_pair_targets
from seqtwin.run.objectives.registry import named_objective
from seqtwin.run.objectives.training_rows import check_pair_options
from seqtwin.run.prepare import DataSets, word_vectors
from seqtwin.run.prepared_data import Prepared, Ready, prepared_lines
from seqtwin.run.pretrained import followed
from seqtwin.run.probe_scores import Probes
from seqtwin.run.train import OnEpoch, Run
from seqtwin.run.train import train as train_run
from seqtwin.strict_yaml import parse_yaml
from seqtwin.study.compare import Study
from seqtwin.study.compare import compare as run_study
from seqtwin.study.main_guard import check_program
from seqtwin.study.quick import Budget, quick_compare
from seqtwin.study.race import run_race, write_race
from seqtwin.study.worker_pool import OnProgress
from seqtwin.training.checkpoint import differences

RunSpec = RunConfig | Mapping[str, object] | Path | str
AUTO_AGAIN = "the comparison of encoders continues by itself, with the trainings that have ended"
StudySpec = StudyConfig | Mapping[str, object] | Path | str


def train(
    config: RunSpec,
    out: Path | str | None = None,
    *,
    on_epoch: OnEpoch = lambda _: None,
    baselines: bool = True,
    minutes: float | None = None,
    resume: bool = False,
) -> Run:
    """Train one encoder and publish it as a folder, which is never overwritten.

    `config`: a YAML file, or its content as a mapping. `out`: the folder; the default is a new one under runs/.
    `on_epoch(state)` is called after each epoch. `baselines`: also measure free baselines such as TF-IDF, which takes
    seconds: `run.baselines.best` is the one that is best on dev. `minutes`: first compare several encoders on dev
    for at most so long, and train the best; race.csv in the folder has all of them. `resume`: continue the training
    where it was interrupted, by Ctrl-C for example, with the same result; start where there is nothing to continue.

    Raises: ConfigError, DataError; Diverged, with what is left in `out`.diverged; ResourceError; InUseError.
    """
    run = run_config_of(config)
    name = Path(config).stem if isinstance(config, (str, Path)) else "run"
    folder = expand(str(out)) if out else free_folder(Path("runs") / name)
    if minutes is None:
        return train_run(run, folder, on_epoch=on_epoch, baselines=baselines, resume=resume)
    if resume:
        raise ConfigError("RESUME_AUTO", AUTO_AGAIN, place="minutes", remedy="leave out resume")
    data = DataSets()
    journal = folder.with_name(f"{folder.name}.auto.json")
    race = run_race(run, data, minutes=minutes, journal=journal)
    run = race.config_of_winner(run)
    finish = partial(write_race, race)
    done = train_run(run, folder, on_epoch=on_epoch, finish=finish, prepared=data.prepare(run), baselines=baselines)
    journal.unlink(missing_ok=True)
    return done


def compare(
    config: StudySpec,
    out: Path | str | None = None,
    *,
    jobs: int | None = None,
    retry_failed: bool = False,
    on_progress: OnProgress = lambda _: None,
    on_notice: Callable[[str], None] = lambda _: None,
    data: DataSets | None = None,
    minutes: float | None = None,
    started: float | None = None,
    stack: bool = False,
) -> Study:
    """Run a study: train and publish every study cell under `out`, and write the report to `out/report`.

    Every pairing is tuned first, unless the study has `tune: false`. A second call with the same config and `out`
    computes only what is missing, and interrupted trainings go on from their checkpoints. A script that calls this
    needs the usual `if __name__ == "__main__":`, since study cells run in worker processes; with `jobs=1` it does not.

    `config`: a YAML file, or its content as a mapping. `jobs`: worker processes; the default is one per core.
    `retry_failed`: train failed cells again, but not diverged or collapsed ones. `on_progress(progress)` is called for
    each epoch and trial. `data`: the data of the study, where they are prepared already. `minutes`: spend at most so
    long, in tier quick: short trainings halve the pairings, and those left are trained with several seeds. `started`:
    the time of `time.monotonic()` from which the minutes count; the default is now. `on_notice(line)` gets the plan.
    `stack`: train LSTM cells of one shape together, in this process, which suits a GPU; the others train as usual.

    Raises: ConfigError, DataError, InUseError; ResourceError, for example for a full disk; MainGuardError for a program
    that workers cannot import.
    """
    check_program(jobs or os.cpu_count() or 1)
    if stack and minutes is not None:
        cause = "a study within some minutes ends some of its cells early, which a stack cannot"
        raise ConfigError("STACK_MINUTES", cause, place="stack", remedy="leave out stack, or the minutes")
    study = _study_config(config)
    name = study_name(Path(config)) if isinstance(config, (str, Path)) else "study"
    folder = expand(str(out)) if out else Path("runs") / name
    if minutes is None:
        result = run_study(
            study, folder, jobs=jobs, retry_failed=retry_failed, on_progress=on_progress, data=data, stack=stack
        )
    else:
        budget = Budget(minutes, jobs or os.cpu_count() or 1, time.monotonic() if started is None else started)
        result = quick_compare(
            study, folder, budget, retry_failed=retry_failed, on_progress=on_progress, on_notice=on_notice, data=data
        )
    write_report(result.path)
    return result


def report(study: Path | str, out: Path | str | None = None) -> Path:
    """Write the report of a study from its published cells or its committed results; the path of the page.

    Raises: ConfigError, DamagedError.
    """
    return write_report(expand(str(study)), expand(str(out)) if out else None)


def probe(
    encoder: Path | str,
    data: Path | str,
    *,
    left: str | None = None,
    right: str | None = None,
    label: str | None = None,
    labels: Mapping[str, int] | None = None,
    text: str | None = None,
    scale: tuple[float, float] | None = None,
    seed: int = 0,
) -> Probes:
    """Probe a frozen encoder: is the label in its vectors, and does its similarity use it?

    `left` to `scale`: the columns and labels of the file where they cannot be detected, as in the command line options
    of the same names.

    Raises: ConfigError, DataError, DamagedError.
    """
    sides = [None if name is None else (name,) for name in (left, right)]
    asked = ColumnOptions(sides[0], sides[1], label, text, scale, labels)
    return probe_file(Path(encoder), inspect_data(Path(data), asked), seed=seed)[0]


def config_for_data(
    found: Inspection, out: Path, objective: object = "pairs", *, start: bool = False
) -> tuple[dict[str, object], str]:
    """The config that suits inspected data, as a mapping and as the commented text that `init` writes.

    `out`: paths in the text are relative to its parent folder. `start`: training starts from an encoder, which
    determines the shape.
    """
    folder = out.absolute().parent
    settings = starter_settings(found, folder=folder, classes=named_objective(objective).one_class, start=start)
    return anchored(as_mapping(settings), folder), as_yaml(settings, describe(found))


def understood(config: RunConfig, prepared: Ready, seen: Sequence[str] = ()) -> list[str]:
    """How the data of a config were interpreted, as lines: columns, labels and scale, sizes of the splits, notes.

    `prepared`: the data of the config. `seen`: the first of these lines where the data were inspected.
    """
    first = seen or prepared.data.understood or [_named_columns(config.data, prepared.data.name)]
    return [*first, *prepared_lines(prepared), *_memory_lines(config, prepared)]


def _memory_lines(config: RunConfig, prepared: Ready) -> list[str]:
    """The memory that a training takes, where it is much."""
    line = training_memory(followed(config), prepared).line
    return [line] if line else []


def _named_columns(data: DataConfig, name: str) -> str:
    """The columns that a config names, in one line."""
    if data.name is not None:
        return f"{name}: a built-in data set"
    keys = ("left", "right", "score", "text", "texts", "series", "time", "sequence", "token", "label")
    roles = {key: getattr(data, key) for key in keys if getattr(data, key)}
    return f"{name}: {roles_text(roles)}"


def refuse_misfits(config: RunConfig, prepared: Ready) -> None:
    """Check that the parts of a config fit together and to its data, without training. `prepared`: these data.

    Raises: ConfigError, DataError.
    """
    shaped = followed(config)
    check_run(shaped)
    check_pair_options(shaped, prepared)
    word_vectors(shaped, prepared)
    if isinstance(prepared, Prepared):
        check_pair_targets(config, prepared.stores["train"].target, prepared.data.name)


def refuse_untrainable(config: RunConfig, prepared: Ready) -> None:
    """Check that a config can be trained: its parts fit together, and its targets differ.

    Raises: ConfigError, DataError; ResourceError for a training that does not fit into memory.
    """
    refuse_misfits(config, prepared)
    check_targets(config, prepared)
    refuse_memory(followed(config), prepared)


def keep_config(text: str, out: Path, config: RunConfig) -> Path:
    """Write the config that is used to a file next to `out`; its path.

    `text`: the commented config. It is kept where no override changes it; otherwise every key is written.

    Raises: ConfigError when another file exists there.
    """
    used = out.with_name(f"{out.name}.yaml")
    folder = used.absolute().parent
    plain = parse_run(anchored(parse_yaml(text, place=str(used)), folder))
    content = text if plain == config else config_text(portable(followed(config), folder))
    is_other = used.exists() and used.read_text(encoding="utf-8") != content
    if is_other:
        move_replaced(used)
    if not used.exists():
        publish_text(used, content)
    elif is_other:
        _refuse_other(used, config)
    return used


def _refuse_other(used: Path, config: RunConfig) -> None:
    """Raises: ConfigError for a config that is kept already and differs."""
    kept = read_run(used)
    changed = differences(kept.model_dump(mode="json"), config.model_dump(mode="json"))
    cause = "".join(["the config that is kept here differs from this one", *(f"\n  {line}" for line in changed)])
    remedy = "give the settings that it began with, or move this file away, or choose another --out"
    raise ConfigError("CONFIG_KEPT", cause, place=str(used), remedy=remedy)


def run_config_of(config: RunSpec) -> RunConfig:
    if isinstance(config, RunConfig):
        return config
    if isinstance(config, Mapping):
        return parse_run(anchored(dict(config), Path.cwd()))
    return read_run(Path(config))


def _study_config(config: StudySpec) -> StudyConfig:
    if isinstance(config, StudyConfig):
        return config
    if isinstance(config, Mapping):
        return parse_study(study_of(config, Path.cwd()))
    return read_study(Path(config))


def study_name(path: Path) -> str:
    """The name of a study: that of its file, or of its folder where the file is called `study.yaml`."""
    return path.parent.name if path.stem == "study" else path.stem
