"""The encoder in a worker process: loaded once, and checked to be the one of the command."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.errors import ConfigError, SeqTwinError

if TYPE_CHECKING:
    from distributed import Client

    from seqtwin.inference.base_encoder import BaseEncoder

SHARED = "workers must have the same files at the same paths as the command, for example on a network disk"


@dataclass(frozen=True)
class EncoderAt:
    """An encoder that workers load: its folder, its fingerprint, and the number format in which it encodes."""

    folder: str
    fingerprint: str
    precision: str = "fp32"


@lru_cache(maxsize=2)
def load_once(at: EncoderAt) -> "BaseEncoder":
    """The encoder, from memory if this process has it.

    Raises: ConfigError if the folder contains another one, or none; DamagedError.
    """
    from seqtwin.inference.load import load_either

    encoder = load_either(at.folder)
    if encoder.fingerprint != at.fingerprint:
        cause = f"expected the encoder {at.fingerprint[:12]}, found {encoder.fingerprint[:12]}"
        raise ConfigError("CLUSTER_ENCODER", cause, place=at.folder, remedy=SHARED)
    encoder.precision = at.precision
    if torch := sys.modules.get("torch"):  # a worker has one core; an encoder exported to ONNX needs no torch
        torch.set_num_threads(1)
    return encoder


def check_workers(client: "Client", at: EncoderAt, shared: list[Path]) -> None:
    """Check that every worker has the encoder, and the files and folders that it shares with the command.

    Raises: ConfigError that names the worker.
    """
    found = client.run(_missing, at, [str(path) for path in shared])
    for worker, missing in sorted(found.items()):
        if missing:
            raise ConfigError("CLUSTER_FOLDER", f"this worker has no such file: {missing}", place=worker, remedy=SHARED)


def _missing(at: EncoderAt, shared: list[str]) -> str:
    """The first file, folder or encoder that this worker lacks; empty if it has all."""
    for path in shared:
        if not Path(path).exists():
            return path
    try:
        load_once(at)
    except SeqTwinError as error:
        return f"{error.place}: {error.cause}"
    return ""


def peak_memory() -> int:
    """The largest resident memory of this process so far, in bytes; 0 if unknown."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
