"""Whether the parts of a config fit together, found out when it is read and not after an hour."""

from typing import Any

from seqtwin.build import blueprint_of, build_siamese
from seqtwin.config import RunConfig
from seqtwin.data.datasets import SERIES
from seqtwin.data.sources import require_file
from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, pick
from seqtwin.model.siamese import Siamese
from seqtwin.paths import expand
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
    model = build_siamese(blueprint_of(config, "series" if series else "tokens", 3), seed=0)
    build_loss(config.loss, model, config.data.cut)
    _check_vectors(config, series)


def _check_vectors(config: RunConfig, series: bool) -> None:
    if config.encoder.vectors is None:
        return
    reason = "series have no words" if series else "" if config.tokens.unit == "word" else "tokens.unit is not word"
    if reason:
        raise ConfigError("CONFIG_VECTORS", f"encoder.vectors needs words, but {reason}", place="encoder.vectors")
    require_file(expand(config.encoder.vectors))


def describe_loss(loss: Loss) -> dict[str, Any]:
    """What a report prints of a loss."""
    settings = loss.settings
    margin = settings.get("margin")
    return {
        "formula": loss.formula,
        "settings": settings,
        "margin": margin if isinstance(margin, (int, float)) else None,
    }
