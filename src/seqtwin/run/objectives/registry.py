"""OBJECTIVES: every objective by the name that a config uses.

To add one: a module like `classify.py` and one line in the dict.
"""

from collections.abc import Mapping

from seqtwin.config import RunConfig
from seqtwin.lookup import member, split_spec
from seqtwin.run.objectives.base import AnyObjective
from seqtwin.run.objectives.classify import CLASSIFY
from seqtwin.run.objectives.decode_text import DECODE
from seqtwin.run.objectives.distil import DISTIL
from seqtwin.run.objectives.label_steps import LABEL_STEPS
from seqtwin.run.objectives.pairs import PAIRS

OBJECTIVES: Mapping[str, AnyObjective] = {
    "pairs": PAIRS,
    "classify": CLASSIFY,
    "label_steps": LABEL_STEPS,
    "decode": DECODE,
    "distil": DISTIL,
}


def objective_name(config: RunConfig) -> str:
    """The name of the objective of a config: a key of OBJECTIVES where the config is valid."""
    return split_spec(config.objective)[0]


def objective_of(config: RunConfig) -> AnyObjective:
    """The objective of a config.

    Raises: ConfigError for an unknown name.
    """
    return named_objective(config.objective)


def named_objective(spec: object) -> AnyObjective:
    """The objective of a spec: a name, or a mapping with a name and options.

    Raises: ConfigError for anything else and for an unknown name.
    """
    objective: AnyObjective = member(OBJECTIVES, split_spec(spec)[0], "objective")
    return objective
