"""The Python interface of re-rankers: they are fitted for an encoder that is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.pairs import PairData
from seqtwin.errors import ConfigError
from seqtwin.files import publish_folder
from seqtwin.inference.fit_encoder_reranker import fit_encoder_reranker
from seqtwin.inference.trained_encoder import load
from seqtwin.notebook.given_data import RunSpec, run_config_of
from seqtwin.paths import expand
from seqtwin.published import CONFIG
from seqtwin.reranker.fit_reranker import refuse_few
from seqtwin.reranker.reranker import Reranker
from seqtwin.reranker.reranker_folder import FOLDER as RERANKER
from seqtwin.reranker.reranker_folder import save_reranker
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.store import encoder_folder


@dataclass(frozen=True)
class FittedReranker:
    """A re-ranker that was fitted. `path`: its folder; `own_data`: whether its pairs are those of the encoder."""

    path: Path
    reranker: Reranker
    own_data: bool


def fit_reranker(encoder: Path | str, data: RunSpec | PairData | None = None, *, seed: int = 0) -> FittedReranker:
    """Fit a re-ranker of an encoder to the train and dev pairs of a config, and save it in the folder of the encoder.

    `encoder`: its folder, or the run that contains it. `data`: by default the config of that run. The dev pairs must be
    new to the encoder. `seed`: of the forest and the folds. Afterwards, `seqtwin.load(encoder).reranker.score(left,
    right)` is the probability that two texts are the same.

    Raises: ConfigError if the encoder has a re-ranker already, or encodes series; DataError for too few pairs.
    """
    folder = encoder_folder(expand(str(encoder)))
    if (folder / RERANKER).exists():
        cause, remedy = "the encoder has a re-ranker already", f"to fit another, move the folder {RERANKER}/ away"
        raise ConfigError("OUT_EXISTS", cause, place=str(folder / RERANKER), remedy=remedy)
    pairs = data if isinstance(data, PairData) else prepare_pairs(run_config_of(_config_of(folder, data))).data
    model = load(folder)
    fitted = fit_encoder_reranker(model, pairs, seed=seed)
    with publish_folder(folder / RERANKER) as building:
        save_reranker(building.folder, fitted)
    return FittedReranker(folder / RERANKER, fitted, model.facts.get("data_hash") == pairs.fingerprint)


def _config_of(encoder: Path, data: RunConfig | Mapping[str, object] | Path | str | None) -> RunSpec:
    """The config with the data of a re-ranker: the one that was given, or that of the run of the encoder."""
    if data is not None:
        return data
    path = encoder.parent / CONFIG
    if not path.exists():
        cause = f"the encoder is in no run: there is no {CONFIG} next to its folder"
        remedy = "name the data: seqtwin fit-reranker ENCODER DATA"
        raise ConfigError("RERANKER_NO_DATA", cause, place=str(encoder), remedy=remedy)
    return path


def pairs_of(prepared: Ready) -> PairData:
    """The pairs of texts of prepared data.

    Raises: ConfigError for other data; DataError for too few pairs of either label.
    """
    if not isinstance(prepared, Prepared) or prepared.data.series is not None:
        cause = "a re-ranker needs labelled pairs of texts"
        raise ConfigError("RERANKER_INPUTS", cause, place=prepared.data.name, remedy="name other data")
    for split in ("train", "dev"):
        refuse_few(split, np.asarray(prepared.data.part(split)["target"] >= prepared.data.cut))
    return prepared.data
