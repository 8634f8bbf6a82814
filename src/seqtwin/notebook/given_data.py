"""The data that a Python function gets and the config for them: a config, a data file, or frames in memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from seqtwin.config import (
    DataConfig,
    RunConfig,
    StudyConfig,
    anchored,
    objective_of,
    overridden,
    override_study,
    parse_run,
    parse_study,
    read_run,
    read_study,
    study_of,
    usual_grid,
)
from seqtwin.data.file_summary import roles_text
from seqtwin.data.files.kept_frames import Frames, data_file, has_frames, keep_frames, kept_folder
from seqtwin.data.files.memory_frames import is_frame, refuse_no_data
from seqtwin.data.inspect_file import NO_OPTIONS, Inspection, inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.starter_config import as_mapping, as_yaml, describe, seen_lines, starter_settings
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.notebook.python_errors import told_in_python
from seqtwin.paths import expand
from seqtwin.run.check_config import check_run, check_targets
from seqtwin.run.fresh_model import refuse_memory, training_memory
from seqtwin.run.objectives.check_pair_targets import check_pair_targets
from seqtwin.run.objectives.registry import named_objective
from seqtwin.run.objectives.training_rows import check_pair_options
from seqtwin.run.prepare import DataSets, data_key, word_vectors
from seqtwin.run.prepared_data import Prepared, Ready, prepared_lines
from seqtwin.run.pretrained import followed

RunSpec = RunConfig | Mapping[str, object] | Path | str
Raw = dict[str, object]
Finish = Callable[[Raw], RunConfig]  # the run of a raw config, with overrides
StudySpec = StudyConfig | Mapping[str, object] | Path | str
CONFIG_ENDINGS = (".yaml", ".yml")
FILES = ("file", "train", "dev", "test")  # keys of the data section that can be a frame


@dataclass(frozen=True)
class GivenRun:
    """The config of a run. `data`: what is prepared of it so far; `understood`: how the data were interpreted."""

    config: RunConfig
    data: DataSets = field(default_factory=DataSets)
    understood: tuple[str, ...] = ()


@dataclass(frozen=True)
class GivenStudy:
    """The config of a study. `data`: what is prepared of it so far; `understood`: how the data were interpreted."""

    config: StudyConfig
    data: DataSets = field(default_factory=DataSets)
    understood: tuple[str, ...] = ()


def given_run(
    given: RunSpec | Frames,
    out: Path,
    options: ColumnOptions = NO_OPTIONS,
    settings: Mapping[str, object] | None = None,
) -> GivenRun:
    """The run of a config, or the starter config of a data file or of frames. Frames are kept in files next to `out`.

    `options`: the columns, where they cannot be detected. `settings`: values of a config by dotted key.

    Raises: ConfigError, DataError.
    """
    overrides = _override_texts(settings or {})
    if not is_data(given):
        _refuse_no_config(given)
        _refuse_options(options)
        return GivenRun(run_config_of(_with_kept(given, out), overrides))
    with told_in_python(), data_file(given, kept_folder(out)) as path:
        found = inspect_data(path, options)
        data, finish = DataSets(), partial(run_over, overrides=overrides, place="settings" if overrides else str(path))
        run = finish(_starter(found, out, overrides, finish, data))
        prepared = data.prepare(run)
        refuse_untrainable(run, prepared)
        lines = understood(run, prepared, seen_lines(found))
    return GivenRun(run, DataSets({data_key(run): prepared}), (*lines, *_kept_line(given, path)))


def given_study(
    given: StudySpec | Frames,
    out: Path,
    options: ColumnOptions = NO_OPTIONS,
    settings: Mapping[str, object] | None = None,
) -> GivenStudy:
    """The study of a config, or the usual grid over the starter config of data. Arguments as for `given_run`.

    Raises: ConfigError, DataError.
    """
    overrides = _override_texts(settings or {})
    if not is_data(given):
        _refuse_no_config(given)
        _refuse_options(options)
        return GivenStudy(_study_config(_with_kept(given, out), overrides))
    with told_in_python(), data_file(given, kept_folder(out)) as path:
        found = inspect_data(path, options)
        data, finish = DataSets(), partial(study_over, overrides=overrides, place=str(path))
        study = finish(_starter(found, out, overrides, lambda raw: finish(raw).base, data))
        prepared = data.prepare(study.base)
        lines = understood(study.base, prepared, seen_lines(found))
    return GivenStudy(study, DataSets({data_key(study.base): prepared}), (*lines, *_kept_line(given, path)))


def is_data(given: object) -> bool:
    """Whether a value is data rather than a config: frames, or the path of a folder or of a file that is not YAML.

    >>> is_data("pairs.csv"), is_data("pairs.yaml"), is_data([("a", "b", 1)])
    (True, False, True)
    """
    if isinstance(given, (str, Path)):
        return Path(given).suffix.lower() not in CONFIG_ENDINGS or expand(str(given)).is_dir()
    return has_frames(given)


def _refuse_no_config(given: object) -> None:
    """Raises: DataError for a value that is neither data nor a config."""
    if not isinstance(given, (RunConfig, StudyConfig, str, Path)):
        refuse_no_data(given)


def _kept_line(given: object, path: Path) -> list[str]:
    return [f"the rows are kept in {path}"] if has_frames(given) else []


def run_over(raw: Raw, overrides: Sequence[str], place: str) -> RunConfig:
    """The run of a raw config with overrides. Raises: ConfigError."""
    return parse_run(overridden(raw, overrides), place=place)


def study_over(raw: Raw, overrides: Sequence[str], place: str) -> StudyConfig:
    """The usual grid over the config of a run, with overrides. Raises: ConfigError.

    It compares representations of a recurrent network, so the kernels that a starter config has in its place are left
    out.
    """
    encoder = raw.get("encoder")
    kept = {key: value for key, value in encoder.items() if key != "kernels"} if isinstance(encoder, dict) else encoder
    base = {**raw, "encoder": kept} if isinstance(encoder, dict) else raw
    grid = usual_grid(objective_of(raw, overrides))
    return parse_study(override_study({"base": base, "grid": grid}, overrides), place=place)


def _starter(found: Inspection, out: Path, overrides: Sequence[str], finish: Finish, data: DataSets) -> Raw:
    start = any(text.startswith("encoder.from=") for text in overrides)
    return config_for_data(found, out, objective_of({}, overrides), start=start, finish=finish, data=data)[0]


def _override_texts(settings: Mapping[str, object]) -> list[str]:
    """Settings as the command line has them: `fit.epochs=3`. Raises: ConfigError for a value that YAML lacks."""
    try:
        return [f"{key}={json.dumps(value, allow_nan=False)}" for key, value in settings.items()]
    except (TypeError, ValueError) as error:
        remedy = "expected text, numbers, true, false, null, lists and mappings"
        raise ConfigError("CONFIG_OVERRIDE", str(error), place="settings", remedy=remedy) from error


def _refuse_options(options: ColumnOptions) -> None:
    """Raises: ConfigError for columns beside a config, which names its own."""
    if options != NO_OPTIONS:
        cause = "left, right, label, labels, text and scale are for data; a config names its own columns"
        remedy = (
            "set data.left, data.right, data.label (or data.score), data.labels, data.text, data.scale in the config"
        )
        raise ConfigError("CONFIG_OPTIONS", cause, place="config", remedy=remedy)


def _with_kept(given: object, out: Path) -> object:
    """The config with the paths of kept files in place of the frames in its data section."""
    if not isinstance(given, Mapping):
        return given
    if isinstance(given.get("base"), Mapping):
        return {**given, "base": _with_kept(given["base"], out)}
    data = given.get("data")
    if not isinstance(data, Mapping):
        return given
    return {**given, "data": {key: _kept(key, value, out) for key, value in data.items()}}


def _kept(key: object, value: object, out: Path) -> object:
    """The path of a kept frame. A list under another key is a setting, such as several columns."""
    if key not in FILES or not is_frame(value):
        return value
    return str(keep_frames(value, kept_folder(out)).absolute())


def run_config_of(config: object, overrides: Sequence[str] = ()) -> RunConfig:
    """The run of a file or a mapping, or a run itself. Raises: ConfigError."""
    if isinstance(config, RunConfig):
        return parse_run(overridden(config.model_dump(exclude_unset=True), overrides)) if overrides else config
    if isinstance(config, Mapping):
        return parse_run(overridden(anchored(dict(config), Path.cwd()), overrides))
    return read_run(Path(str(config)), overrides)


def _study_config(config: object, overrides: Sequence[str] = ()) -> StudyConfig:
    if isinstance(config, StudyConfig):
        raw = config.model_dump(exclude_unset=True)
        return parse_study(override_study(raw, overrides)) if overrides else config
    if isinstance(config, Mapping):
        return parse_study(override_study(study_of(config, Path.cwd(), overrides), overrides))
    return read_study(Path(str(config)), overrides)


def config_for_data(
    found: Inspection,
    out: Path,
    objective: object = "pairs",
    *,
    start: bool = False,
    finish: Finish = parse_run,
    data: DataSets | None = None,
) -> tuple[Raw, str]:
    """The config that suits inspected data, as a mapping and as the commented text that `init` writes.

    `out`: paths in the text are relative to its parent folder. `start`: training starts from an encoder, which
    determines the shape. `finish`: the run of this config, with overrides. Epochs and widths suit the training rows
    that this run has; its prepared data are added to `data`. If it has none, the rows are estimated.
    """
    folder, classes = out.absolute().parent, named_objective(objective).one_class
    draft = starter_settings(found, folder=folder, classes=classes, start=start)
    try:
        prepared = (data or DataSets()).prepare(finish(anchored(as_mapping(draft), folder)))
    except SeqTwinError:  # reported when the config is used
        settings = draft
    else:
        rows = len(prepared.stores["train"])
        settings = starter_settings(found, folder=folder, classes=classes, start=start, rows=rows)
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
