"""A trained encoder on ONNX Runtime: the methods of `TrainedEncoder` that need no head, without torch."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np

from seqtwin.cards import checked_facts, verified_card
from seqtwin.data.tokens.letters import Letters
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DamagedError, DataError, missing_extra
from seqtwin.guards.largest import VOCABULARY, WIDTH
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.inference.batching import Batching
from seqtwin.lookup import member, whole
from seqtwin.model.numpy_similarities import FORMULAS, NumpyFormula, Scores
from seqtwin.paths import expand

FORMAT = 1
CARD, GRAPH, SCORER = "onnx.json", "model.onnx", "scorer.onnx"
TOKENS, README = "tokenizer.json", "README.md"
_ROWS = 64  # rows per block of a matrix of distances
_REMEDY = "export the encoder again"

Array = np.ndarray


class Session(Protocol):
    """A session of ONNX Runtime: runs a graph on named inputs and returns its outputs."""

    def run(self, outputs: None, inputs: dict[str, Array], /) -> list[Array]: ...


class SimilarityCard(TypedDict):
    """The similarity of an exported encoder: its name, and its temperature if it has one."""

    name: str
    tau: float | None


class OnnxCard(TypedDict):
    """The fields of `onnx.json` that are used here. `size`: of the vocabulary, or channels of a series."""

    size: int
    similarity: SimilarityCard
    facts: dict[str, object]
    fingerprint: str
    inputs: str
    dim: int


def _formula(similarity: str) -> NumpyFormula:
    """The formula of a similarity. Only one that is not built in loads torch, with its class."""
    if similarity in FORMULAS:
        return FORMULAS[similarity]
    from seqtwin.model.similarities import SIMILARITIES

    formula: NumpyFormula | None = member(SIMILARITIES, similarity, "similarity").numpy_formula
    if formula is None:
        raise ConfigError("CONFIG_BAD_PART", f"similarity '{similarity}' has no NumPy formula", place="similarity")
    return formula


class OnnxEncoder(BaseEncoder):
    """An exported encoder: `encode`, `similarity`, `score`, `is_same`, as those of a `TrainedEncoder`.

    `threshold`: the score at which the dev pairs count as the same, None if it could not be estimated.
    `fingerprint`: that of the encoder it was exported from, because an index accepts the vectors of both.
    """

    batching = Batching(size=64)  # the runtime computes the padding too, which makes large batches slow

    def __init__(
        self,
        card: OnnxCard,
        session: Session,
        tokens: TextTokens | None,
        scorer: Scores | None = None,
    ) -> None:
        self._session, self._tokens, self._size, self._dim = session, tokens, int(card["size"]), card["dim"]
        self._tau = float(card["similarity"]["tau"] or 1.0)
        self.similarity_name: str = card["similarity"]["name"]
        self._trained_scorer = scorer is not None
        self._formula = NumpyFormula(scorer) if scorer else _formula(self.similarity_name)
        self.facts = card["facts"]
        threshold = self.facts.get("threshold")
        self.threshold = float(threshold) if isinstance(threshold, int | float) else None
        self.fingerprint: str = card["fingerprint"]
        self.inputs: str = card["inputs"]
        self.empty = tokens.empty if tokens else "error"

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._dim

    @property
    def channels(self) -> int | None:
        """Channels of the series it takes; None for an encoder of texts."""
        return self._size if self.inputs == "series" else None

    @property
    def indexable(self) -> bool:
        """Whether a nearest-neighbour index can serve its similarity; a trained pair scorer can only re-rank."""
        return not self._trained_scorer

    def encode_batch(self, sequences: Sequence[Array], precision: str = "fp32") -> Array:
        """The vectors of one batch of sequences, as `sequences` returns them: float32 [n, dim]."""
        if not len(sequences):  # the runtime ends the process at a batch of no rows
            return np.zeros((0, self.dim), dtype=np.float32)
        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        return self._session.run(None, {"sequences": padded(sequences), "lengths": lengths})[0]

    def usable_precision(self, precision: str) -> str:
        if precision not in ("auto", "fp32"):
            remedy = "leave precision out, or load the encoder itself, with PyTorch"
            raise ConfigError("ENCODE_PRECISION", f"an exported encoder has no precision {precision}", remedy=remedy)
        return "fp32"

    def similarity(self, a: Array, b: Array) -> Array:
        """The similarity the encoder was trained for, of every row of `a` with every row of `b`: Float[len(a), len(b)].

        Raises: DataError for vectors of another width.
        """
        left, right = (_vectors(side, self.dim) for side in (a, b))
        if self._formula.matrix is not None:
            return self._formula.matrix(left, right)
        scores = np.empty((len(left), len(right)), dtype=np.float32)
        for row in range(0, len(left), _ROWS):
            scores[row : row + _ROWS] = self._formula.scores(left[row : row + _ROWS, None], right[None], self._tau)
        return scores

    def score_vectors(self, a: Array, b: Array) -> Array:
        return self._formula.scores(a, b, self._tau)


def padded(sequences: Sequence[Array]) -> Array:
    """The sequences right-padded with zeros: [batch time], or [batch time channels]."""
    width = max(len(sequence) for sequence in sequences)
    batch = np.zeros((len(sequences), width, *sequences[0].shape[1:]), dtype=sequences[0].dtype)
    for row, sequence in enumerate(sequences):
        batch[row, : len(sequence)] = sequence
    return batch


def _vectors(side: Array, dim: int) -> Array:
    vectors = np.atleast_2d(np.asarray(side, dtype=np.float32))
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        cause = f"expected vectors [n, {dim}], got shape {vectors.shape}"
        raise DataError("VECTOR_WIDTH", cause, place="similarity", remedy="encode both sides with this encoder")
    return vectors


def load_onnx(folder: Path | str) -> OnnxEncoder:
    """Load the encoder that `seqtwin export --to onnx` wrote into a folder. Its files are verified first.

    Raises: ConfigError if there is none; DamagedError if a file is missing or changed; MissingExtraError without the
    library onnxruntime.
    """
    folder = expand(str(folder))
    if not (folder / CARD).exists():
        remedy = "write one with: seqtwin export ENCODER --to onnx -o FOLDER"
        raise ConfigError("NO_ENCODER", f"no {CARD} here", place=str(folder), remedy=remedy)
    card = verified_card(folder / CARD, FORMAT, _REMEDY)
    try:
        encoder = _of_card(folder, card)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        cause = f"not an exported encoder: {' '.join(str(error).split())[:200] or type(error).__name__}"
        raise DamagedError("ENCODER_DAMAGED", cause, place=str(folder), remedy=_REMEDY) from error
    encoder.home = folder
    return encoder


def _of_card(folder: Path, card: dict[str, Any]) -> OnnxEncoder:
    """The encoder that a card describes. Raises: ValueError and the like for a card that does not fit its files."""
    spelled = card["blueprint"].get("spelled", True)
    letters = Letters(str(card["letters"]), lower=not spelled) if "letters" in card else None
    of_texts = card["inputs"] == "tokens"
    tokens = TextTokens.load(folder / TOKENS, empty=card["empty"], letters=letters) if of_texts else None
    scorer = load_scorer((folder / SCORER).read_bytes()) if SCORER in card["files"] else None
    own: OnnxCard = {
        "size": whole("size", card["size"], VOCABULARY),
        "similarity": card["similarity"],
        "facts": checked_facts(card["facts"]),
        "fingerprint": str(card["fingerprint"]),
        "inputs": card["inputs"],
        "dim": whole("dim", card["dim"], 64 * WIDTH),
    }
    if own["inputs"] not in ("tokens", "series"):
        raise ValueError("expected inputs: tokens or series")
    return OnnxEncoder(own, load_session((folder / GRAPH).read_bytes()), tokens, scorer)


def load_scorer(graph: bytes) -> Scores:
    """The formula of a trained pair scorer, for vectors [..., dim] of both sides."""
    session = load_session(graph)

    def score(a: Array, b: Array, _: float) -> Array:
        left, right = np.broadcast_arrays(a, b)
        if not left.size:  # the runtime ends the process at a batch of no rows
            return np.zeros(left.shape[:-1], dtype=np.float32)
        sides = {"left": left.reshape(-1, left.shape[-1]), "right": right.reshape(-1, left.shape[-1])}
        return session.run(None, sides)[0].reshape(left.shape[:-1])

    return score


def load_session(graph: bytes) -> Session:
    """A session of ONNX Runtime on the CPU, with as many threads as OMP_NUM_THREADS.

    Raises: MissingExtraError.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_extra("onnxruntime", "onnx") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():  # the runtime has its own threads and ignores the variable
        options.intra_op_num_threads = int(threads)
    try:
        session: Session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the errors of the library have no base class of their own
        raise DamagedError(
            "ENCODER_DAMAGED", f"not a graph: {str(error)[:200]}", place=GRAPH, remedy=_REMEDY
        ) from error
    return session
