"""Runs named checks on a part and gathers their results, or raises one error with all failures."""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from seqtwin.errors import ConfigError

Part = TypeVar("Part")
LONGEST = 400  # characters of a finding


class NotMetError(Exception):
    """A check is not met. `found`: what was found. `remedy`: what to change, instead of the remedy of the check."""

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(found)
        self.remedy = remedy


@dataclass(frozen=True)
class CheckResult:
    """The result of one check. `found`: what was measured, or what is wrong; `remedy`: what to change, empty if passed.

    >>> print(CheckResult("one_row", False, "raised IndexError", "keep the batch axis"))
    one_row: raised IndexError; keep the batch axis
    """

    name: str
    passed: bool
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.found}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Check(Generic[Part]):
    """A check: `run(part)` returns what it found, or raises. `remedy`: what to change if it fails."""

    run: Callable[[Part], str]
    remedy: str


def run_checks(
    name: str,
    part: Part,
    build: Check[Part],
    checks: Mapping[str, Check[Part]],
    *,
    raise_error: bool,
    first: str = "build",
) -> tuple[CheckResult, ...]:
    """The result of every check, in their order. A failure does not stop the others.

    `name`: of the part, for the error. `build`: whether the part can be built at all; if not, this is the only result,
    with the name `first`.

    Raises: ConfigError that lists all failures, if `raise_error`.
    """
    built = _result(first, part, build)
    results = tuple(_result(key, part, check) for key, check in checks.items()) if built.passed else (built,)
    failed = [result for result in results if not result.passed]
    if failed and raise_error:
        listed = "".join(f"\n  {result}" for result in failed)
        cause = f"{len(failed)} of {len(results)} checks failed{listed}"
        raise ConfigError("PART_CHECKS", cause, place=name, remedy="change the part, then run the checks again")
    return results


def _result(name: str, part: Part, check: Check[Part]) -> CheckResult:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # odd inputs are given on purpose, and what is said about them is of no use here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return CheckResult(name, True, check.run(part))
    except NotMetError as error:
        return CheckResult(name, False, str(error)[:LONGEST], error.remedy or check.remedy)
    except Exception as error:  # whatever a part raises is a finding
        said = " ".join(str(error).split())
        return CheckResult(name, False, f"raised {type(error).__name__}: {said}"[:LONGEST], check.remedy)
    finally:
        logging.disable(before)


def require(met: bool, found: str, remedy: str = "") -> None:
    """Fail the check unless `met`. Raises: NotMetError."""
    if not met:
        raise NotMetError(found, remedy)


def part_name(part: object) -> str:
    """The printed name of a part.

    >>> part_name("mean_output"), part_name(dict), part_name({"name": "join", "parts": []})
    ('mean_output', 'dict', 'join')
    """
    if isinstance(part, Mapping):
        return str(part.get("name", "part"))
    if isinstance(part, str):
        return part
    inner = getattr(part, "func", part)  # of functools.partial
    return str(getattr(inner, "__name__", type(inner).__name__))
