"""Printing: results on stdout, notices and errors on stderr, and progress bars if stderr is a terminal."""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtwin.cli.entry.waiting import end_waiting

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from seqtwin.floors import FloorScores
    from seqtwin.study.worker import Progress
    from seqtwin.training.run_state import RunState


# C0 without tab and line feed, DEL, C1, lone surrogates, and the marks that reverse the order of a line
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069]")

EVERY = 10  # seconds between lines of progress where stderr is no terminal
_COLOUR = re.compile("\x1b\\[[0-9;]*m")


def shown(text: str) -> str:
    r"""A text without control characters, which could move the cursor or change the terminal: each is an escape.

    >>> shown("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return _CONTROL.sub(lambda sign: repr(sign[0])[1:-1], text)


def print_line(text: str) -> None:
    """Print one line of the result on stdout."""
    end_waiting()
    sys.stdout.write(shown(text) + "\n")


def print_drawn(text: str) -> None:
    """Print lines that rich has drawn on stdout: the codes of colours stay, other control characters are escaped."""
    end_waiting()
    parts = _COLOUR.split(text)
    codes = [*_COLOUR.findall(text), ""]
    sys.stdout.write("".join(shown(part) + code for part, code in zip(parts, codes, strict=True)))


def clear_screen() -> None:
    """Clear a terminal, for a result that is drawn again."""
    sys.stdout.write("\x1b[H\x1b[2J\x1b[3J")


def print_json(value: object) -> None:
    """Print a result as JSON on stdout."""
    end_waiting()
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    sys.stdout.write(_CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n")


def print_notice(text: str) -> None:
    """Print an error, a warning or a note on stderr."""
    end_waiting()
    sys.stderr.write(shown(text) + "\n")


def print_summary(lines: Sequence[str]) -> None:
    """Print how a data file was interpreted on stderr, before the command acts on it."""
    for line in lines:
        print_notice(line)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text columns aligned with blanks: the first to the left, the others to the right.

    >>> print(table(["a", "b"], [["x", "10"]]))
    a   b
    x  10
    """
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def scores_table(dev: Mapping[str, float], test: Mapping[str, float], baseline: "FloorScores | None" = None) -> str:
    """A table of the metrics with one column per split. `baseline`: scores for two more columns."""
    head, columns = ["", "dev", "test"], [dev, test]
    if baseline is not None:
        head, columns = [*head, "baseline dev", "baseline test"], [*columns, baseline["dev"], baseline["test"]]
    cells = {name: [f"{column[name]:.4f}" if name in column else "-" for column in columns] for name in test}
    return table(head, [[name, *values] for name, values in cells.items()])


def undefined_lines(undefined: Mapping[str, str]) -> list[str]:
    """One line per reason why metrics have no value. `undefined`: metric -> reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in undefined.items():
        reasons.setdefault(why, []).append(name)
    return [f"undefined: {', '.join(names)} ({why})" for why, names in reasons.items()]


@contextmanager
def epochs_bar(epochs: int) -> Iterator[Callable[["RunState"], None]]:
    """A progress bar over the epochs of one training; a line now and then if piped."""
    with _bars() as bars, _now_and_then(bars) as log_line:
        task = bars.add_task("training", total=epochs, note="")

        def on_epoch(state: "RunState") -> None:
            row = state.history[-1]
            dev = "" if row["dev"] is None else f"  dev {row['dev']:.4f}"
            note = f"loss {row['loss']:.4f}{dev}"
            bars.update(task, completed=state.epoch, note=note)
            log_line(f"epoch {state.epoch} of {epochs}: {note}")

        yield on_epoch


@contextmanager
def rows_bar(what: str, unit: str = "rows") -> Iterator[Callable[[int, int], None]]:
    """A progress bar over the rows of a file; a line now and then if piped. It is called with the numbers of finished
    rows and of all rows.
    """
    with _bars() as bars, _now_and_then(bars) as log_line:
        task = bars.add_task(what, total=None, note="")

        def on_rows(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)
            log_line(f"{what}: {done:,} of {total:,} {unit}")

        yield on_rows


@contextmanager
def _now_and_then(bars: "Bars") -> Iterator[Callable[[str], None]]:
    """Prints at most one line in ten seconds, and none next to bars: for a log file, which has no bars.

    Work that takes longer than that also prints its last line.
    """
    began = printed = time.monotonic()
    waiting = ""

    def log_line(line: str) -> None:
        nonlocal printed, waiting
        waiting = line
        if bars.disable and time.monotonic() - printed >= EVERY:
            printed, waiting = time.monotonic(), ""
            print_notice(line)

    yield log_line
    if waiting and printed > began:
        print_notice(waiting)


@contextmanager
def study_bars() -> Iterator[Callable[["Progress"], None]]:
    """One progress bar per busy worker, and one over all tunings or all study cells; a line for each if piped."""
    with _bars() as bars:
        yield _StudyLines() if bars.disable else _StudyBars(bars)


class _StudyLines:
    """A line for each finished tuning or study cell: for a log file, which has no bars."""

    def __init__(self) -> None:
        self.finished: Counter[str] = Counter()

    def __call__(self, event: "Progress") -> None:
        if event.done:
            self.finished[event.work] += 1
            print_notice(f"{event.work} {self.finished[event.work]} of {event.of}: {event.cell} {event.done}")


class _StudyBars:
    def __init__(self, bars: "Bars") -> None:
        self.bars = bars
        self.cells: dict[str, TaskID] = {}
        self.totals: dict[str, _Total] = {}

    def __call__(self, event: "Progress") -> None:
        if event.work not in self.totals:
            self.totals[event.work] = _Total(self.bars.add_task(event.work, total=event.of, note=""))
        if event.done:
            self._end(event, self.totals[event.work])
            return
        if event.cell not in self.cells:
            self.cells[event.cell] = self.bars.add_task(event.cell, total=event.epochs, note="")
        note = "" if event.metric is None else f"dev {event.metric:.4f}"
        self.bars.update(self.cells[event.cell], completed=event.epoch, note=note)

    def _end(self, event: "Progress", total: "_Total") -> None:
        total.done += 1
        total.failed += event.done != "finished"
        note = f"{total.failed} without a result" if total.failed else ""
        self.bars.update(total.task, completed=total.done, note=note)
        if event.cell in self.cells:
            self.bars.remove_task(self.cells.pop(event.cell))


@dataclass
class _Total:
    task: "TaskID"
    done: int = 0
    failed: int = 0


def _bars() -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    end_waiting()
    columns = ("{task.description}", BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    console = Console(stderr=True)
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
