"""A scikit-learn estimator: fit on labelled pairs of texts, transform texts to vectors, predict same or different."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from seqtwin.build import blueprint_of
from seqtwin.config import RunConfig, parse_run
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.pairs import PairData
from seqtwin.data.splits import split_pairs
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import publish_folder
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.lookup import Spec
from seqtwin.metrics import METRICS, Undefined, fit_on_dev, primary_metric
from seqtwin.model.siamese import Siamese
from seqtwin.paths import expand
from seqtwin.run.begin import recipe_of
from seqtwin.run.build_losses import build_loss
from seqtwin.run.check_config import check_run
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.check_pair_targets import check_pair_targets
from seqtwin.run.objectives.pairs import calibrate, rank_metric
from seqtwin.run.prepared_data import Prepared
from seqtwin.store import Stored, save_encoder
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import fit, pick_device
from seqtwin.training.run_state import RunState

CUT = 0.5
README = "# SeqTwin encoder\n\nTrained by seqtwin.interop.sklearn.SiameseEncoder. Load it with seqtwin.load(folder).\n"


class SiameseEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An encoder trained on pairs of texts that are the same (1) or different (0), or on targets in between.

    A share of the pairs, `dev_fraction`, is held out, if possible without a text that is also in training. The best
    epoch is chosen and the threshold of `predict` is fitted on them. All other parameters are those of a config.
    `empty`: "error", or "unk" to treat an empty text as one unknown token.

    Attributes: `encoder_`, the TrainedEncoder; `threshold_`, None if it could not be estimated from the held-out
    pairs; `n_iter_`, the number of epochs.

    Targets may be graded, so scikit-learn does not take it for a classifier: an integer `cv` makes folds of rows as
    they are, in which a class can be missing. For labels of 0 and 1 pass `StratifiedKFold`.

    >>> SiameseEncoder(cell="gru", hidden=32)
    SiameseEncoder(cell='gru', hidden=32)
    """

    def __init__(
        self,
        *,
        representation: Spec = "max_output",
        loss: Spec = "mse",
        similarity: Spec = "cosine",
        projection: Spec = "identity",
        cell: Spec = "lstm",
        embedding: int = 64,
        hidden: int = 64,
        layers: int = 1,
        bidirectional: bool = True,
        unit: str = "char",
        lower: bool | None = None,
        normalize: str = "nfc",
        empty: str = "error",
        epochs: int = 10,
        batch: int = 64,
        lr: float = 0.002,
        patience: int | None = 5,
        average: Spec | None = None,
        rates: Mapping[str, float] | None = None,
        balance: float | None = None,
        device: str = "cpu",
        dev_fraction: float = 0.2,
        random_state: int = 0,
    ) -> None:
        self.representation, self.loss = representation, loss
        self.similarity, self.projection = similarity, projection
        self.cell, self.embedding, self.hidden, self.layers = cell, embedding, hidden, layers
        self.bidirectional, self.unit, self.lower = bidirectional, unit, lower
        self.normalize, self.empty = normalize, empty
        self.epochs, self.batch, self.lr, self.patience = epochs, batch, lr, patience
        self.average, self.rates, self.balance = average, rates, balance
        self.device, self.dev_fraction, self.random_state = device, dev_fraction, random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "SiameseEncoder":
        """Train the encoder. `X`: pairs (left, right), or an array or DataFrame [n, 2]; `y`: targets in [0, 1].

        Raises: DataError for an invalid pair or target; ConfigError for parts that cannot be combined; Diverged.
        """
        config = self._config()
        check_run(config)
        lefts, rights = _pairs(_rows(X))
        prepared = _prepared(lefts, rights, _targets(y, len(lefts)), config, self.dev_fraction)
        check_pair_targets(config, prepared.stores["train"].target, prepared.data.name)
        encoder, state = _trained(config, prepared)
        self.encoder_: TrainedEncoder = encoder
        self.threshold_: float | None = encoder.threshold
        self.n_iter_: int = state.epoch
        self.classes_ = np.array([0, 1])
        return self

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """The vectors of texts, float32 [n, dim]; for pairs, |u - v| and u * v joined, [n, 2 dim], for a classifier.

        Raises: DataError; sklearn's NotFittedError.
        """
        check_is_fitted(self, "encoder_")
        items = _rows(X)
        if items and not isinstance(items[0], str):
            u, v = (self.encoder_.encode(side) for side in _pairs(items))
            return np.concatenate([np.abs(u - v), u * v], axis=1)
        return self.encoder_.encode(_texts(items))

    def score_pairs(self, X: npt.ArrayLike) -> np.ndarray:
        """The score of each pair, float32 [n]; higher is more similar.

        Raises: DataError; sklearn's NotFittedError.
        """
        check_is_fitted(self, "encoder_")
        return self.encoder_.score(*_pairs(_rows(X)))

    def decision_function(self, X: npt.ArrayLike) -> np.ndarray:
        """The same as `score_pairs`, under the name that scikit-learn's scorers use."""
        return self.score_pairs(X)

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """The class of each pair, Int[n]: 1 if its score is at least the threshold, else 0.

        Raises: ConfigError without a threshold; DataError; sklearn's NotFittedError.
        """
        scores = self.score_pairs(X)
        if self.threshold_ is None:
            cause = "no threshold: it could not be estimated from the held-out pairs"
            raise ConfigError("NO_THRESHOLD", cause, place="predict", remedy="fit on more pairs, or use score_pairs")
        return (scores >= self.threshold_).astype(np.int64)

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """ROC-AUC of the scores of pairs; targets of at least 0.5 count as the same.

        Raises: DataError if only one class is present.
        """
        scores = self.score_pairs(X)
        try:
            return float(METRICS["roc_auc"].function(scores, _targets(y, len(scores)) >= CUT))
        except Undefined as error:
            raise DataError("SCORE_UNDEFINED", f"roc_auc: {error.reason}", place="score") from error

    def to_encoder(self) -> TrainedEncoder:
        """The trained encoder. Raises: sklearn's NotFittedError."""
        check_is_fitted(self, "encoder_")
        return self.encoder_

    def save(self, folder: Path | str) -> Path:
        """Save the encoder to a folder for `seqtwin.load` and every command; returns the folder.

        Raises: ConfigError if the folder exists; sklearn's NotFittedError.
        """
        stored = self.to_encoder()._stored
        with publish_folder(expand(str(folder))) as building:
            save_encoder(building.folder, stored, README)
        return expand(str(folder))

    def _config(self) -> RunConfig:
        names = ("cell", "embedding", "hidden", "layers", "bidirectional")
        fitting = ("epochs", "batch", "lr", "patience", "average", "balance", "device")
        fit_section = {name: getattr(self, name) for name in fitting}
        return parse_run(
            {
                "data": {"file": "pairs in memory"},  # required by a run; not read
                "tokens": {name: getattr(self, name) for name in ("unit", "lower", "normalize", "empty")},
                "encoder": {name: getattr(self, name) for name in names},
                **{name: getattr(self, name) for name in ("representation", "projection", "similarity", "loss")},
                "fit": {**fit_section, "rates": self.rates or {}, "seed": self.random_state},
            },
            place="SiameseEncoder",
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []  # vectors are always float32
        tags.no_validation = True
        return tags


def _rows(X: npt.ArrayLike) -> list[object]:
    rows = X.to_numpy() if hasattr(X, "to_numpy") else X
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise DataError("SKLEARN_INPUT", f"expected a list, got a {type(X).__name__}", place="X")
    return list(rows)


def _texts(items: Sequence[object]) -> list[str]:
    wrong = next((row for row, item in enumerate(items) if not isinstance(item, str)), None)
    if wrong is not None:
        cause = f"row {wrong}: expected a text, got a {type(items[wrong]).__name__}"
        raise DataError("SKLEARN_INPUT", cause, place="X")
    return [str(item) for item in items]


def _pairs(rows: Sequence[object]) -> tuple[list[str], list[str]]:
    """The texts of both sides."""
    texts: tuple[list[str], list[str]] = ([], [])
    for row, pair in enumerate(rows):
        sides = () if isinstance(pair, str) or not isinstance(pair, (Sequence, np.ndarray)) else tuple(pair)
        if len(sides) != len(texts) or not all(isinstance(side, str) for side in sides):
            cause = f"row {row}: expected a pair of texts (left, right), got {str(pair)[:60]!r}"
            raise DataError("SKLEARN_INPUT", cause, place="X", remedy="pass a list of (left, right) or an array [n, 2]")
        for column, side in zip(texts, sides, strict=True):
            column.append(str(side))
    return texts


def _targets(y: npt.ArrayLike, count: int) -> np.ndarray:
    try:
        targets = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("SKLEARN_TARGET", "expected numbers from 0 (different) to 1 (same)", place="y") from error
    if targets.shape != (count,):
        raise DataError("SKLEARN_TARGET", f"expected {count} targets, got shape {targets.shape}", place="y")
    if not ((targets >= 0) & (targets <= 1)).all():
        cause = f"expected targets from 0 (different) to 1 (same), got {targets.min():g} to {targets.max():g}"
        raise DataError("SKLEARN_TARGET", cause, place="y")
    return targets


def _prepared(
    lefts: list[str], rights: list[str], targets: np.ndarray, config: RunConfig, dev_fraction: float
) -> Prepared:
    """The pairs as training data with a train and a dev split."""
    if not isinstance(dev_fraction, (int, float)) or not 0 < dev_fraction < 1:
        cause = f"expected a number between 0 and 1, got {dev_fraction!r}"
        raise ConfigError("CONFIG_DEV_FRACTION", cause, place="dev_fraction")
    fractions = (1 - dev_fraction, dev_fraction / 2, dev_fraction / 2)
    try:
        splits, how = split_pairs(lefts, rights, fractions, np.random.default_rng(config.fit.seed))
    except DataError as error:
        cause = "too few pairs of different texts to hold some out for the threshold"
        raise DataError(error.code, cause, place="X", remedy="pass more pairs") from error
    split = ["train" if name == "train" else "dev" for name in splits]
    data = PairData.of(left=lefts, right=rights, target=targets, split=split, name="pairs", cut=CUT, notes=(how,))
    train = data.part("train")
    t = config.tokens
    texts = [*train["left"], *train["right"]]
    tokens = train_tokenizer(texts, unit=t.unit, lower=t.lower, normalize=t.normalize, empty=t.empty)
    return Prepared(
        data=data,
        tokens=tokens,
        stores={name: _store(data, name, tokens) for name in ("train", "dev")},
        clusters={},
        clustering=how,
        primary=primary_metric(targets),
        unknown_share=0.0,
        notes=(),
        pair_facts={},
    )


def _store(data: PairData, split: str, tokens: TextTokens) -> PairStore:
    part = data.part(split)
    items = Ragged.of(tokens.encode([*part["left"], *part["right"]]))
    places = np.arange(2 * len(part))
    return PairStore(items, places[: len(part)], places[len(part) :], part["target"].to_numpy())


def _trained(config: RunConfig, prepared: Prepared) -> tuple[TrainedEncoder, RunState]:
    device = pick_device(config.fit.device)
    model = fresh_model(config, prepared).to(device)
    loss = build_loss(config.loss, model, CUT).to(device)
    calibrate(loss, model, prepared, config)
    state = fit(model, loss, prepared.stores["train"], recipe_of(config), rank_metric(prepared))
    return _trained_encoder(model, config, prepared), state


def _trained_encoder(model: Siamese, config: RunConfig, prepared: Prepared) -> TrainedEncoder:
    """The model as it is after saving and loading, with the checks of the loader; the folder is temporary."""
    dev = prepared.stores["dev"]
    threshold = fit_on_dev(predict(model, dev), dev.target, CUT).threshold
    facts: dict[str, object] = {
        "threshold": threshold,
        "cut": CUT,
        "data_hash": prepared.data.fingerprint,
        "scores": {},
    }
    blueprint = blueprint_of(config, prepared.inputs, prepared.size)
    with TemporaryDirectory() as folder:
        save_encoder(expand(str(folder)), Stored(model.cpu(), blueprint, prepared.tokens, facts), README)
        return load(folder)
