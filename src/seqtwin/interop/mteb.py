"""A trained encoder as a model of MTEB, the massive text embedding benchmark.

Implements the protocol that MTEB documents (`Encoder.encode(sentences, *, task_name, prompt_type)` of versions 1, and
`EncoderProtocol.encode(inputs: DataLoader, *, task_metadata, hf_split, hf_subset, prompt_type)` of versions 2). MTEB
itself is needed for `mteb_model_meta` only. The tests run version 2.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from seqtwin.errors import ConfigError, missing_extra
from seqtwin.inference.trained_encoder import TrainedEncoder

# MTEB's names of our similarities; it has none for the others
SIMILARITY_NAMES = {"cosine": "cosine", "dot": "dot", "negative_euclidean": "euclidean"}
SHORT = 12  # digits of the fingerprint in a default name
Inputs: TypeAlias = Iterable[str | Mapping[str, Sequence[str]]]  # texts, or the batches {"text": [...]} of a loader


class MtebEncoder:
    """The methods MTEB calls: `encode` for texts in a list or in the batches of a loader; `similarity` as trained.

    An encoder has no prompts and treats queries and documents alike, so the arguments that describe the task are
    ignored. `name`: of the model in MTEB's results, as `organization/model`; the default is made from the fingerprint.

    Raises: ConfigError for an encoder of series.
    """

    def __init__(self, encoder: TrainedEncoder, *, name: str | None = None, batch_size: int = 512) -> None:
        if encoder.inputs != "tokens":
            raise ConfigError("MTEB_SERIES", "MTEB needs an encoder of texts; this one encodes series", place="mteb")
        self.encoder, self.batch_size = encoder, batch_size
        self.name = name or f"seqtwin/{encoder.fingerprint[:SHORT]}"

    @property
    def revision(self) -> str:
        """The fingerprint of the encoder, with the precision if it is not fp32: equal for equal vectors.

        MTEB files its results under name and revision, so no encoder gets the results of another one.
        """
        precision = self.encoder.precision
        return self.encoder.fingerprint if precision == "fp32" else f"{self.encoder.fingerprint}-{precision}"

    @cached_property
    def mteb_model_meta(self) -> object:
        """The facts of the encoder for MTEB, as its `ModelMeta`.

        Raises: MissingExtraError if MTEB is not installed.
        """
        try:
            from mteb.models.model_meta import ModelMeta, ScoringFunction
        except ImportError as error:
            raise missing_extra("mteb", "mteb") from error
        functions = {function.value: function for function in ScoringFunction}
        unknown = {field: None for field, facts in ModelMeta.model_fields.items() if facts.is_required()}
        known = {
            "name": self.name,
            "revision": self.revision,
            "framework": ["PyTorch"],
            "embed_dim": self.encoder.dim,
            "max_tokens": self.encoder.max_length,
            "similarity_fn_name": functions.get(SIMILARITY_NAMES.get(self.encoder.similarity_name)),
        }
        return ModelMeta(**{**unknown, **known})

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
