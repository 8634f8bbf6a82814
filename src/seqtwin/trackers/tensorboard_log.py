"""Runs in TensorBoard's own files, next to the folder of a training."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from matplotlib.figure import Figure

from seqtwin.errors import missing_extra


class TensorBoardSink:
    """A folder of event files per run: `OUT.tensorboard/NAME`. View them with `tensorboard --logdir`."""

    def __init__(self, out: Path) -> None:
        self._library = _library()
        self.folder = out.with_name(f"{out.name}.tensorboard")

    def begin(self, name: str, params: Mapping[str, object]) -> None:
        self._writer = self._library.SummaryWriter(str(self.folder / name))
        self._writer.add_text("config", "\n".join(f"    {key}: {value}" for key, value in params.items()))

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def draw(self, name: str, figure: Figure) -> None:
        self._writer.add_figure(name, figure, close=False)

    def end(self, status: str) -> None:
        self._writer.add_text("status", status)
        self._writer.close()


def _library() -> ModuleType:
    try:
        import tensorboard  # noqa: F401 - the writer of PyTorch needs it
        from torch.utils import tensorboard as writer
    except ImportError as error:
        raise missing_extra("tensorboard", "tensorboard") from error
    return writer
