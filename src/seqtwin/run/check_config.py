"""Check that the parts of a config fit together, before anything is trained."""

from torch import nn

from seqtwin.build import blueprint_of, build_siamese, trainable_numbers
from seqtwin.config import RunConfig
from seqtwin.config.idle_options import refuse_late_negatives
from seqtwin.data.sets.pair_sets import SERIES
from seqtwin.data.tokens.vector_sources import source_of
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick, split_spec
from seqtwin.model.siamese import Siamese
from seqtwin.paths import expand
from seqtwin.run.build_losses import build_loss
from seqtwin.run.objectives.registry import objective_name, objective_of
from seqtwin.run.objectives.training_rows import refuse_pair_options
from seqtwin.run.prepared_data import Ready
from seqtwin.training.averaging import AVERAGES
from seqtwin.training.fit import pick_device
from seqtwin.training.layer_rates import refuse_idle_rates


def check_run(config: RunConfig) -> None:
    """Build every part once, with a vocabulary of three. A part that does not fit raises its reason.

    Raises: ConfigError; ResourceError for a model that does not fit into memory; DataError for a file of word vectors
    that does not exist.
    """
    pick_device(config.fit.device)
    series = config.data.series is not None or config.data.name in SERIES
    letters = 3 if config.has_letters else 0
    with trainable_numbers():
        model = build_siamese(blueprint_of(config, "series" if series else "tokens", 3, letters=letters), seed=0)
        objective_of(config).check(config, model)
        _check_fit(config, model)
    refuse_pair_options(config)
    refuse_late_negatives(config)
    _check_vectors(config, series)


def check_targets(config: RunConfig, prepared: Ready) -> None:
    """Check that the training targets can train something.

    Raises: DataError for pairs that are all the same, or all different, with a loss that needs both.
    """
    objective_of(config).check_targets(config, prepared)


def _check_fit(config: RunConfig, model: Siamese) -> None:
    """Raises: ConfigError for processes, an average, rates or a balance that do not fit the model or the objective."""
    fit, pairs = config.fit, objective_name(config) == "pairs"
    if fit.average is not None:
        pick(AVERAGES, fit.average, "average", model, 1)
        _check_mean(config)
    if fit.ddp is not None and not pairs:
        cause = f"several processes train pairs only, and the objective is {objective_name(config)}"
        raise ConfigError("DDP_OBJECTIVE", cause, place="fit.ddp", remedy="remove fit.ddp")
    if fit.balance is not None and not pairs:
        cause = f"balance needs pairs with labels 0 and 1, but objective {objective_name(config)} has none"
        raise ConfigError("BALANCE_OBJECTIVE", cause, place="fit.balance", remedy="remove fit.balance")
    rates = fit.rates.changed()
    if not rates:
        return
    loss = build_loss(config.loss, model, config.data.cut) if pairs else nn.Module()
    refuse_idle_rates(model, loss, rates if pairs else {name: rates[name] for name in rates if name != "head"})


def _check_mean(config: RunConfig) -> None:
    """Raises: ConfigError for a mean of the last steps where early stopping may leave them out."""
    fit = config.fit
    if fit.average is not None and split_spec(fit.average)[0] == "mean" and (fit.patience or fit.epochs) < fit.epochs:
        cause = f"the mean of the last steps needs all {fit.epochs} epochs, but fit.patience is {fit.patience}"
        raise ConfigError("AVERAGE_PATIENCE", cause, place="fit.average", remedy="set fit.patience: null, or use ema")


def _check_vectors(config: RunConfig, series: bool) -> None:
    if config.encoder.vectors is None:
        return
    reason = "series have no words" if series else "" if config.tokens.unit == "word" else "tokens.unit is not word"
    if reason:
        raise ConfigError("CONFIG_VECTORS", f"encoder.vectors needs words, but {reason}", place="encoder.vectors")
    source_of(expand(config.encoder.vectors))
    if config.encoder.known_words and split_spec(config.objective)[0] == "decode":
        cause = "a decoder has an output for each word, and cannot learn words that train lacks"
        remedy = "remove encoder.known_words"
        raise ConfigError("CONFIG_VECTORS", cause, place="encoder.known_words", remedy=remedy)
