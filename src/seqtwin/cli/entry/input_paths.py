"""Arguments that name files or folders: checked before the libraries of a command are imported, which takes seconds."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from seqtwin.errors import ConfigError, DataError, nearest
from seqtwin.paths import is_encoder, is_index, may_exist

ENCODER, INDEX = "ENCODER", "INDEX"
WORK = "WORK"  # an output, which may not exist yet
# what an argument of this name must be, and the code of the error if it is not there; others are data
FOLDERS: Mapping[str, tuple[str, str]] = {
    ENCODER: ("NO_ENCODER", "name the folder of a trained encoder, or that of its run"),
    "ENCODER|INDEX": ("NO_ENCODER", "name the folder of an encoder, a run or an index"),
    "ENCODER|CONFIG": ("NO_ENCODER", "name the folder of an encoder, or a config"),
    INDEX: ("NO_INDEX", "build one: seqtwin index ENCODER CORPUS -o DIR"),
    "STUDY": ("NO_STUDY", "give a folder that `seqtwin compare` wrote (runs/NAME), or one with committed results"),
    "CELL": ("NO_CELL", "give a folder such as runs/NAME/cells/ID, or one that `seqtwin train` wrote"),
    "OTHER": ("NO_CELL", "give a folder such as runs/NAME/cells/ID, or one that `seqtwin train` wrote"),
    "FOLDER": ("NOTHING_TO_VERIFY", "name an encoder, a run, a study cell, a study or an index"),
}


def check_inputs(command: str, arguments: Mapping[str, Path], texts: Sequence[str] = ()) -> None:
    """Check that the files and folders that a command is given exist. `arguments`: metavar -> path, in their order.

    `texts`: the texts that follow, such as queries.

    Raises: ConfigError, DataError; with a hint if an encoder and data, or an index and a query, were exchanged.
    """
    others = [str(path) for path in [*arguments.values()][1:]]
    if ENCODER in arguments and not is_encoder(arguments[ENCODER]):
        _refuse_exchanged(command, arguments[ENCODER], others, is_encoder, ("an encoder", "the data", " ..."))
    if INDEX in arguments and not is_index(arguments[INDEX]):
        _refuse_exchanged(command, arguments[INDEX], texts, is_index, ("an index", "the queries", ""))
    for metavar, path in arguments.items():
        if metavar != WORK and not may_exist(path):
            _refuse_missing(metavar, path)


def _refuse_exchanged(
    command: str, given: Path, others: Sequence[str], fits: Callable[[Path], bool], words: tuple[str, str, str]
) -> None:
    """Check that no later argument is the folder that was expected first. `words`: its name, that of the others, and
    the end of the right command.

    Raises: ConfigError.
    """
    folder = next((text for text in others if fits(Path(text))), None)
    if folder is None:
        return
    what, rest, end = words
    ordered = [folder, str(given), *(text for text in others if text != folder)]
    cause = f"expected the folder of {what} first, then {rest}; '{folder}' is {what}"
    remedy = f"seqtwin {command} {shlex.join(ordered)}{end}"
    raise ConfigError("ARGUMENTS_EXCHANGED", cause, place=str(given), remedy=remedy)


def _refuse_missing(metavar: str, path: Path) -> NoReturn:
    hint = _similar(path)
    if metavar in FOLDERS:
        code, remedy = FOLDERS[metavar]
        raise ConfigError(code, f"no such file or folder{hint}", place=str(path), remedy=remedy)
    if path.suffix.lower() in {".yaml", ".yml"}:
        raise ConfigError("CONFIG_MISSING", f"cannot be read: no such file{hint}", place=str(path))
    remedy = "for the files that match a pattern, add --dask local:2" if set(str(path)) & set("*?[") else ""
    raise DataError("DATA_MISSING", f"no such file{hint}", place=str(path), remedy=remedy)


def _similar(path: Path) -> str:
    try:
        return nearest(path.name, sorted(inner.name for inner in path.parent.iterdir()))
    except OSError:
        return ""
