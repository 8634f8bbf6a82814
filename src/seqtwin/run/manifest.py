"""What a published run says of itself: its resolved config, its identity, the versions behind it, how it ended."""

import os
import platform
import re
from collections.abc import Mapping
from typing import Any

import torch
import yaml

from seqtwin.config import PATHS, RunConfig, each_path
from seqtwin.errors import SeqTwinError
from seqtwin.files import hash_of
from seqtwin.published import RunManifest
from seqtwin.run.labels import objective_name
from seqtwin.run.prepared import Ready
from seqtwin.training.fit import Diverged
from seqtwin.version import __version__


def config_text(config: RunConfig) -> str:
    """The resolved config as YAML: every key, the defaults too."""
    head = f"# resolved by seqtwin {__version__}\n"
    text: str = yaml.safe_dump(resolved(config), sort_keys=False, allow_unicode=True)
    return head + text


def resolved(config: RunConfig) -> dict[str, Any]:
    """Every key of a config, the defaults too, so that it is the same config when it is read again."""
    data = config.data.model_dump(mode="json", exclude_unset=True)
    # the default loss compares pairs: under another objective it would be refused
    unused = {"loss"} if objective_name(config) != "pairs" and "loss" not in config.model_fields_set else set()
    return {"data": data, **config.model_dump(mode="json", exclude={"data", *unused})}


def config_hash(config: RunConfig) -> str:
    """Identity of a config, wherever its files lie."""
    raw = config.model_dump(mode="json")
    for section, key in (path.split(".") for path in PATHS):
        if raw[section][key]:
            raw[section][key] = each_path(raw[section][key], os.path.basename)
    return hash_of(raw)


def cell_key(config: RunConfig, prepared: Ready) -> str:
    """Identity of a result: config, data, split, version of the code, the encoder it starts from."""
    data = prepared.data
    start = [prepared.start] if prepared.start else []
    return hash_of([config_hash(config), data.fingerprint, data.split_fingerprint, __version__, *start])


def versions() -> dict[str, str]:
    """Versions of what shapes a result."""
    from importlib.metadata import version

    names = ("torch", "numpy", "pandas", "scikit-learn", "tokenizers", "pytorch-metric-learning", "optuna")
    return {"seqtwin": __version__, "python": platform.python_version(), **{n: version(n) for n in names}}


# They choose other kernels than the processor would, and torch reports only its own choice, not that of MKL or oneDNN.
KERNEL_LIMITS = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_LIBRARIES = {"mkl": r"Math Kernel Library Version (\S+?)-", "onednn": r"MKL-DNN v(\S+)"}


def kernels() -> dict[str, str]:
    """The arithmetic behind a result: torch's instruction set, the versions of MKL and oneDNN, and every environment
    variable that limits their instructions. Another value of any of them can change the last digits.
    """
    built = torch.__config__.show()
    versions_found = {name: found[1] for name, text in _LIBRARIES.items() if (found := re.search(text, built))}
    limits = {name: os.environ[name] for name in KERNEL_LIMITS if os.environ.get(name)}
    return {"cpu_capability": torch.backends.cpu.get_cpu_capability(), **versions_found, **limits}


def manifest(
    config: RunConfig,
    prepared: Ready,
    factors: Mapping[str, str | int],
    status: str,
    *,
    device: str,
    seconds: Mapping[str, float],
    error: SeqTwinError | None = None,
) -> RunManifest:
    """The manifest of a run without its files."""
    return {
        "kind": "cell",
        "key": cell_key(config, prepared),
        "status": status,
        "error": None if error is None else error.as_dict(),
        "factors": dict(factors),
        "versions": versions(),
        "host": platform.node(),
        "device": device,
        "threads": torch.get_num_threads(),
        "kernels": kernels(),
        "seconds": dict(seconds),
        "tuning": None,
    }


def status_of(error: BaseException) -> str:
    """The published status of a study cell that ended with this error."""
    return "diverged" if isinstance(error, Diverged) else "oom" if isinstance(error, MemoryError) else "failed"
