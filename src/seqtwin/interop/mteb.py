"""A trained encoder as a model of MTEB, the massive text embedding benchmark: its `encode` protocol only.

Implements the protocol that MTEB documents (`Encoder.encode(sentences, *, task_name, prompt_type)` of versions 1, and
`EncoderProtocol.encode(inputs: DataLoader, *, task_metadata, hf_split, hf_subset, prompt_type)` of versions 2). MTEB
itself is not required; the tests do not run it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder

Inputs: TypeAlias = Iterable[str | Mapping[str, Sequence[str]]]  # texts, or the batches {"text": [...]} of a loader


class MtebEncoder:
    """The methods MTEB calls: `encode` for texts in a list or in the batches of a loader; `similarity` as trained.

    An encoder has no prompts and treats queries and documents alike, so the arguments that describe the task are
    ignored.

    Raises: ConfigError for an encoder of series.
    """

    def __init__(self, encoder: TrainedEncoder, *, batch_size: int = 512) -> None:
        if encoder.inputs != "tokens":
            raise ConfigError("MTEB_SERIES", "MTEB needs an encoder of texts; this one encodes series", place="mteb")
        self.encoder, self.batch_size = encoder, batch_size
        self.mteb_model_meta: object = None

    def encode(
        self,
        inputs: Inputs,
        *,
        task_name: str | None = None,
        task_metadata: object = None,
        hf_split: str | None = None,
        hf_subset: str | None = None,
        prompt_type: object = None,
        batch_size: int | None = None,
        **_: object,  # the protocol passes on extra arguments of the caller
    ) -> np.ndarray:
        """The vectors of a list of texts, or of batches {"text": [...]} from a loader: float32 [n, dim].

        Raises: DataError for an item that is not a text.
        """
        return self.encoder.encode(_texts(inputs), batch_size=batch_size or self.batch_size)

    def similarity(self, embeddings1: npt.ArrayLike, embeddings2: npt.ArrayLike) -> np.ndarray:
        """The similarity the encoder was trained for, between all vectors: Float[n, m]."""
        return self.encoder.similarity(_rows(embeddings1), _rows(embeddings2))

    def similarity_pairwise(self, embeddings1: npt.ArrayLike, embeddings2: npt.ArrayLike) -> np.ndarray:
        """The similarity of each row of one array with the same row of the other: Float[n]."""
        a, b = _rows(embeddings1), _rows(embeddings2)
        if not len(a):
            return np.zeros(0, dtype=np.float32)
        rows = zip(a, b, strict=True)
        return np.array([self.encoder.similarity(u, v)[0, 0] for u, v in rows], dtype=np.float32)


def _rows(embeddings: npt.ArrayLike) -> np.ndarray:
    """A matrix with one vector per row."""
    return np.atleast_2d(np.asarray(embeddings, dtype=np.float32))


def _texts(inputs: Inputs) -> list[str]:
    texts: list[str] = []
    for item in [inputs] if isinstance(inputs, str) else inputs:
        texts.extend(item["text"] if isinstance(item, Mapping) else [item])
    return texts
