"""The manifest of a published run: its resolved config, its identity, the versions behind it, its status."""

import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
import yaml
from safetensors.torch import save

from seqtwin.build_folders import free_folder
from seqtwin.config import PATHS, RunConfig, each_path, portable
from seqtwin.errors import SeqTwinError
from seqtwin.files import publish_folder, write_bytes, write_text
from seqtwin.json_values import Json, hash_of
from seqtwin.published import CONFIG, HISTORY, LAST_GOOD, TRACE, RunManifest
from seqtwin.run.cell_tables import history_table, trace_table
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.prepared_data import Ready
from seqtwin.training.run_state import Diverged
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
    every: dict[str, object] = {"data": data, **config.model_dump(mode="json", exclude={"data", *unused})}
    left_out = {"log", *(() if config.fit.ddp else ("ddp",))}  # a tracker is no part of a result
    return {**every, "fit": config.fit.model_dump(mode="json", exclude=left_out)}


def config_hash(config: RunConfig) -> str:
    """The identity of a config. It does not depend on the folders of its files."""
    return hash_of(_without_folders(config))


def _without_folders(config: RunConfig) -> dict[str, Json]:
    raw = config.model_dump(mode="json")
    if raw["data"]["rows"] is None:  # results that were published before this key existed keep their identity
        del raw["data"]["rows"]
    if raw["fit"]["ddp"] is None:  # as above
        del raw["fit"]["ddp"]
    del raw["fit"]["log"]  # a tracker is no part of a result
    for section, key in (path.split(".") for path in PATHS):
        part = raw[section]
        if isinstance(part, dict) and part.get(key):
            part[key] = each_path(part[key], os.path.basename)
    return raw


def cell_key(config: RunConfig, prepared: Ready) -> str:
    """The identity of a result: config, data, split, version of the code, the encoder that training starts from."""
    data = prepared.data
    start = [prepared.start] if prepared.start else []
    return hash_of([config_hash(config), data.fingerprint, data.split_fingerprint, __version__, *start])


def identity(config: RunConfig, prepared: Ready, device: str) -> dict[str, dict[str, Json]]:
    """Everything that the bits of a training depend on, by kind. `machine`: what only their last digits depend on."""
    data = prepared.data
    hashes = {"rows": data.fingerprint, "split": data.split_fingerprint, "start": prepared.start or ""}
    return {
        "config": _without_folders(config),
        "data": {name: digest[:12] for name, digest in hashes.items()},
        "versions": {**versions()},
        "machine": {"device": device, "threads": torch.get_num_threads(), **kernels()},
    }


@contextmanager
def remains_kept(out: Path, config: RunConfig, prepared: Ready) -> Iterator[None]:
    """Publish what a training that diverges leaves, next to the folder that it was for."""
    try:
        yield
    except Diverged as error:
        remains = free_folder(out.with_name(f"{out.name}.diverged"))
        with publish_folder(remains) as building:
            write_remains(building.folder, config, prepared, error)
            building.manifest.update(kind="remains", status="diverged", error=error.as_dict())
        error.remedy += f"; its curve and last good weights are in {remains}"
        raise


def write_remains(folder: Path, config: RunConfig, prepared: Ready, error: Exception) -> None:
    """Write the config of a training that failed; of one that diverged also its curve and its last good weights."""
    write_text(folder / CONFIG, config_text(portable(config, folder)))
    state = error.state if isinstance(error, Diverged) else None
    if state is None:
        return
    write_text(folder / HISTORY, history_table(state, prepared.primary))
    if state.losses:
        write_text(folder / TRACE, trace_table(state.losses))
    weights = {key: value.cpu().clone().contiguous() for key, value in state.best_weights.items()}
    write_bytes(folder / LAST_GOOD, save(weights))


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
