"""Build the loss of a config, and describe it for facts.json."""

from collections.abc import Collection

from seqtwin.config import RunConfig
from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, pick, split_spec
from seqtwin.model.siamese import Siamese
from seqtwin.published import LossFormula
from seqtwin.training.cross_entropy import HEAD_LOSSES, CrossEntropy
from seqtwin.training.distillation import DISTIL_LOSSES, Distillation
from seqtwin.training.losses import LOSSES, Loss


def build_loss(spec: Spec, model: Siamese, cut: float) -> Loss:
    """The loss of pairs that a spec names, for the vectors of this model. Targets >= `cut` are "same".

    Raises: ConfigError, with the reason, when it cannot work with them.
    """
    loss: Loss = pick(LOSSES, spec, "loss", model.space, cut, model.similarity)
    return loss


def build_head_loss(config: RunConfig) -> CrossEntropy:
    """The loss of the logits of a head, with the options of the config.

    Raises: ConfigError for a loss of pairs, or an unknown option.
    """
    return pick(HEAD_LOSSES, _own_loss(config, HEAD_LOSSES), "loss")


def build_distillation(config: RunConfig) -> Distillation:
    """The loss of vectors against those of a teacher, with the options of the config.

    Raises: ConfigError for a loss of pairs, or an unknown option.
    """
    return pick(DISTIL_LOSSES, _own_loss(config, DISTIL_LOSSES), "loss")


def _own_loss(config: RunConfig, losses: Collection[str]) -> Spec:
    """The loss that a config names, by default the first one. Raises: ConfigError for one of another objective."""
    spec = config.loss if "loss" in config.model_fields_set else next(iter(losses))
    if split_spec(spec)[0] in losses:
        return spec
    name, expected = split_spec(config.objective)[0], " or ".join(losses)
    cause = f"objective {name} is trained with {expected}, but {split_spec(spec)[0]} compares pairs"
    raise ConfigError("OBJECTIVE_LOSS", cause, place="loss", remedy="remove loss, or set objective: pairs")


def describe_loss(name: str, loss: Loss) -> LossFormula:
    """Name, formula, settings and margin of a loss."""
    settings = loss.settings
    margin = settings.get("margin")
    return {
        "name": name,
        "formula": loss.formula,
        "settings": settings,
        "margin": margin if isinstance(margin, (int, float)) else None,
    }
