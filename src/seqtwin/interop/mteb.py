"""A trained encoder as a model of MTEB, the massive text embedding benchmark: its `encode` protocol, and no more.

Written to the protocol as MTEB documents it (`Encoder.encode(sentences, *, task_name, prompt_type)` of versions 1, and
`EncoderProtocol.encode(inputs: DataLoader, *, task_metadata, hf_split, hf_subset, prompt_type)` of versions 2); MTEB
itself is not needed here and was not run.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder


class MtebEncoder:
    """What MTEB calls: `encode` texts, in lists or in batches of a loader; `similarity` as trained.

    An encoder has no prompts and sees queries and documents alike, so what MTEB tells about the task changes nothing.

    Raises: ConfigError for an encoder of series.
    """

    def __init__(self, encoder: TrainedEncoder, *, batch_size: int = 512) -> None:
        if encoder.inputs != "tokens":
            raise ConfigError("MTEB_SERIES", "MTEB has texts; this is an encoder of series", place="mteb")
        self.encoder, self.batch_size = encoder, batch_size
        self.mteb_model_meta: Any = None

    def encode(
        self,
        inputs: Iterable[Any],
        *,
        task_name: str | None = None,
        task_metadata: Any = None,
        hf_split: str | None = None,
        hf_subset: str | None = None,
        prompt_type: Any = None,
        batch_size: int | None = None,
        **_: Any,  # the protocol passes on whatever a benchmark's caller adds
    ) -> np.ndarray:
        """Vectors, float32 [n, dim], of a list of texts, or of batches {"text": [...]} from a loader.

        Raises: DataError for what is no text.
        """
        return self.encoder.encode(_texts(inputs), batch_size=batch_size or self.batch_size)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """The similarity the encoder was trained for, between all vectors: Float[n, m]."""
        return self.encoder.similarity(_one_each(embeddings1), _one_each(embeddings2))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """The same of each row with the row beside it: Float[n]."""
        a, b = _one_each(embeddings1), _one_each(embeddings2)
        if not len(a):
            return np.zeros(0, dtype=np.float32)
        rows = zip(a, b, strict=True)
        return np.array([self.encoder.similarity(u, v)[0, 0] for u, v in rows], dtype=np.float32)


def _one_each(embeddings: Any) -> np.ndarray:
    return np.atleast_2d(np.asarray(embeddings, dtype=np.float32))


def _texts(inputs: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in [inputs] if isinstance(inputs, str) else inputs:
        found.extend(one["text"] if isinstance(one, Mapping) else [one])
    return found
