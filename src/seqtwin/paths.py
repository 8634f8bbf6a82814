"""Paths in a config: relative to its own folder, and with environment variables."""

import os
import re
from pathlib import Path

from seqtwin.errors import ConfigError
from seqtwin.guards.handed_over import place_of
from seqtwin.guards.largest import PATH

LONGEST_NAME = 255
LONGEST_FOLDER = 200  # bytes: folders under construction have longer names
LONGEST_FILE = 230  # bytes: so have files
_RESERVED = set('/\\:*?"<>|`')
_VARIABLE = re.compile(r"\$\{(\w+)\}")


ENCODER_CARDS = ("encoder.json", "encoder/encoder.json", "onnx.json")  # one of these is in the folder of an encoder
INDEX_CARD = "CURRENT"  # the name of the current generation of an index


def is_encoder(path: Path) -> bool:
    """Whether a path is the folder of an encoder, of a run, or of an exported encoder."""
    return any(may_exist(path / card) for card in ENCODER_CARDS)


def is_index(path: Path) -> bool:
    """Whether a path is the folder of an index."""
    return path.name != "" and may_exist(path / INDEX_CARD)


def may_exist(path: Path) -> bool:
    """Whether a path exists. True for a name that no file can have: whoever opens it reports it."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return True


def anchor(path: str, folder: Path) -> str:
    """A path relative to a folder, unless it is absolute or starts with the home folder or a variable."""
    return path if path.startswith(("/", "~", "${")) else str(folder.absolute() / path)


def counted_from(path: str, folder: Path) -> str:
    """The path relative to this folder, as a config in it has it. Results then contain no path of a machine."""
    return path if path.startswith(("~", "${")) else os.path.relpath(path, place_of(folder.absolute()))


def expand(path: str) -> Path:
    """A path with its `${VARIABLES}` replaced by their values.

    Raises: ConfigError for a variable that is not set, for an unknown home folder, and for what no file can be named.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            remedy = f"set it first: export {name}=..."
            raise ConfigError("CONFIG_VARIABLE", f"the variable {name} is not set", place=path, remedy=remedy)
        return os.environ[name]

    expanded = _VARIABLE.sub(value, path)
    refuse_odd(expanded)
    try:
        return Path(expanded).expanduser()
    except RuntimeError as error:  # the home folder of a user that does not exist
        raise ConfigError("CONFIG_PATH", f"{error}", place=path[:200], remedy="write the whole path") from error


def refuse_odd(path: str) -> None:
    """Check that a path can be the name of a file.

    Raises: ConfigError for a NUL character, half a character (a lone surrogate), and more than 4,096 characters.
    """
    if "\0" in path or any("\ud800" <= sign <= "\udfff" for sign in path):
        cause = "a path cannot contain a NUL character or half a character"
        raise ConfigError("CONFIG_PATH", cause, place=repr(path[:200]))
    if len(path) > PATH or any(len(part.encode()) > LONGEST_NAME for part in path.split("/")):
        cause = f"longer than {PATH} characters, or a name in it longer than {LONGEST_NAME} bytes"
        raise ConfigError("CONFIG_PATH", cause, place=f"{path[:80]}...")


def check_folder_name(path: Path) -> None:
    """Check the name of a folder that will be written: letters of any script, blanks and most signs are allowed.

    Names that are not: those of hidden folders, since folders under construction are hidden; those that look like an
    option; and those that another system or a shell could not read back.

    Raises: ConfigError.
    """
    check_length(path)
    name = path.name
    odd = sorted({sign for sign in name if sign in _RESERVED or not sign.isprintable()})
    cause = ""
    if odd:
        cause = f"contains {', '.join(map(repr, odd))}"
    elif name.startswith((".", "-", " ")) or name.endswith((".", " ")):
        cause = "begins with '.', '-' or a blank, or ends with '.' or a blank"
    if cause or not name:
        cause = f"the folder name {name!r} {cause or 'is empty'}"
        place = str(path) if str(path).isprintable() else repr(str(path))
        raise ConfigError("BAD_NAME", cause, place=place[:200], remedy="choose another name")


def check_length(path: Path) -> None:
    """Check that the name of a folder is short enough for all names that are derived from it.

    Raises: ConfigError.
    """
    _refuse_longer(path, "folder", LONGEST_FOLDER)


def check_file_name(path: Path) -> None:
    """Check that the name of a file is short enough for all names that are derived from it.

    Raises: ConfigError.
    """
    _refuse_longer(path, "file", LONGEST_FILE)


def _refuse_longer(path: Path, noun: str, limit: int) -> None:
    size = len(os.fsencode(path.name))
    if size > limit:
        cause = f"the {noun} name has {size} bytes; expected at most {limit}"
        raise ConfigError("BAD_NAME", cause, place=f"{path.name[:40]}...", remedy="choose a shorter name")
