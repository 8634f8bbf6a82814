"""Check that the targets of the training pairs fit the loss and the sampling of a config."""

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.errors import DataError
from seqtwin.lookup import split_spec
from seqtwin.training.losses import parts_of


def check_pair_targets(config: RunConfig, targets: np.ndarray, name: str) -> None:
    """Check the targets of the training pairs. `name`: of the data, for the error.

    Raises: DataError where no target reaches the `positive_from` of a loss, and with `fit.balance` for graded targets
    and where all pairs are the same or all different.
    """
    _check_positives(config, targets, name)
    if config.fit.balance is not None:
        _check_balance(targets, name)


def _check_positives(config: RunConfig, targets: np.ndarray, name: str) -> None:
    for part in parts_of(config.loss):
        loss, options = split_spec(part)
        least = options.get("positive_from")
        if isinstance(least, int | float) and not (targets >= least).any():
            cause = (
                f"no training pair is a positive of {loss}: positive_from is {least:g}, "
                f"but the highest target is {targets.max():.4g}"
            )
            raise DataError("DATA_NO_POSITIVES", cause, place=name, remedy="lower positive_from in the loss")


def _check_balance(targets: np.ndarray, name: str) -> None:
    if not np.isin(targets, (0, 1)).all():
        value = targets[~np.isin(targets, (0, 1))][0]
        cause = f"fit.balance needs labels 0 and 1, but the training targets are graded (one is {value:.4g})"
        raise DataError("BALANCE_GRADED", cause, place=name, remedy="remove fit.balance, or use data.label")
    same = int((targets == 1).sum())
    if same in (0, len(targets)):
        kinds = ("same", "different") if same else ("different", "same")
        cause = f"fit.balance needs both classes, but all {len(targets):,} training pairs are {kinds[0]}"
        raise DataError("BALANCE_ONE_CLASS", cause, place=name, remedy=f"remove fit.balance, or add {kinds[1]} pairs")
