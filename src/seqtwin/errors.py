"""Typed errors: a stable code, the cause, the place and the remedy; each kind has its exit code.

Exit codes: 0 ok, 1 finished with failed cells, 2 bad input or config, 3 damaged artifact, 4 in use,
5 out of resources, 130 / 143 interrupted.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypedDict

SHOWN_PROBLEMS = 20


class ErrorFacts(TypedDict):
    """An error as JSON."""

    code: str
    cause: str
    place: str
    remedy: str


class SeqTwinError(Exception):
    """An error a user can mend: `CODE: cause (place). remedy`."""

    exit_code = 2

    def __init__(self, code: str, cause: str, *, place: str = "", remedy: str = "") -> None:
        self.code, self.cause, self.place, self.remedy = code, cause, place, remedy
        super().__init__(cause)

    def __reduce__(self) -> tuple[object, ...]:
        # exceptions cross process borders by pickle, which knows positional arguments only
        return (_rebuild, (type(self), self.code, self.cause, self.place, self.remedy))

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what = f"\n  remedy: {self.remedy}" if self.remedy else ""
        return f"{where}{self.cause} [{self.code}]{what}"

    def as_dict(self) -> ErrorFacts:
        """The same for machines (`--json`)."""
        return {"code": self.code, "cause": self.cause, "place": self.place, "remedy": self.remedy}


class ConfigError(SeqTwinError):
    """A config, a name or a combination of parts that cannot be used."""


class DataError(SeqTwinError):
    """Rows, columns or files that cannot be read as data."""


class MissingExtraError(SeqTwinError):
    """An optional dependency is not installed."""


class DamagedError(SeqTwinError):
    """A published thing that is not what its manifest says."""

    exit_code = 3


class InUseError(SeqTwinError):
    """Another process drives this folder."""

    exit_code = 4


class ResourceError(SeqTwinError):
    """No disk space or no memory left."""

    exit_code = 5


def _rebuild(kind: type[SeqTwinError], code: str, cause: str, place: str, remedy: str) -> SeqTwinError:
    return kind(code, cause, place=place, remedy=remedy)


def nearest(name: str, known: Sequence[str]) -> str:
    """The hint `(did you mean 'x'?)`, or nothing when no known name is near.

    >>> nearest("mean_outptu", ["mean_output", "max_output"])
    " (did you mean 'mean_output'?)"
    """
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return f" (did you mean '{found[0]}'?)" if found else ""


def gathered(code: str, place: str, problems: Sequence[str], remedy: str) -> DataError:
    """One error that lists the first problems of a file and counts the rest."""
    shown = "".join(f"\n  {p}" for p in problems[:SHOWN_PROBLEMS])
    rest = len(problems) - SHOWN_PROBLEMS
    more = f"\n  ... and {rest} more" if rest > 0 else ""
    noun = "problem" if len(problems) == 1 else "problems"
    return DataError(code, f"{len(problems)} {noun}{shown}{more}", place=place, remedy=remedy)


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """The one line a user sees when an optional dependency is absent."""
    return MissingExtraError("MISSING_EXTRA", f"this needs {package}", remedy=f"pip install 'seqtwin[{extra}]'")
