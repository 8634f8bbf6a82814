"""One door to a trained encoder, whichever backend runs it; a backend is imported when it is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from seqtwin.errors import ConfigError
from seqtwin.lookup import member

if TYPE_CHECKING:
    from seqtwin.inference.onnx_encoder import OnnxEncoder
    from seqtwin.inference.trained_encoder import TrainedEncoder

ONNX_CARD = "onnx.json"


def _torch(folder: Path, allow_read_padding: bool) -> "TrainedEncoder":
    if (folder / ONNX_CARD).exists():
        cause = "this folder holds an encoder exported to ONNX"
        raise ConfigError("NO_ENCODER", cause, place=str(folder), remedy='seqtwin.load(folder, backend="onnx")')
    from seqtwin.inference.trained_encoder import load as load_torch

    return load_torch(folder, allow_read_padding=allow_read_padding)


def _onnx(folder: Path, allow_read_padding: bool) -> "OnnxEncoder":
    from seqtwin.inference.onnx_encoder import load_onnx

    if allow_read_padding:
        cause = "allow_read_padding has no meaning here: an encoder with padding: read is never exported"
        raise ConfigError("PADDING_READ", cause, place=str(folder))
    return load_onnx(folder)


BACKENDS: dict[str, Callable[[Path, bool], Any]] = {"torch": _torch, "onnx": _onnx}


@overload
def load(
    folder: Path | str, *, backend: Literal["torch"] = "torch", allow_read_padding: bool = False
) -> "TrainedEncoder": ...


@overload
def load(folder: Path | str, *, backend: Literal["onnx"], allow_read_padding: bool = False) -> "OnnxEncoder": ...


def load(folder: Path | str, *, backend: str = "torch", allow_read_padding: bool = False) -> Any:
    """The encoder of a folder: with `backend="torch"` of `encoder/` or of the run that holds one, with
    `backend="onnx"` of a folder that `seqtwin export --to onnx` wrote; the latter never imports torch.

    Raises: ConfigError when there is none, for an unknown backend, or for one trained with `padding: read` (unless
    `allow_read_padding`); DamagedError when its files do not fit; MissingExtraError without onnxruntime.
    """
    return member(BACKENDS, backend, "backend")(Path(folder), allow_read_padding)
