"""The manifest of a published run: its resolved config, its identity, the versions behind it, its status."""

import os
import platform
import re
from collections.abc import Mapping

import torch
import yaml

from seqtwin.config import PATHS, RunConfig, each_path
from seqtwin.errors import SeqTwinError
from seqtwin.json_values import hash_of
from seqtwin.published import RunManifest
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.prepared_data import Ready
from seqtwin.training.fit import Diverged
from seqtwin.version import __version__


def config_text(config: RunConfig) -> str:
    """The resolved config as YAML, with every key, including defaults."""
    head = f"# resolved by seqtwin {__version__}\n"
    text: str = yaml.safe_dump(resolved(config), sort_keys=False, allow_unicode=True)
    return head + text


def resolved(config: RunConfig) -> dict[str, object]:
    """Every key of a config, including defaults. Reading it again gives the same config."""
    data = config.data.model_dump(mode="json", exclude_unset=True)
    # the default loss compares pairs, so another objective would refuse it
    used = objective_of(config).default_loss or "loss" in config.model_fields_set
    unused = set() if used else {"loss"}
    return {"data": data, **config.model_dump(mode="json", exclude={"data", *unused})}


def config_hash(config: RunConfig) -> str:
    """The identity of a config. It does not depend on the folders of its files."""
    raw = config.model_dump(mode="json")
    if raw["data"]["rows"] is None:  # results that were published before this key existed keep their identity
        del raw["data"]["rows"]
    for section, key in (path.split(".") for path in PATHS):
        part = raw[section]
        if isinstance(part, dict) and part.get(key):
            part[key] = each_path(part[key], os.path.basename)
    return hash_of(raw)


def cell_key(config: RunConfig, prepared: Ready) -> str:
    """The identity of a result: config, data, split, version of the code, the encoder that training starts from."""
    data = prepared.data
    start = [prepared.start] if prepared.start else []
    return hash_of([config_hash(config), data.fingerprint, data.split_fingerprint, __version__, *start])


def versions() -> dict[str, str]:
    """The versions of the libraries that a result depends on."""
    from importlib.metadata import version

    names = ("torch", "numpy", "pandas", "scikit-learn", "tokenizers", "pytorch-metric-learning", "optuna")
    return {"seqtwin": __version__, "python": platform.python_version(), **{n: version(n) for n in names}}


# They override the choice of kernels. torch reports only its own choice, not that of MKL or oneDNN.
KERNEL_LIMITS = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_LIBRARIES = {"mkl": r"Math Kernel Library Version (\S+?)-", "onednn": r"MKL-DNN v(\S+)"}


def kernels() -> dict[str, str]:
    """The instruction set of torch, the versions of MKL and oneDNN, and every environment variable that limits their
    instructions. A change of any of them can change the last digits of a result.
    """
    built = torch.__config__.show()
    matches = {name: re.search(pattern, built) for name, pattern in _LIBRARIES.items()}
    libraries = {name: match[1] for name, match in matches.items() if match}
    limits = {name: os.environ[name] for name in KERNEL_LIMITS if os.environ.get(name)}
    return {"cpu_capability": torch.backends.cpu.get_cpu_capability(), **libraries, **limits}


def manifest(
    config: RunConfig,
    prepared: Ready,
    factors: Mapping[str, str | int],
    status: str,
    *,
    device: str,
    seconds: Mapping[str, float],
    cpu_seconds: Mapping[str, float],
    error: SeqTwinError | None = None,
) -> RunManifest:
    """The manifest of a run without its files.

    `factors`: labels of the pairing, and the seed; `seconds`, `cpu_seconds`: wall time and CPU time by phase; `error`:
    why there is no result.
    """
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
        "cpu_seconds": dict(cpu_seconds),
        "tuning": None,
    }


def status_of(error: BaseException) -> str:
    """The status of a study cell that ended with this error."""
    return "diverged" if isinstance(error, Diverged) else "oom" if isinstance(error, MemoryError) else "failed"
