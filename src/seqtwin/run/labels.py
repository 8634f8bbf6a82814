"""The row and the column of the table of results that a config belongs to."""

from collections.abc import Mapping

from seqtwin.config import RunConfig
from seqtwin.run.objectives.registry import objective_name, objective_of

__all__ = ["column_label", "is_axis", "objective_name", "row_label"]

OBJECTIVE = "objective"


def row_label(config: RunConfig) -> str:
    """The row: the representation, or the step read of a head that labels steps."""
    return objective_of(config).row_label(config)


def column_label(config: RunConfig, changes: Mapping[str, object]) -> str:
    """The column: the loss of pairs, else the head with the options that `changes` varies."""
    return objective_of(config).column_label(config, changes)


def is_axis(key: str) -> bool:
    """Whether the values of a varied key are shown in the row or the column already."""
    return key in ("representation", "loss", OBJECTIVE) or key.startswith(f"{OBJECTIVE}.")
