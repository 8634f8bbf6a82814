"""Paths as typed: a home folder and variables are expanded, and names that no output can have are refused."""

import os
from collections.abc import Callable
from copy import copy
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

from seqtwin.cli.entry.groups import OUTPUT, group_of_option
from seqtwin.errors import ConfigError
from seqtwin.paths import check_file_name, check_length, expand

FOLDER = "FOLDER"  # the metavar of an output that is a folder


def with_paths(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with `read_path` or `read_output` for each argument and option that is a path."""
    hints = get_type_hints(command, include_extras=True)
    own = [one.replace(annotation=hints[one.name]) for one in signature(command).parameters.values()]

    @wraps(command)
    def run(**values: object) -> None:
        command(**values)

    parameters = [one.replace(annotation=_parsed(one)) if is_path(one) else one for one in own]
    run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def is_path(parameter: Parameter) -> bool:
    """Whether a parameter of a command is a path."""
    annotation = parameter.annotation
    if get_origin(annotation) is not Annotated:
        return False
    kind = get_args(annotation)[0]
    return kind is Path or Path in get_args(kind)


def is_output(parameter: Parameter) -> bool:
    """Whether a path is one that the command writes."""
    return group_of_option(_names(parameter)) == OUTPUT


def _names(parameter: Parameter) -> list[str]:
    info = get_args(parameter.annotation)[1]
    return [*(getattr(info, "param_decls", None) or ()), f"--{parameter.name}"]


def _parsed(parameter: Parameter) -> Any:
    kind, found = get_args(parameter.annotation)
    info, names = copy(found), _names(parameter)
    is_option, metavar = isinstance(info, OptionInfo), str(info.metavar)
    place = next(name for name in names if name.startswith("--")) if is_option else metavar.strip("[]")

    def path(typed: str | Path) -> Path:
        text = os.fspath(typed)
        return read_output(text, place, is_folder=metavar == FOLDER) if is_output(parameter) else read_path(text, place)

    info.parser = path
    return Annotated[kind, info]


def read_path(typed: str, place: str) -> Path:
    """The path that was typed for the argument or option `place`, with `~` and `${VARIABLES}` expanded.

    A shell expands `~/x` as a word of its own, but not after `=`, as in `--out=~/x`.

    Raises: ConfigError for an empty path, and as `seqtwin.paths.expand`.
    """
    if not typed:
        cause = "the path is empty, as after a shell variable that is not set"
        raise ConfigError("PATH_EMPTY", cause, place=place, remedy="name a file or folder")
    return expand(typed)


def read_output(typed: str, place: str, *, is_folder: bool) -> Path:
    """The path of an output, which has a name of its own: `.` and `..` become whole paths.

    Raises: ConfigError also for a name that is too long, and for the root of the disk.
    """
    (check_length if is_folder else check_file_name)(Path(typed))
    path = read_path(typed, place)
    path = path.resolve() if path.name in ("", "..") else path
    if not path.name:
        raise ConfigError("BAD_NAME", f"'{path}' cannot be an output", place=place, remedy="choose another name")
    return path
