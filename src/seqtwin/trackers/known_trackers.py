"""TRACKERS: the trackers by the name that `fit.log` gives. To add one: a Sink, and its line in the dict."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from seqtwin.errors import SeqTwinError
from seqtwin.trackers.callbacks import Callback
from seqtwin.trackers.listeners import Listeners, undisturbed
from seqtwin.trackers.tracked_run import Params, Sink, TrackedCells, TrackedRun

log = logging.getLogger(__name__)


def _tensorboard(out: Path) -> Sink:
    from seqtwin.trackers.tensorboard_log import TensorBoardSink

    return TensorBoardSink(out)


def _mlflow(out: Path) -> Sink:
    from seqtwin.trackers.mlflow_log import MlflowSink

    return MlflowSink(out)


def _wandb(out: Path) -> Sink:
    from seqtwin.trackers.wandb_log import WandbSink

    return WandbSink(out)


TRACKERS: dict[str, Callable[[Path], Sink]] = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}


@contextmanager
def training_listeners(
    callbacks: Sequence[Callback], name: str | None, out: Path, params: Params
) -> Iterator[Listeners]:
    """The callbacks of a training, with the tracker of this name, if any. `out`: the folder of the training.

    A tracker that cannot be opened, or fails later, is logged, and the training continues.

    Raises: MissingExtraError if its library is not installed.
    """
    sink = None if name is None else _opened(name, out, params)
    status = "failed"
    try:
        yield Listeners([*callbacks, *([TrackedRun(sink)] if sink else [])])
        status = "finished"
    finally:
        if sink:
            _try(lambda: sink.end(status))


def study_listeners(callbacks: Sequence[Callback], name: str | None, out: Path, params: Params) -> Listeners:
    """The callbacks of a study, with the tracker of this name, if any. Raises: MissingExtraError."""
    return Listeners([*callbacks, *([TrackedCells(TRACKERS[name](out), params)] if name else [])])


def _opened(name: str, out: Path, params: Params) -> Sink | None:
    sink = TRACKERS[name](out)
    return sink if _try(lambda: sink.begin(out.name, params)) else None


def _try(call: Callable[[], None]) -> bool:
    """Whether a call to a tracker ends without an error, which is logged."""
    try:
        with undisturbed():
            call()
    except SeqTwinError:
        raise
    except Exception:
        log.warning("the tracker raised an error and is not used; the training continues", exc_info=True)
        return False
    return True


def flat(config: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """The values of nested settings by dotted key.

    >>> flat({"fit": {"lr": 0.1}, "loss": "mse"})
    {'fit.lr': 0.1, 'loss': 'mse'}
    """
    settings: dict[str, object] = {}
    for key, value in config.items():
        inner = flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        settings |= inner
    return settings
