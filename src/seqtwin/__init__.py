"""Siamese recurrent encoders: every representation with every loss, compared honestly, then put to work.

The names below are all a user needs; each is imported when it is first used, so `import seqtwin` costs little.

The files and folders, from the ground up:

- `version`: the version number.
- `errors`: typed errors, with a code, a cause, a place and a remedy.
- `json_values`: the type of JSON values, a strict parser, and their hash.
- `guards`: the largest numbers of a config, seals of files, safe CSV files.
- `place_faults`: faults of the place: a full disk, no memory.
- `interrupts`: SIGTERM and Ctrl-C during a training.
- `records`: the tensors that pass from part to part: sequences, states, batches.
- `lookup`: from a name in a config to a part.
- `validation`: typed models from raw values, or one error with every invalid value.
- `strict_yaml`: YAML under limits.
- `paths`: paths in a config.
- `build_folders`: folders under construction, and those that an ended process left.
- `files`: the only writer of files and folders.
- `cards`: the JSON card of a saved folder or of a report.
- `config`: the models of a run and of a study.
- `metrics`: metrics of pairs, classes, texts and rankings.
- `floors`: the scores of baselines, and the best of them next to an encoder.
- `published`: the files, keys and columns of a published study cell.
- `comparisons`: the pairings that a planned comparison compares.
- `quick_budget`: the minutes of a quick study and what they were spent on.
- `data`: files and built-in sets to pairs, examples and token ids.
- `baselines`: baselines that an encoder should beat.
- `model`: the encoder, its representations, similarities and heads.
- `reading`: the vector of each sequence from a recurrent layer of your own.
- `build`: from a config to a model.
- `store`: an encoder as a folder.
- `reranker`: the probability that two texts are the same, from their vectors and their spelling.
- `training`: losses, the training loop and its diagnostics.
- `trackers`: callbacks and experiment trackers.
- `run`: one training.
- `cluster`: a client of a Dask cluster.
- `study`: many trainings.
- `progress`: progress of running and interrupted work.
- `explain`: the reason why a study cell scores low.
- `reporting`: published cells to a report.
- `inference`: a trained encoder at work.
- `teachers`: the vectors of texts by a model that exists already.
- `index`: search.
- `matching`: deduplicate, link, mine.
- `bulk`: corpora of many files, on a Dask cluster.
- `serve`: the HTTP service.
- `verify`: checks of saved folders.
- `conformance`: checks of a part that you wrote yourself.
- `anatomy`: the outputs and states of one text.
- `interop`: other libraries and formats.
- `notebook`: what the Python functions take, return and show.
- `api`: the commands as Python functions.
- `api_reranker`: fits a re-ranker for an encoder that is saved.
- `cli`: the command line.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqtwin.version import __version__

if TYPE_CHECKING:
    from seqtwin.api import compare, evaluate, probe, report, train
    from seqtwin.api_reranker import fit_reranker
    from seqtwin.config import read_run, read_study
    from seqtwin.conformance.check_indexes import check_index
    from seqtwin.conformance.check_losses import check_loss
    from seqtwin.conformance.check_reading import check_reading
    from seqtwin.conformance.check_representations import check_representation
    from seqtwin.conformance.check_tokenizers import check_tokenizer
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
    from seqtwin.progress.find_status import status
    from seqtwin.reading.reader import Reader, read
    from seqtwin.trackers.callbacks import Callback
    from seqtwin.training.losses import LOSSES

_HOME = {
    "train": "seqtwin.api",
    "compare": "seqtwin.api",
    "report": "seqtwin.api",
    "status": "seqtwin.progress.find_status",
    "probe": "seqtwin.api",
    "evaluate": "seqtwin.api",
    "Callback": "seqtwin.trackers.callbacks",
    "fit_reranker": "seqtwin.api_reranker",
    "load": "seqtwin.inference.load",
    "Index": "seqtwin.index.index",
    "dedupe": "seqtwin.matching.dedupe",
    "link": "seqtwin.matching.link",
    "mine": "seqtwin.matching.mine",
    "TrainedEncoder": "seqtwin.inference.trained_encoder",
    "read_run": "seqtwin.config",
    "read_study": "seqtwin.config",
    "check_index": "seqtwin.conformance.check_indexes",
    "check_loss": "seqtwin.conformance.check_losses",
    "check_reading": "seqtwin.conformance.check_reading",
    "check_representation": "seqtwin.conformance.check_representations",
    "check_tokenizer": "seqtwin.conformance.check_tokenizers",
    "read": "seqtwin.reading.reader",
    "Reader": "seqtwin.reading.reader",
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
    "Callback",
    "Index",
    "Reader",
    "SeqTwinError",
    "TrainedEncoder",
    "__version__",
    "check_index",
    "check_loss",
    "check_reading",
    "check_representation",
    "check_tokenizer",
    "compare",
    "dedupe",
    "evaluate",
    "fit_reranker",
    "link",
    "load",
    "mine",
    "probe",
    "read",
    "read_run",
    "read_study",
    "report",
    "status",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seqtwin' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
