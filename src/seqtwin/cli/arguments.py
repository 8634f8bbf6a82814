"""Arguments that several commands share, and what tells data from a config."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from seqtwin.data.label_words import check_labels
from seqtwin.data.reading.column_options import Asked
from seqtwin.errors import ConfigError

Config = Annotated[
    Path,
    typer.Argument(
        help="YAML config, or data: one file, or a folder with train, dev and test files", metavar="CONFIG|DATA"
    ),
]
Data = Annotated[Path, typer.Argument(help="data: one file, or a folder with train, dev and test files")]
Left = Annotated[
    str | None, typer.Option("--left", help="column of the left texts; several are joined: title,brand", metavar="NAME")
]
Right = Annotated[
    str | None, typer.Option("--right", help="column of the right texts; several are joined", metavar="NAME")
]
Label = Annotated[str | None, typer.Option("--label", help="column of labels or scores", metavar="NAME")]
Labels = Annotated[
    str | None,
    typer.Option("--labels", help="what the words of the label mean: duplicate=1,other=0", metavar="WORD=1,WORD=0"),
]
Text = Annotated[str | None, typer.Option("--text", help="column of texts that have a class each", metavar="NAME")]
Column = Annotated[
    str | None,
    typer.Option(
        "--column", "--text", help="column of texts in a table; several are joined: title,brand", metavar="NAME"
    ),
]
Quoting = Annotated[
    str | None, typer.Option("--quoting", help="quotes of a .csv or .tsv file: none (part of the texts) or csv")
]
Gaps = Annotated[str, typer.Option("--gaps", help="missing values and steps of series: error, interpolate or carry")]
Overrides = Annotated[list[str] | None, typer.Argument(help="for example encoder.hidden=256", metavar="key=value")]
Out = Annotated[Path | None, typer.Option(help="folder to write; never overwritten")]
Scale = Annotated[
    tuple[float, float] | None, typer.Option(help="lowest and highest score of the data", metavar="LOW HIGH")
]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Encoder = Annotated[Path, typer.Argument(help="an encoder folder, or the run folder that contains one")]
CONFIG_ENDINGS = {".yaml", ".yml"}
OF_COLUMNS = frozenset(f"data.{key}" for key in ("left", "right", "label", "score", "text", "scale", "labels"))
OF_FILES = frozenset(f"data.{key}" for key in ("name", "file", "train", "dev", "test", "left_table", "right_table"))


def is_data(path: Path) -> bool:
    """Whether a path names the data itself, a file or a folder: all that is no config by its ending.

    A file of another ending is data, too: what is wrong with it is then said by the readers, which know what they read.
    """
    return path.suffix.lower() not in CONFIG_ENDINGS or path.is_dir()


def asked_of(
    left: str | None,
    right: str | None,
    label: str | None,
    labels: str | None,
    text: str | None,
    scale: tuple[float, float] | None,
    overrides: Sequence[str] = (),
    *,
    quoting: str | None = None,
    gaps: str = "error",
) -> Asked:
    """What the options, and overrides such as `data.left=name`, say of a data file; an option comes first.

    Raises: ConfigError.
    """
    from seqtwin.config import data_overrides

    said = data_overrides(overrides)
    words = None if labels is None else label_words(labels)
    given = {"left": left, "right": right, "label": label, "labels": words, "text": text, "scale": scale}
    said = {**said, **{key: value for key, value in given.items() if value is not None}}
    scale_said = said.get("scale")
    return Asked(
        left=_names(said.get("left"), "left"),
        right=_names(said.get("right"), "right"),
        label=_name(said.get("label") or said.get("score"), "label"),
        text=_name(said.get("text"), "text"),
        scale=None if scale_said is None else _checked_scale(scale_said),
        labels=None if said.get("labels") is None else check_labels(said["labels"]),
        quoting=checked_quoting(quoting or said.get("quoting")),
        gaps=checked_gaps(gaps),
    )


def other_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides that say nothing of the columns of a data file; those that do are part of what was asked.

    Raises: ConfigError for one that names other files than the one on the command line.
    """
    elsewhere = [text for text in overrides if text.partition("=")[0] in OF_FILES]
    if elsewhere:
        cause = f"'{elsewhere[0]}' names other data than the file on the command line"
        raise ConfigError("CONFIG_OVERRIDE", cause, place="command line", remedy="write a config: seqtwin init")
    return [text for text in overrides if text.partition("=")[0] not in OF_COLUMNS]


def label_words(text: str) -> dict[str, int]:
    """What label words mean, as an option says it.

    Raises: ConfigError.

    >>> label_words("duplicate=1, other=0")
    {'duplicate': 1, 'other': 0}
    """
    named = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    words = [word.strip() for word, _, _ in named]
    if (
        not named
        or any(not word or value not in ("0", "1") for word, _, value in named)
        or len(set(words)) < len(words)
    ):
        cause = f"expected different words with 1 for same or 0 for different, got '{text}'"
        raise ConfigError("LABEL_WORDS", cause, place="--labels", remedy="for example --labels duplicate=1,other=0")
    return {word.strip(): int(value) for word, _, value in named}


def checked_quoting(value: Any) -> Any:
    """The value of --quoting or data.quoting.

    Raises: ConfigError.
    """
    return None if value is None else _one_of(value, ("none", "csv"), "quoting")


def checked_gaps(value: str) -> Any:
    """The value of --gaps.

    Raises: ConfigError.
    """
    return _one_of(value, ("error", "interpolate", "carry"), "gaps")


def _one_of(value: Any, known: Sequence[str], name: str) -> Any:
    if value in known:
        return value
    raise ConfigError("CONFIG_DATA", f"{name}: expected {' or '.join(known)}, got {value!r}", place=f"--{name}")


def _names(value: Any, key: str) -> tuple[str, ...] | None:
    return (
        None
        if value is None
        else tuple(_name(one, key) or "" for one in (value if isinstance(value, list) else [value]))
    )


def _name(value: Any, key: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    cause = f"expected the name of a column, got {value!r}"
    raise ConfigError("CONFIG_OVERRIDE", cause, place=f"data.{key}", remedy=f"use the option --{key} NAME, or quote it")


def _checked_scale(value: Any) -> tuple[float, float]:
    numbers = isinstance(value, list | tuple) and all(isinstance(one, int | float) for one in value)
    if not numbers or len(value) != 2 or not value[0] < value[1]:
        cause = f"scale: expected two numbers, the lower first, got {value!r}"
        raise ConfigError("CONFIG_DATA", cause, place="data.scale", remedy="for example --scale 1 5")
    return float(value[0]), float(value[1])


def refuse_options(asked: Asked, config: Path) -> None:
    """Nothing, when no column was named: a config names its own.

    Raises: ConfigError.
    """
    if asked != Asked():
        cause = "--left, --right, --label, --text and --scale are for data files; a config names its own columns"
        remedy = "set data.left, data.right, data.label (or data.score), data.text and data.scale there"
        raise ConfigError("CONFIG_OPTIONS", cause, place=str(config), remedy=remedy)


def names_start(overrides: Sequence[str]) -> bool:
    """Whether overrides name an encoder to start from."""
    return any(text.startswith("encoder.from=") for text in overrides)
