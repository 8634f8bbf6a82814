"""Loading a trained encoder with either backend. A backend is imported only when it is used."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from seqtwin.errors import ConfigError
from seqtwin.lookup import member
from seqtwin.paths import expand

if TYPE_CHECKING:
    from seqtwin.inference.base_encoder import BaseEncoder
    from seqtwin.inference.onnx_encoder import OnnxEncoder
    from seqtwin.inference.trained_encoder import TrainedEncoder

ONNX_CARD = "onnx.json"


def _torch(folder: Path, allow_read_padding: bool) -> "TrainedEncoder":
    if (folder / ONNX_CARD).exists():
        cause = "this folder contains an encoder exported to ONNX"
        raise ConfigError("NO_ENCODER", cause, place=str(folder), remedy='seqtwin.load(folder, backend="onnx")')
    from seqtwin.inference.trained_encoder import load as load_torch

    return load_torch(folder, allow_read_padding=allow_read_padding)


def _onnx(folder: Path, allow_read_padding: bool) -> "OnnxEncoder":
    from seqtwin.inference.onnx_encoder import load_onnx

    if allow_read_padding:
        cause = "allow_read_padding applies to the torch backend only: an encoder with padding: read is never exported"
        raise ConfigError("PADDING_READ", cause, place=str(folder), remedy="leave allow_read_padding out")
    return load_onnx(folder)


def load_either(folder: Path | str) -> "BaseEncoder":
    """Load the encoder in a folder with the backend that suits it: ONNX for one exported to ONNX, otherwise PyTorch.

    Raises: as `load`.
    """
    path = expand(str(folder))
    return _onnx(path, False) if (path / ONNX_CARD).exists() else _torch(path, False)


BACKENDS: "dict[str, Callable[[Path, bool], BaseEncoder]]" = {"torch": _torch, "onnx": _onnx}


@overload
def load(
    folder: Path | str, *, backend: Literal["torch"] = "torch", allow_read_padding: bool = False
) -> "TrainedEncoder": ...


@overload
def load(folder: Path | str, *, backend: Literal["onnx"], allow_read_padding: bool = False) -> "OnnxEncoder": ...


def load(folder: Path | str, *, backend: str = "torch", allow_read_padding: bool = False) -> "BaseEncoder":
    """Load the encoder in a folder.

    `backend`: "torch" for an `encoder/` folder or the run that contains one; "onnx" for a folder written by
    `seqtwin export --to onnx`, which never imports torch.

    Raises: ConfigError if there is no encoder, for an unknown backend, or for an encoder trained with `padding: read`
    (unless `allow_read_padding`); DamagedError if its files do not fit together; MissingExtraError without onnxruntime.
    """
    return member(BACKENDS, backend, "backend")(expand(str(folder)), allow_read_padding)
