"""Facts about a worker: its versions, its CPU, the files it sees; and which of them exclude it from a study."""

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtwin.errors import ConfigError
from seqtwin.paths import expand
from seqtwin.run.manifest import kernels, versions

# The others are in the manifest of each study cell: the driver prepares the data, so they change no number.
DECIDING = ("seqtwin", "torch", "pytorch-metric-learning", "optuna")
KERNEL_NAMES = {"cpu_capability": "CPU vector width", "mkl": "MKL", "onednn": "oneDNN"}


@dataclass(frozen=True)
class Proof:
    """The files that a worker must see. `file`, `text`: a file of the shared folder and its content, or empty.
    `needed`: paths of the config that are read while training."""

    file: str
    text: str
    needed: tuple[str, ...]


@dataclass(frozen=True)
class WorkerFacts:
    """A worker process. `sees_folder`: whether it has the shared folder; `missing`: the paths that it lacks."""

    host: str
    pid: int
    versions: Mapping[str, str]
    kernels: Mapping[str, str]
    sees_folder: bool
    missing: tuple[str, ...]


def worker_facts(proof: Proof) -> WorkerFacts:
    """The facts of this process."""
    missing = tuple(path for path in proof.needed if not _exists(path))
    sees = not proof.file or _text(Path(proof.file)) == proof.text
    return WorkerFacts(platform.node(), os.getpid(), versions(), kernels(), sees, missing)


def _exists(path: str) -> bool:
    try:
        return expand(path).exists()
    except (ConfigError, OSError):  # such as a variable that is not set here
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def usual_kernels(crew: Sequence[WorkerFacts]) -> Mapping[str, str]:
    """The kernels of most workers; of equals those of this process, else the first in order.

    Only the workers train, so their kernels must be alike, and those of this process do not matter.
    """
    counts = Counter(tuple(sorted(facts.kernels.items())) for facts in crew)
    own = tuple(sorted(kernels().items()))
    usual = min(counts, key=lambda found: (-counts[found], found != own, found))
    return dict(usual)


def version_faults(facts: WorkerFacts, expected: Mapping[str, str]) -> list[str]:
    """The libraries of a worker whose version changes the numbers.

    >>> facts = WorkerFacts("node7", 1, {"torch": "2.4.0"}, {}, True, ())
    >>> version_faults(facts, {"torch": "2.13.0"})
    ['torch 2.4.0, expected 2.13.0']
    """
    return _differences({name: facts.versions.get(name, "missing") for name in DECIDING if name in expected}, expected)


def kernel_faults(facts: WorkerFacts, expected: Mapping[str, str]) -> list[str]:
    """The kernels of a worker that differ from those of most workers.

    >>> facts = WorkerFacts("node7", 1, {}, {"cpu_capability": "AVX2"}, True, ())
    >>> kernel_faults(facts, {"cpu_capability": "AVX512"})
    ['CPU vector width AVX2, expected AVX512']
    """
    found = {name: facts.kernels.get(name, "not set") for name in {**expected, **facts.kernels}}
    return _differences(found, expected)


def _differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    return [
        f"{KERNEL_NAMES.get(name, name)} {value}, expected {expected.get(name, 'not set')}"
        for name, value in found.items()
        if value != expected.get(name, "not set")
    ]


def place_faults(facts: WorkerFacts, folder: str) -> list[str]:
    """The files that a worker lacks. `folder`: the folder of the study."""
    unseen = [] if facts.sees_folder else [f"it does not see the folder of the study, {folder}"]
    return [*unseen, *(f"it has no {path}, which the config names" for path in facts.missing)]
