"""Prepare the data of a config for training: each call reads the files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.tokens.vector_sources import reduce_width, source_of
from seqtwin.data.tokens.word_vectors import no_words
from seqtwin.errors import ConfigError, DataError
from seqtwin.model.encoder import UNKNOWN
from seqtwin.paths import expand
from seqtwin.run.objectives.registry import objective_name, objective_of
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.run.pretrained import refuse_other_inputs


def prepare(config: RunConfig) -> Ready:
    """The data of a config as its objective needs them.

    Raises: ConfigError, DataError.
    """
    prepared: Ready = objective_of(config).prepare(config)
    refuse_other_inputs(config, prepared.inputs, prepared.size)
    return prepared


def prepare_pairs(config: RunConfig) -> Prepared:
    """The same for the objective pairs.

    Raises: ConfigError for another objective; ConfigError, DataError.
    """
    prepared = prepare(config)
    if not isinstance(prepared, Prepared):
        cause = f"expected objective pairs, got {objective_name(config)}"
        raise ConfigError("OBJECTIVE", cause, place="objective", remedy="set objective: pairs")
    return prepared


@dataclass(frozen=True)
class DataSets:
    """The prepared data of several configs. Configs that read the same data share one record, which is read once."""

    prepared: dict[str, Ready] = field(default_factory=dict)

    @classmethod
    def of(cls, configs: Iterable[RunConfig]) -> "DataSets":
        """The data of these configs. Raises: ConfigError, DataError."""
        data = cls()
        for config in configs:
            data.prepare(config)
        return data

    def prepare(self, config: RunConfig) -> Ready:
        """The data of a config, read when they are needed first. Raises: ConfigError, DataError."""
        key = data_key(config)
        if key not in self.prepared:
            self.prepared[key] = prepare(config)
        return self.prepared[key]


def data_key(config: RunConfig) -> str:
    """Everything in a config that its prepared data depend on, as JSON."""
    return json.dumps(
        {
            "data": config.data.model_dump(mode="json", exclude_unset=True),
            "tokens": config.tokens.model_dump(mode="json"),
            "letters": config.has_letters,
            "objective": config.objective,
            "from": config.encoder.start,
            "vectors": config.encoder.vectors,
            "known_words": config.encoder.known_words,
        }
    )


def word_vectors(config: RunConfig, prepared: Ready) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows of the vocabulary, Int[n], and their initial vectors, [n, encoder.embedding]; None without word vectors.

    Raises: DataError when they cannot be read, have no word of the training texts, or have another width.
    """
    path = config.encoder.vectors
    if path is None or prepared.tokens is None:
        return None
    place = expand(path)
    rows, vectors = source_of(place).read(place, prepared.tokens.vocabulary)
    # a table of pieces composes a vector for any word, also for the names of the two ids that are no words
    rows, vectors = rows[rows > UNKNOWN], vectors[rows > UNKNOWN]
    if not (rows < prepared.trained_size).any():
        raise no_words(place, prepared.trained_size)
    return rows, _of_width(vectors, config)


def _of_width(vectors: np.ndarray, config: RunConfig) -> np.ndarray:
    """The vectors, reduced to the width of the embedding by PCA on request."""
    width, e = vectors.shape[1], config.encoder
    if width == e.embedding:
        return vectors
    if e.vectors_pca and width > e.embedding:
        return reduce_width(vectors, e.embedding)
    cause = f"vectors of width {width}, but encoder.embedding is {e.embedding}"
    remedy = f"set encoder.embedding: {width}" + (", or encoder.vectors_pca: true" if width > e.embedding else "")
    raise DataError("VECTORS_WIDTH", cause, place=str(e.vectors), remedy=remedy)
