"""Build the loss of a config, and describe it for facts.json."""

from seqtwin.config import RunConfig
from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, pick, split_spec
from seqtwin.model.siamese import Siamese
from seqtwin.published import LossFormula
from seqtwin.training.cross_entropy import HEAD_LOSSES, CrossEntropy
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
    spec = config.loss if "loss" in config.model_fields_set else "cross_entropy"
    if split_spec(spec)[0] not in HEAD_LOSSES:
        name = split_spec(config.objective)[0]
        cause = f"objective {name} is trained with cross_entropy, but {split_spec(spec)[0]} compares pairs"
        raise ConfigError("OBJECTIVE_LOSS", cause, place="loss", remedy="remove loss, or set objective: pairs")
    loss: CrossEntropy = pick(HEAD_LOSSES, spec, "loss")
    return loss


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
