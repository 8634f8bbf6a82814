"""Opens an encoder folder or an index folder for the service."""

from pathlib import Path

from seqtwin.errors import ConfigError
from seqtwin.index.generations import is_index
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.inference.load import load_either
from seqtwin.paths import expand
from seqtwin.serve.live_index import LiveIndex
from seqtwin.serve.served_encoder import ServedEncoder


def open_folder(folder: Path | str, encoder: Path | None = None) -> ServedEncoder:
    """The encoder in a folder, or the index in it with its encoder, verified.

    `encoder`: the folder of the encoder of an index, if it has moved.

    Raises: ConfigError, DamagedError.
    """
    folder = expand(str(folder))
    if not is_index(folder):
        if encoder is not None:
            cause = "no index here, but --encoder is for the encoder of an index"
            raise ConfigError("NO_INDEX", cause, place=str(folder), remedy="leave --encoder out")
        return ServedEncoder(load_either(folder), None, _name(folder))
    live = LiveIndex(folder, None if encoder is None else load_either(encoder))
    loaded = live.last.index.encoder
    assert isinstance(loaded, BaseEncoder)
    return ServedEncoder(loaded, live, _name(folder))


def _name(folder: Path) -> str:
    """The folder's own name; `runs/small/encoder` is called `small`."""
    path = folder.resolve()
    return path.parent.name if path.name == "encoder" and path.parent.name else path.name
