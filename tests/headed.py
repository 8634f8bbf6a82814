"""The objectives with a head, by name."""

from seqtwin.run.objectives.head_objective import HeadObjective
from seqtwin.run.objectives.registry import OBJECTIVES

WITH_HEAD = {name: objective for name, objective in OBJECTIVES.items() if isinstance(objective, HeadObjective)}
