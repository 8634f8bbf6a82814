"""Arguments that name files or folders: checked before the libraries of a command are imported, which takes seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from seqtwin.errors import ConfigError, DataError, nearest

ENCODER = "ENCODER"
CARDS = ("encoder.json", "encoder/encoder.json", "onnx.json")  # one of these is in the folder of an encoder
# what an argument of this name must be, and the code of the error if it is not there; others are data
FOLDERS: Mapping[str, tuple[str, str]] = {
    ENCODER: ("NO_ENCODER", "name the folder of a trained encoder, or that of its run"),
    "ENCODER|INDEX": ("NO_ENCODER", "name the folder of an encoder, a run or an index"),
    "ENCODER|CONFIG": ("NO_ENCODER", "name the folder of an encoder, or a config"),
    "INDEX": ("NO_INDEX", "build one: seqtwin index ENCODER CORPUS -o DIR"),
    "STUDY": ("NO_STUDY", "give a folder that `seqtwin compare` wrote (runs/NAME), or one with committed results"),
    "CELL": ("NO_CELL", "give a folder such as runs/NAME/cells/ID, or one that `seqtwin train` wrote"),
    "OTHER": ("NO_CELL", "give a folder such as runs/NAME/cells/ID, or one that `seqtwin train` wrote"),
    "FOLDER": ("NOTHING_TO_VERIFY", "name an encoder, a run, a study cell, a study or an index"),
}


def check_inputs(command: str, arguments: Mapping[str, Path]) -> None:
    """Check that the files and folders that a command is given exist. `arguments`: metavar -> path, in their order.

    Raises: ConfigError, DataError; with a hint if an encoder and data were exchanged.
    """
    paths = list(arguments.values())
    given = arguments.get(ENCODER)
    if given is not None and not is_encoder(given) and any(is_encoder(path) for path in paths[1:]):
        ordered = [path for path in paths if is_encoder(path)] + [path for path in paths if not is_encoder(path)]
        right = " ".join(map(str, ordered))
        cause = f"expected the folder of an encoder first, then the data; '{paths[1]}' is an encoder"
        raise ConfigError("ARGUMENTS_EXCHANGED", cause, place=str(given), remedy=f"seqtwin {command} {right} ...")
    for metavar, path in arguments.items():
        if not _exists(path):
            _refuse_missing(metavar, path)


def is_encoder(path: Path) -> bool:
    """Whether a path is the folder of an encoder, of a run, or of an exported encoder."""
    return any(_exists(path / card) for card in CARDS)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have: the command reports it
        return True


def _refuse_missing(metavar: str, path: Path) -> NoReturn:
    hint = _similar(path)
    if metavar in FOLDERS:
        code, remedy = FOLDERS[metavar]
        raise ConfigError(code, f"no such file or folder{hint}", place=str(path), remedy=remedy)
    if path.suffix.lower() in {".yaml", ".yml"}:
        raise ConfigError("CONFIG_MISSING", f"cannot be read: no such file{hint}", place=str(path))
    raise DataError("DATA_MISSING", f"no such file{hint}", place=str(path))


def _similar(path: Path) -> str:
    try:
        return nearest(path.name, sorted(inner.name for inner in path.parent.iterdir()))
    except OSError:
        return ""
