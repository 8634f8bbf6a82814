"""Errors of the Python functions: their remedies name arguments, where those of the commands name options."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from seqtwin.errors import SeqTwinError

ARGUMENTS = ("left", "right", "label", "labels", "text", "scale")
_VALUE = r"NAME|LOW|HIGH|[^\s;]+=[^\s;]+|-?\d[\d.]*|[a-z_]+(?=[,;]|$| --)"
_OPTION = re.compile(rf"--({'|'.join(ARGUMENTS)})\b((?: (?!and\b|or\b)(?:{_VALUE}))*)")


@contextmanager
def told_in_python() -> Iterator[None]:
    """Let an error of the block name arguments in place of options.

    Raises: the error of the block.
    """
    try:
        yield
    except SeqTwinError as error:
        error.cause, error.remedy = in_python(error.cause), in_python(error.remedy)
        error.args = (error.cause,)
        raise


def in_python(text: str) -> str:
    """A text with arguments in place of options.

    >>> in_python("declare it: --scale LOW HIGH (data.scale), for example --scale 1 5; or --label NAME")
    'declare it: scale=(LOW, HIGH) (data.scale), for example scale=(1, 5); or label=NAME'
    >>> in_python("init pos.csv --left en --right de, or --label NAME")
    'init pos.csv left=en right=de, or label=NAME'
    >>> in_python("--left and --right; --labels 1=0,0=1")
    'left and right; labels={"1": 0, "0": 1}'
    """
    return _OPTION.sub(_argument, text)


def _argument(match: re.Match[str]) -> str:
    name, values = match[1], match[2].split()
    if name == "labels" and values:
        pairs = [pair.rpartition("=") for pair in values[0].split(",")]
        listed = ", ".join(f'"{word}": {number}' for word, _, number in pairs)
        return f"labels={{{listed}}}"
    if not values:
        return name
    return f"{name}={values[0]}" if len(values) == 1 else f"{name}=({', '.join(values)})"
