"""Siamese recurrent encoders: every representation with every loss, compared honestly, then put to work.

The names below are all a user needs; each is imported when it is first used, so `import seqtwin` costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqtwin.version import __version__

if TYPE_CHECKING:
    from seqtwin.api import compare, probe, report, train
    from seqtwin.config import read_run, read_study
    from seqtwin.errors import SeqTwinError
    from seqtwin.index.index import Index
    from seqtwin.inference.load import load
    from seqtwin.inference.trained_encoder import TrainedEncoder
    from seqtwin.matching.dedupe import dedupe
    from seqtwin.matching.link import link
    from seqtwin.matching.mine import mine
    from seqtwin.model.projections import PROJECTIONS
    from seqtwin.model.representations import REPRESENTATIONS
    from seqtwin.model.similarities import SIMILARITIES
    from seqtwin.training.losses import LOSSES

_HOME = {
    "train": "seqtwin.api",
    "compare": "seqtwin.api",
    "report": "seqtwin.api",
    "probe": "seqtwin.api",
    "load": "seqtwin.inference.load",
    "Index": "seqtwin.index.index",
    "dedupe": "seqtwin.matching.dedupe",
    "link": "seqtwin.matching.link",
    "mine": "seqtwin.matching.mine",
    "TrainedEncoder": "seqtwin.inference.trained_encoder",
    "read_run": "seqtwin.config",
    "read_study": "seqtwin.config",
    "REPRESENTATIONS": "seqtwin.model.representations",
    "PROJECTIONS": "seqtwin.model.projections",
    "SIMILARITIES": "seqtwin.model.similarities",
    "LOSSES": "seqtwin.training.losses",
    "SeqTwinError": "seqtwin.errors",
}

__all__ = [
    "LOSSES",
    "PROJECTIONS",
    "REPRESENTATIONS",
    "SIMILARITIES",
    "Index",
    "SeqTwinError",
    "TrainedEncoder",
    "__version__",
    "compare",
    "dedupe",
    "link",
    "load",
    "mine",
    "probe",
    "read_run",
    "read_study",
    "report",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seqtwin' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
