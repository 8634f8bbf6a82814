"""An encoder folder or an index folder, opened for the service."""

from pathlib import Path

from seqtwin.errors import ConfigError
from seqtwin.index.generations import is_index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.serve.live_index import Live
from seqtwin.serve.served import Served


def opened(folder: Path, encoder: Path | None = None) -> Served:
    """What is in the folder, checked: an encoder, or an index with its encoder.

    `encoder`: where the encoder of an index lies, when it is no longer where it was.

    Raises: ConfigError, DamagedError.
    """
    if not is_index(folder):
        if encoder is not None:
            cause = "no index here, so its encoder cannot be named"
            raise ConfigError("NO_INDEX", cause, place=str(folder), remedy="leave --encoder out")
        return Served(load(folder), None, _name(folder))
    live = Live(folder, None if encoder is None else load(encoder))
    found = live.opened.index.encoder
    assert isinstance(found, TrainedEncoder)
    return Served(found, live, _name(folder))


def _name(folder: Path) -> str:
    """The folder's own name; `runs/small/encoder` is called `small`."""
    path = folder.resolve()
    return path.parent.name if path.name == "encoder" and path.parent.name else path.name
