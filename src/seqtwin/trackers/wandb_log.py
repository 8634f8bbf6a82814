"""Runs in Weights & Biases, as the user has set it up (`wandb login`, WANDB_MODE, WANDB_PROJECT)."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from matplotlib.figure import Figure

from seqtwin.errors import missing_extra

PROJECT = "seqtwin"


class WandbSink:
    """A run of Weights & Biases in the project of the user, by default `seqtwin`."""

    def __init__(self, out: Path) -> None:
        self._library = _library()

    def begin(self, name: str, params: Mapping[str, object]) -> None:
        project = os.environ.get("WANDB_PROJECT") or PROJECT
        self._run = self._library.init(project=project, name=name, config=dict(params), reinit="create_new")
        self._run.define_metric("*", step_metric="step")

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log({**values, "step": step})

    def draw(self, name: str, figure: Figure) -> None:
        import matplotlib.image

        from seqtwin.reporting.figures.heat_map import png_of

        picture = matplotlib.image.imread(
            io.BytesIO(png_of(figure))
        )  # an array, since it takes no figure of an own class
        self._run.log({name: self._library.Image(picture)})

    def end(self, status: str) -> None:
        self._run.summary["status"] = status
        self._run.finish(exit_code=0 if status in ("finished", "collapsed") else 1)


def _library() -> ModuleType:
    try:
        import wandb
    except ImportError as error:
        raise missing_extra("wandb", "wandb") from error
    library: ModuleType = wandb
    return library
