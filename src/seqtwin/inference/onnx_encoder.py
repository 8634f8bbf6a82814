"""A trained encoder that runs on onnxruntime: the face of `TrainedEncoder`, without torch."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.cards import verified_card
from seqtwin.data.tokens.equal_texts import Reading, as_written
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DataError, missing_extra
from seqtwin.inference.inputs import batches_of, items_of, series_of, shown, texts_of
from seqtwin.lookup import member
from seqtwin.model.numpy_similarities import FORMULAS, NumpyFormula, Scores

FORMAT = 1
CARD, GRAPH, SCORER = "onnx.json", "model.onnx", "scorer.onnx"
TOKENS, README = "tokenizer.json", "README.md"
_ROWS = 64  # of one block of a matrix of distances
_REMEDY = "export the encoder again"

Array = np.ndarray


def _formula(similarity: str) -> NumpyFormula:
    """The formula of a similarity. Only one that is not built in loads torch, with its class."""
    if similarity in FORMULAS:
        return FORMULAS[similarity]
    from seqtwin.model.similarities import SIMILARITIES

    formula = member(SIMILARITIES, similarity, "similarity").numpy_formula
    if formula is None:
        raise ConfigError("CONFIG_BAD_PART", f"similarity '{similarity}' has no NumPy formula", place="similarity")
    return formula


class OnnxEncoder:
    """An exported encoder: `encode`, `similarity`, `score`, `is_same`, as those of a `TrainedEncoder`.

    `threshold`: the score from which on dev called a pair the same, None where dev could not tell.
    `fingerprint`: that of the encoder it was exported from, so that an index takes the vectors of both.
    """

    def __init__(
        self, card: dict[str, Any], session: Any, tokens: TextTokens | None, scorer: Scores | None = None
    ) -> None:
        self._session, self._tokens, self._size = session, tokens, int(card["size"])
        self._tau = float(card["similarity"]["tau"] or 1.0)
        self.similarity_name: str = card["similarity"]["name"]
        self.indexable = scorer is None
        self._formula = NumpyFormula(scorer) if scorer else _formula(self.similarity_name)
        self.facts: dict[str, Any] = card["facts"]
        self.threshold: float | None = self.facts.get("threshold")
        self.fingerprint: str = card["fingerprint"]
        self.inputs: str = card["inputs"]
        self.channels: int | None = self._size if self.inputs == "series" else None
        self.dim: int = card["dim"]

    def encode(
        self,
        texts: Iterable[Any] | str,
        *,
        batch_size: int = 64,
        show_progress_bar: bool = False,
        normalize_embeddings: bool = False,
    ) -> Array:
        """Vectors, float32 [n, dim], in the order given; the same whatever stands beside a text in its batch.

        Smaller batches than those of torch are faster here: the runtime walks over the pads of a batch.

        Raises: DataError for an empty text (unless the encoder was trained with `empty: unk`), or a wrong shape;
        ConfigError for a batch size that cannot be.
        """
        sequences = self.sequences(items_of(texts))
        vectors = np.empty((len(sequences), self.dim), dtype=np.float32)
        lengths = np.array([len(one) for one in sequences], dtype=np.int64)
        for rows in shown(batches_of(lengths, batch_size), show_progress_bar):
            inputs = {"sequences": padded([sequences[row] for row in rows]), "lengths": lengths[rows]}
            vectors[rows] = self._session.run(None, inputs)[0]
        if normalize_embeddings:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def sequences(self, items: list[Any]) -> list[Array]:
        """What the graph reads of each item: token ids [time], or numbers [time, channels].

        Raises: DataError.
        """
        if self._tokens is not None:
            return self._tokens.encode(texts_of(items))
        return [series_of(item, self._size) for item in items]

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Which texts are the same to this encoder, which are blank, and of which it knows no token."""
        return [as_written(text) for text in texts] if self._tokens is None else self._tokens.readings(texts)

    def similarity(self, a: Array, b: Array) -> Array:
        """The similarity the encoder was trained for, between all vectors: Float[len(a), len(b)].

        Raises: DataError for vectors of another width.
        """
        left, right = (_vectors(side, self.dim) for side in (a, b))
        if self._formula.matrix is not None:
            return self._formula.matrix(left, right)
        scores = np.empty((len(left), len(right)), dtype=np.float32)
        for row in range(0, len(left), _ROWS):
            scores[row : row + _ROWS] = self._formula.scores(left[row : row + _ROWS, None], right[None], self._tau)
        return scores

    def score(self, left: Iterable[Any] | str, right: Iterable[Any] | str) -> Array:
        """The score of each pair, float32 [n], higher = more similar.

        Raises: DataError where one side is longer than the other.
        """
        lefts, rights = items_of(left), items_of(right)
        if len(lefts) != len(rights):
            cause = f"{len(lefts)} texts on the left, {len(rights)} on the right"
            raise DataError("SCORE_LENGTH", cause, place="score")
        return self._formula.scores(self.encode(lefts), self.encode(rights), self._tau)

    def is_same(self, left: Iterable[Any] | str, right: Iterable[Any] | str) -> Array:
        """Whether each pair reaches the threshold fitted on dev, bool [n].

        Raises: ConfigError where dev could not tell, so that there is no threshold.
        """
        if self.threshold is None:
            cause = "this encoder has no threshold: its dev pairs could not tell one"
            remedy = "compare .score(left, right) with a threshold of your own, or train on dev pairs of both classes"
            raise ConfigError("NO_THRESHOLD", cause, place="is_same", remedy=remedy)
        same: Array = self.score(left, right) >= self.threshold
        return same


