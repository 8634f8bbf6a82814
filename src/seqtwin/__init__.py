"""Siamese recurrent encoders: every representation with every loss, compared honestly, then put to work.

The names below are all a user needs; each is imported when it is first used, so `import seqtwin` costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqtwin.version import __version__

if TYPE_CHECKING:
    from seqtwin.config import read_run, read_study
    from seqtwin.errors import SeqTwinError
    from seqtwin.face import compare, probe, report, train
    from seqtwin.model.projections import PROJECTIONS
    from seqtwin.model.representations import REPRESENTATIONS
    from seqtwin.model.similarities import SIMILARITIES
    from seqtwin.retrieval.dedupe import dedupe
    from seqtwin.retrieval.encoding import TrainedEncoder
    from seqtwin.retrieval.index import Index
    from seqtwin.retrieval.linking import link
    from seqtwin.retrieval.loading import load
    from seqtwin.retrieval.mining import mine
    from seqtwin.training.losses import LOSSES

_HOME = {
    "train": "seqtwin.face",
    "compare": "seqtwin.face",
    "report": "seqtwin.face",
    "probe": "seqtwin.face",
    "load": "seqtwin.retrieval.loading",
    "Index": "seqtwin.retrieval.index",
    "dedupe": "seqtwin.retrieval.dedupe",
    "link": "seqtwin.retrieval.linking",
    "mine": "seqtwin.retrieval.mining",
    "TrainedEncoder": "seqtwin.retrieval.encoding",
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
