"""Whether the parts of a config fit together, found out when it is read and not after an hour."""

import numpy as np

from seqtwin.build import blueprint_of, build_siamese
from seqtwin.config import RunConfig
from seqtwin.data.files.decode import require_file
from seqtwin.data.sets.pair_sets import SERIES
from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import Spec, member, pick, split_spec
from seqtwin.model.heads import HEADS, build_head
from seqtwin.model.siamese import Siamese
from seqtwin.paths import expand
from seqtwin.published import LossFormula
from seqtwin.run.prepared import Prepared, Ready
from seqtwin.training.cross_entropy import HEAD_LOSSES, CrossEntropy
from seqtwin.training.fit import pick_device
from seqtwin.training.losses import LOSSES, Loss


def build_loss(spec: Spec, model: Siamese, cut: float) -> Loss:
    """The loss a spec names, for the vectors of this model.

    Raises: ConfigError, with the reason, when it cannot work with them.
    """
    loss: Loss = pick(LOSSES, spec, "loss", model.space, cut, model.similarity)
    return loss


def check_run(config: RunConfig) -> None:
    """Build every part once, small, so that what does not fit is refused with its reason.

    Raises: ConfigError; DataError for a file of word vectors that is not there.
    """
    pick_device(config.fit.device)
    series = config.data.series is not None or config.data.name in SERIES
    letters = 3 if config.tokens.characters else 0
    model = build_siamese(blueprint_of(config, "series" if series else "tokens", 3, letters=letters), seed=0)
    _check_objective(config, model)
    _check_frozen(config, model)
    _check_vectors(config, series)


def require_two_classes(config: RunConfig, prepared: Ready) -> None:
    """Nothing, when the training pairs hold something to tell apart.

    Raises: DataError for pairs that are all the same, or all different, with a loss that needs both.
    """
    if not isinstance(prepared, Prepared):
        return
    targets = prepared.stores["train"].target
    if np.ptp(targets) > 0:
        return
    same = bool(targets[0] >= prepared.data.cut)
    loss = LOSSES.get(split_spec(config.loss)[0])
    if same and loss is not None and loss.needs_only_same:
        return
    cause = f"all {len(targets):,} training pairs are {'same' if same else 'different'}: there is nothing to tell apart"
    learns = [name for name, member in LOSSES.items() if getattr(member, "needs_only_same", False)]
    also = f"; or data.negatives=1, which draws them at random; or loss={' or loss='.join(learns)}" if same else ""
    remedy = f"add pairs that are {'different' if same else 'the same'}{also}"
    raise DataError("DATA_ONE_CLASS", cause, place=prepared.data.name, remedy=remedy)


def _check_objective(config: RunConfig, model: Siamese) -> None:
    name = split_spec(config.objective)[0]
    if name == "pairs":
        pick({"pairs": lambda: None}, config.objective, "objective")  # it has no options
        build_loss(config.loss, model, config.data.cut)
        return
    member({"pairs": None, **HEADS}, name, "objective")
    build_head(config.objective, model, 3, seed=0)
    build_head_loss(config)


def build_head_loss(config: RunConfig) -> CrossEntropy:
    """The loss of a head's logits, with what the config says of it.

    Raises: ConfigError for a loss of pairs, or an unknown option.
    """
    spec = config.loss if "loss" in config.model_fields_set else "cross_entropy"
    if split_spec(spec)[0] not in HEAD_LOSSES:
        name = split_spec(config.objective)[0]
        cause = f"objective {name} is trained with cross_entropy; {split_spec(spec)[0]} compares pairs"
        raise ConfigError("OBJECTIVE_LOSS", cause, place="loss", remedy="take loss out, or use objective: pairs")
    loss: CrossEntropy = pick(HEAD_LOSSES, spec, "loss")
    return loss


def _check_frozen(config: RunConfig, model: Siamese) -> None:
    if not config.encoder.frozen or split_spec(config.objective)[0] != "pairs":
        return  # a head always has something to learn
    loss = build_loss(config.loss, model, config.data.cut)
    above = (model.representation, model.projection, model.similarity, loss)
    if not any(list(part.parameters()) for part in above):
        cause, remedy = "the encoder is frozen, and nothing above it can be trained", "name a projection: linear"
        raise ConfigError("FROZEN_ALL", cause, place="encoder.frozen", remedy=remedy)


def _check_vectors(config: RunConfig, series: bool) -> None:
    if config.encoder.vectors is None:
        return
    reason = "series have no words" if series else "" if config.tokens.unit == "word" else "tokens.unit is not word"
    if reason:
        raise ConfigError("CONFIG_VECTORS", f"encoder.vectors needs words, but {reason}", place="encoder.vectors")
    require_file(expand(config.encoder.vectors))


def describe_loss(name: str, loss: Loss) -> LossFormula:
    """The loss as a report prints it."""
    settings = loss.settings
    margin = settings.get("margin")
    return {
        "name": name,
        "formula": loss.formula,
        "settings": settings,
        "margin": margin if isinstance(margin, (int, float)) else None,
    }
