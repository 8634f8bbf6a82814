"""What the command line shows while it works and when it is done. Bars go to stderr, and only to a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqtwin.study.worker import Progress
    from seqtwin.training.fit import RunState


def say(text: str) -> None:
    """One result line, on stdout."""
    sys.stdout.write(text + "\n")


def say_json(value: Any) -> None:
    """A result for machines, on stdout."""
    say(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def complain(text: str) -> None:
    """An error or a warning, on stderr."""
    sys.stderr.write(text + "\n")


def show_understood(lines: Sequence[str]) -> None:
    """What was understood of a data file, on stderr, before it is acted on."""
    for line in lines:
        complain(line)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by blanks, the first to the left, the others to the right.

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


def scores_table(scores: Mapping[str, Any]) -> str:
    """The metrics of both splits side by side."""
    rows = [[name, f"{scores['dev'][name]:.4f}", f"{scores['test'][name]:.4f}"] for name in scores["test"]]
    return table(["", "dev", "test"], rows)


def undefined_lines(scores: Mapping[str, Any]) -> list[str]:
    """Why metrics have no value, one line for each reason, and that there is no threshold where there is none."""
    reasons: dict[str, list[str]] = {}
    for name, why in (scores.get("undefined") or {}).items():
        reasons.setdefault(why, []).append(name)
    lines = [f"undefined: {', '.join(names)} ({why})" for why, names in reasons.items()]
    missing = "threshold" in scores and scores["threshold"] is None
    return [
        *lines,
        *(["no threshold: it could not be chosen on dev; score and dedupe will need one"] if missing else []),
    ]


@contextmanager
def epochs_bar(epochs: int) -> Iterator[Callable[["RunState"], None]]:
    """A bar over the epochs of one training."""
    with _bars() as progress:
        task = progress.add_task("training", total=epochs, note="")

        def on_epoch(state: "RunState") -> None:
            row = state.history[-1]
            dev = "" if row["dev"] is None else f"  dev {row['dev']:.4f}"
            progress.update(task, completed=state.epoch, note=f"loss {row['loss']:.4f}{dev}")

        yield on_epoch


@contextmanager
def rows_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over the rows of a file: called with those done and all."""
    with _bars() as progress:
        task = progress.add_task(what, total=None, note="")
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def study_bars() -> Iterator[Callable[["Progress"], None]]:
    """A line for each worker at work, and one over all tunings or all study cells."""
    with _bars() as progress:
        yield _StudyLines(progress)


class _StudyLines:
    def __init__(self, progress: Any) -> None:
        self.progress = progress
        self.lines: dict[str, Any] = {}
        self.totals: dict[str, _Total] = {}

    def __call__(self, event: "Progress") -> None:
        if event.work not in self.totals:
            self.totals[event.work] = _Total(self.progress.add_task(event.work, total=event.of, note=""))
        if event.done:
            self._end(event, self.totals[event.work])
            return
        if event.cell not in self.lines:
            self.lines[event.cell] = self.progress.add_task(event.cell, total=event.epochs, note="")
        note = "" if event.metric is None else f"dev {event.metric:.4f}"
        self.progress.update(self.lines[event.cell], completed=event.epoch, note=note)

    def _end(self, event: "Progress", total: "_Total") -> None:
        total.done += 1
        total.failed += event.done != "finished"
        note = f"{total.failed} without a result" if total.failed else ""
        self.progress.update(total.line, completed=total.done, note=note)
        if event.cell in self.lines:
            self.progress.remove_task(self.lines.pop(event.cell))


@dataclass
class _Total:
    line: Any
    done: int = 0
    failed: int = 0


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    console = Console(stderr=True)
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
