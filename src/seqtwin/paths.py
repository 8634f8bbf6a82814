"""Paths in a config: relative to its own folder, and with environment variables."""

import os
import re
from pathlib import Path

from seqtwin.errors import ConfigError

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def anchor(path: str, folder: Path) -> str:
    """A path relative to a folder, unless it is absolute or starts with the home folder or a variable."""
    return path if path.startswith(("/", "~", "${")) else str(folder.absolute() / path)


def counted_from(path: str, folder: Path) -> str:
    """The path relative to this folder, as a config in it has it. Results then contain no path of a machine."""
    return path if path.startswith(("~", "${")) else os.path.relpath(path, folder.absolute())


def expand(path: str) -> Path:
    """A path with its `${VARIABLES}` replaced by their values.

    Raises: ConfigError for a variable that is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            remedy = f"set it first: export {name}=..."
            raise ConfigError("CONFIG_VARIABLE", f"the variable {name} is not set", place=path, remedy=remedy)
        return os.environ[name]

    return Path(_VARIABLE.sub(value, path)).expanduser()
