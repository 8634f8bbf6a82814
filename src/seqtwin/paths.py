"""Paths as a config writes them: counted from its own folder, with environment variables in them."""

import os
import re
from pathlib import Path

from seqtwin.errors import ConfigError

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def anchor(path: str, folder: Path) -> str:
    """A path counted from a folder, unless it starts at the root, at home or with a variable."""
    return path if path.startswith(("/", "~", "${")) else str(folder.absolute() / path)


def counted_from(path: str, folder: Path) -> str:
    """The path as a config in this folder writes it, so that no artifact names a place of one machine."""
    return path if path.startswith(("~", "${")) else os.path.relpath(path, folder.absolute())


def expand(path: str) -> Path:
    """A path with its `${VARIABLES}` filled in.

    Raises: ConfigError for a variable that is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            remedy = f"set it first: export {name}=..."
            raise ConfigError("CONFIG_VARIABLE", f"the variable {name} is not set", place=path, remedy=remedy)
        return os.environ[name]

    return Path(_VARIABLE.sub(value, path)).expanduser()
