"""What the command line shows while it works and when it is done. Bars go to stderr, and only to a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqtwin.study.work import Progress
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
def study_bars() -> Iterator[Callable[["Progress"], None]]:
    """A line for each worker at work, and one over all study cells."""
    with _bars() as progress:
        lines: dict[str, Any] = {}
        total = progress.add_task("study cells", total=None, note="")
        count = {"done": 0, "failed": 0}

        def on_progress(event: "Progress") -> None:
            progress.update(total, total=event.of)
            if event.done:
                count["done"] += 1
                count["failed"] += event.done != "finished"
                note = f"{count['failed']} without a result" if count["failed"] else ""
                progress.update(total, completed=count["done"], note=note)
                if event.cell in lines:
                    progress.remove_task(lines.pop(event.cell))
                return
            if event.cell not in lines:
                lines[event.cell] = progress.add_task(event.cell, total=event.epochs, note="")
            note = "" if event.metric is None else f"dev {event.metric:.4f}"
            progress.update(lines[event.cell], completed=event.epoch, note=note)

        yield on_progress


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    console = Console(stderr=True)
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
