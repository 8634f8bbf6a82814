"""Progress bars for a terminal and for a notebook, with tqdm, which draws both."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from seqtwin.study.worker import Progress

if TYPE_CHECKING:
    from tqdm import tqdm


class State(Protocol):
    """The part of the state of a training that a bar shows."""

    epoch: int
    history: list[dict[str, int | float | None]]


def in_notebook() -> bool:
    """Whether this runs in a notebook, where output is shown below a cell."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


@contextmanager
def training_bar(shown: bool | None, epochs: int, lines: Sequence[str]) -> Iterator[Callable[[State], None]]:
    """A bar over the epochs of a training. `shown`: None shows it in a notebook only. `lines`: shown above it."""
    with _bar(shown, "training", epochs, lines) as bar:

        def after_epoch(state: State) -> None:
            row = state.history[-1]
            dev = "" if row["dev"] is None else f", dev {row['dev']:.4f}"
            bar.set_postfix_str(f"loss {row['loss']:.4f}{dev}", refresh=False)
            bar.update(state.epoch - bar.n)

        yield after_epoch


@contextmanager
def study_bar(shown: bool | None, lines: Sequence[str]) -> Iterator[Callable[[Progress], None]]:
    """A bar over the tunings, then over the study cells. Arguments as for `training_bar`."""
    with _bar(shown, "study", None, lines) as bar:
        work = ""

        def after_event(event: Progress) -> None:
            nonlocal work
            if event.work != work:
                work = event.work
                bar.set_description(work, refresh=False)
                bar.reset(event.of)
            if event.done:
                bar.set_postfix_str(f"{event.cell} {event.done}", refresh=False)
                bar.update()

        yield after_event


@contextmanager
def _bar(shown: bool | None, name: str, total: int | None, lines: Sequence[str]) -> "Iterator[tqdm[None]]":
    visible = in_notebook() if shown is None else shown
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns where a notebook lacks ipywidgets, and then draws text
        from tqdm.auto import tqdm as bar_of

        for line in lines if visible else ():
            bar_of.write(line, file=sys.stderr)
        with bar_of(total=total, desc=name, disable=not visible) as bar:
            yield bar
