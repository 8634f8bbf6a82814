"""The errors of the package: each has a stable code, a cause, a place and a remedy, and each kind its exit code.

Exit codes: 0 success, 1 finished with failed cells, 2 bad input or config, 3 damaged files, 4 in use,
5 out of resources, 130 / 143 interrupted.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from typing_extensions import TypedDict

SHOWN_PROBLEMS = 20


class ErrorFacts(TypedDict):
    """An error as JSON."""

    code: str
    cause: str
    place: str
    remedy: str


class SeqTwinError(Exception):
    """An error that a user can fix. `cause`: what is wrong; `place`: where; `remedy`: what to do."""

    exit_code = 2

    def __init__(self, code: str, cause: str, *, place: str = "", remedy: str = "") -> None:
        self.code, self.cause, self.place, self.remedy = code, cause, place, remedy
        super().__init__(cause)

    def __reduce__(self) -> tuple[object, ...]:
        # exceptions are sent between processes by pickle, which supports positional arguments only
        return (_rebuild, (type(self), self.code, self.cause, self.place, self.remedy))

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what = f"\n  remedy: {self.remedy}" if self.remedy else ""
        return f"{where}{self.cause} [{self.code}]{what}"

    def as_dict(self) -> ErrorFacts:
        """The error as JSON, for `--json`."""
        return {"code": self.code, "cause": self.cause, "place": self.place, "remedy": self.remedy}


class ConfigError(SeqTwinError):
    """A config, a name or a combination of parts is not valid."""


class DataError(SeqTwinError):
    """Rows, columns or files are not valid data."""


class MissingExtraError(SeqTwinError):
    """An optional dependency is not installed."""


class DamagedError(SeqTwinError):
    """A published file or folder is missing or has changed."""

    exit_code = 3


class InUseError(SeqTwinError):
    """Another process is using this folder."""

    exit_code = 4


class ResourceError(SeqTwinError):
    """There is no disk space or memory left."""

    exit_code = 5


def _rebuild(kind: type[SeqTwinError], code: str, cause: str, place: str, remedy: str) -> SeqTwinError:
    return kind(code, cause, place=place, remedy=remedy)


def nearest(name: str, known: Sequence[str]) -> str:
    """The hint `(did you mean 'x'?)`, or an empty text if no known name is similar.

    >>> nearest("mean_outptu", ["mean_output", "max_output"])
    " (did you mean 'mean_output'?)"
    """
    matches = get_close_matches(name, known, n=1, cutoff=0.6)
    return f" (did you mean '{matches[0]}'?)" if matches else ""


def gathered(code: str, place: str, problems: Sequence[str], remedy: str) -> DataError:
    """One error with the first problems of a file and the number of the others."""
    shown = "".join(f"\n  {p}" for p in problems[:SHOWN_PROBLEMS])
    rest = len(problems) - SHOWN_PROBLEMS
    more = f"\n  ... and {rest} more" if rest > 0 else ""
    noun = "problem" if len(problems) == 1 else "problems"
    return DataError(code, f"{len(problems)} {noun}{shown}{more}", place=place, remedy=remedy)


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """The error for an optional dependency that is not installed."""
    return MissingExtraError("MISSING_EXTRA", f"this needs {package}", remedy=f"pip install 'seqtwin[{extra}]'")
