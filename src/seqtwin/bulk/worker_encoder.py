"""The encoder in a worker process: loaded once, and checked to be the one of the command."""

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cluster.worker_memory import keep_free_memory
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.version import __version__

if TYPE_CHECKING:
    from distributed import Client

    from seqtwin.inference.base_encoder import BaseEncoder

SHARED = "workers need the same version, and the same files at the same paths, for example on a network disk"


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
    keep_free_memory()
    _return_memory()
    if torch := sys.modules.get("torch"):  # a worker has one core; an encoder exported to ONNX needs no torch
        torch.set_num_threads(1)
    return encoder


def _return_memory() -> None:
    """Let pyarrow allocate as everything else: its own allocator keeps what is free, and a worker would grow."""
    with suppress(ImportError):
        import pyarrow

        pyarrow.set_memory_pool(pyarrow.system_memory_pool())


def check_workers(client: "Client", at: EncoderAt, shared: list[Path]) -> None:
    """Check that every worker has the encoder, and the files and folders that it shares with the command.

    Raises: ConfigError that names the worker.
    """
    try:
        found = client.run(_missing, at, [str(path) for path in shared], __version__)
    except ImportError as error:
        cause = f"a worker cannot import {error.name or 'seqtwin'}"
        remedy = f"install seqtwin {__version__} where the workers run"
        raise ConfigError("CLUSTER_VERSION", cause, place="--dask", remedy=remedy) from error
    for worker, missing in sorted(found.items()):
        if missing:
            raise ConfigError("CLUSTER_FOLDER", f"this worker has {missing}", place=worker, remedy=SHARED)


def _missing(at: EncoderAt, shared: list[str], version: str) -> str:
    """The first thing that is wrong with this worker; empty if nothing is."""
    if version != __version__:
        return f"seqtwin {__version__} instead of {version}"
    absent = next((path for path in shared if not Path(path).exists()), None)
    if absent is not None:
        return f"no such file: {absent}"
    try:
        load_once(at)
    except SeqTwinError as error:
        return f"another encoder, or none: {error.place}: {error.cause}"
    return ""


def peak_memory() -> int:
    """The largest resident memory of this process so far, in bytes; 0 if unknown."""
    with suppress(OSError):  # only Linux has this file; the figure below includes the process that started this one
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        if found := re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
