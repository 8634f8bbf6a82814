"""The Python face: the verbs of the command line for use in a program."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
from seqtwin.data.inspect import Inspection, inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.starter_config import write_config
from seqtwin.files import publish_text, refuse_existing
from seqtwin.lookup import split_spec
from seqtwin.reporting.page.write import write_report
from seqtwin.run.compatible import check_run, require_two_classes
from seqtwin.run.linear_probe import Probes
from seqtwin.run.linear_probe_file import probe_file
from seqtwin.run.manifest import config_text
from seqtwin.run.prepare import prepare, word_vectors
from seqtwin.run.prepared import prepared_lines
from seqtwin.run.pretrained import followed
from seqtwin.run.train import OnEpoch, Run
from seqtwin.run.train import train as train_run
from seqtwin.strict_yaml import parse_yaml
from seqtwin.study.compare import Study
from seqtwin.study.compare import compare as drive
from seqtwin.study.worker_pool import OnProgress

RunSpec = RunConfig | Mapping[str, Any] | Path | str
StudySpec = StudyConfig | Mapping[str, Any] | Path | str


def free_folder(wanted: Path) -> Path:
    """The folder itself where nothing stands there yet, else the first free one of name-2, name-3, ..."""
    found, number = wanted, 2
    while found.exists():
        found, number = wanted.with_name(f"{wanted.name}-{number}"), number + 1
    return found


def train(config: RunSpec, out: Path | str | None = None, *, on_epoch: OnEpoch = lambda _: None) -> Run:
    """One training, published as a folder that is never overwritten (default: a free one under runs/).

    `config` is a YAML file, or the same as a mapping.

    Raises: ConfigError, DataError, Diverged.
    """
    run = _run_config(config)
    name = Path(config).stem if isinstance(config, (str, Path)) else "run"
    return train_run(run, Path(out) if out else free_folder(Path("runs") / name), on_epoch=on_epoch)


def compare(
    config: StudySpec,
    out: Path | str | None = None,
    *,
    jobs: int | None = None,
    retry_failed: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> Study:
    """A study: every study cell trained and published under `out`, and the report written (`out/report`).

    Every pairing is tuned first, unless the study says `tune: false`. Called again with the same config and `out` it
    does only what is missing; `retry_failed` also trains again what failed (not what diverged or collapsed). A script
    that calls this needs the usual `if __name__ == "__main__":`, since study cells run in worker processes.

    Raises: ConfigError, DataError, InUseError.
    """
    study = _study_config(config)
    name = study_name(Path(config)) if isinstance(config, (str, Path)) else "study"
    folder = Path(out) if out else Path("runs") / name
    found = drive(study, folder, jobs=jobs, retry_failed=retry_failed, on_progress=on_progress)
    write_report(found.path)
    return found


def report(study: Path | str, out: Path | str | None = None) -> Path:
    """The page of a study, rebuilt from its published cells (or from committed results) alone.

    Raises: ConfigError, DamagedError.
    """
    return write_report(Path(study), Path(out) if out else None)


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
    """What every representation of a frozen encoder holds of the labels of a file, and what its similarity uses.

    `left` to `scale`: what the file itself cannot tell, as the options of the command line say it.

    Raises: ConfigError, DataError, DamagedError.
    """
    sides = [None if name is None else (name,) for name in (left, right)]
    asked = ColumnOptions(sides[0], sides[1], label, text, scale, labels)
    return probe_file(Path(encoder), inspect_data(Path(data), asked), seed=seed)[0]


def config_for_data(
    found: Inspection, out: Path, objective: Any = "pairs", *, start: bool = False
) -> tuple[dict[str, Any], str]:
    """The config that suits inspected data, as a mapping and as the commented text that `init` would write.

    `start`: training starts from an encoder, which decides the shape.
    """
    folder = out.absolute().parent
    classes = split_spec(objective)[0] == "classify"
    text = write_config(found, folder=folder, classes=classes, start=start)
    return anchored(parse_yaml(text, place=str(found.judged_file)), folder), text


def understood(config: RunConfig, seen: Sequence[str] = ()) -> list[str]:
    """What was understood of the data of a config, as lines: columns, labels and scale, splits, and what was noticed.

    `seen`: the first of these lines where the data were inspected; else they are those of the reader.

    Raises: ConfigError, DataError for data that cannot be used.
    """
    prepared = prepare(config)
    first = seen or prepared.data.understood or [_named_columns(config.data, prepared.data.name)]
    return [*first, *prepared_lines(prepared)]


def _named_columns(data: DataConfig, name: str) -> str:
    """What a config says of its columns."""
    if data.name is not None:
        return f"{name}: a built-in data set"
    keys = ("left", "right", "score", "text", "texts", "series", "time", "sequence", "token", "label")
    roles = {key: getattr(data, key) for key in keys if getattr(data, key)}
    return f"{name}: {roles_text(roles)}"


def refuse_misfits(config: RunConfig) -> None:
    """Nothing, for a run whose parts fit together; nothing is trained.

    Raises: ConfigError, DataError.
    """
    shaped = followed(config)
    check_run(shaped)
    word_vectors(shaped, prepare(config))


def refuse_untrainable(config: RunConfig) -> None:
    """Nothing, for a run that can be trained: its parts fit together, and its pairs hold something to tell apart.

    Raises: ConfigError, DataError.
    """
    refuse_misfits(config)
    require_two_classes(config, prepare(config))


def keep_config(text: str, out: Path, config: RunConfig) -> Path:
    """The file beside `out` that now holds the config that is used; nothing is written when its data cannot be read.

    `text`: the commented config, which is kept where nothing overrides it; else every key is written as it is used.

    Raises: ConfigError when another file stands there; DataError.
    """
    prepare(config)
    used = out.with_name(f"{out.name}.yaml")
    folder = used.absolute().parent
    plain = parse_run(anchored(parse_yaml(text, place=str(used)), folder))
    kept = text if plain == config else config_text(portable(followed(config), folder))
    if not (used.exists() and used.read_text(encoding="utf-8") == kept):
        refuse_existing(used)
        publish_text(used, kept)
    return used


def _run_config(config: RunSpec) -> RunConfig:
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
    """The name of a study: its file's, or its folder's where the file is just `study.yaml`."""
    return path.parent.name if path.stem == "study" else path.stem