def padded(sequences: list[Array]) -> Array:
    """Right-padded with zeros: [batch time], or [batch time channels]."""
    width = max(len(one) for one in sequences)
    found = np.zeros((len(sequences), width, *sequences[0].shape[1:]), dtype=sequences[0].dtype)
    for row, one in enumerate(sequences):
        found[row, : len(one)] = one
    return found


def _vectors(side: Array, dim: int) -> Array:
    vectors = np.atleast_2d(np.asarray(side, dtype=np.float32))
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        cause = f"expected vectors [n, {dim}], got shape {vectors.shape}"
        raise DataError("VECTOR_WIDTH", cause, place="similarity", remedy="encode both sides with this encoder")
    return vectors


def load_onnx(folder: Path) -> OnnxEncoder:
    """The encoder that `seqtwin export --to onnx` wrote into a folder, its files verified first.

    Raises: ConfigError when there is none; DamagedError when a file is missing or changed; MissingExtraError without
    the library onnxruntime.
    """
    if not (folder / CARD).exists():
        remedy = "write one with: seqtwin export ENCODER --to onnx -o FOLDER"
        raise ConfigError("NO_ENCODER", f"no {CARD} here", place=str(folder), remedy=remedy)
    card = verified_card(folder / CARD, FORMAT, _REMEDY)
    tokens = TextTokens.load(folder / TOKENS, empty=card["empty"]) if card["inputs"] == "tokens" else None
    scorer = scorer_of((folder / SCORER).read_bytes()) if SCORER in card["files"] else None
    return OnnxEncoder(card, session_of((folder / GRAPH).read_bytes()), tokens, scorer)


def scorer_of(graph: bytes) -> Scores:
    """The formula of a trained pair scorer, on vectors (... dim) of both sides."""
    session = session_of(graph)

    def score(a: Array, b: Array, _: float) -> Array:
        left, right = np.broadcast_arrays(a, b)
        sides = {"left": left.reshape(-1, left.shape[-1]), "right": right.reshape(-1, left.shape[-1])}
        found: Array = session.run(None, sides)[0].reshape(left.shape[:-1])
        return found

    return score


def session_of(graph: bytes) -> Any:
    """A session of onnxruntime on the CPU, with the threads that OMP_NUM_THREADS names.

    Raises: MissingExtraError.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_extra("onnxruntime", "onnx") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():  # the runtime has threads of its own and does not read it
        options.intra_op_num_threads = int(threads)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
