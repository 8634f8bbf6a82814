"""`NAME.auto.json`: the trainings of a race that have ended. After an interruption the same command goes on from there.

The optimizer gets them back as it had them. The next trainings are then stopped as without the interruption.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import NotRequired, TypedDict

from seqtwin.cards import read_sealed, sealed_text
from seqtwin.files import publish_text
from seqtwin.guards.shapes import check_shape
from seqtwin.guards.typed_command import Origin, origin
from seqtwin.json_values import Json

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)


class Ended(TypedDict):
    """A training that ended. `seen`: the dev metric by epoch; `rungs`: what the optimizer noted of it."""

    name: str
    state: str
    dev: float | None
    epochs: int
    seconds: float
    cause: str
    seen: dict[str, float]
    rungs: dict[str, Json]


class _File(TypedDict):
    """`planned`, `minutes`, `began`, `origin`: for `seqtwin status`; `began` in seconds since 1970."""

    key: str
    ended: list[Ended]
    planned: NotRequired[Sequence[str]]
    minutes: NotRequired[float]
    began: NotRequired[float]
    origin: NotRequired[Origin]


class RaceJournal:
    """The journal of a race. `key`: the identity of the race; `ended`: the trainings before the interruption.

    `planned`: the names of all entrants; `minutes`: the longest time. The journal of another race is replaced, with a
    warning. Raises: DamagedError.
    """

    def __init__(self, path: Path, key: str, planned: Sequence[str] = (), minutes: float = 0.0) -> None:
        self.path, self.key, self.planned, self.minutes = path, key, list(planned), minutes
        self.began = time.time()
        self.ended: list[Ended] = []
        if path.exists():
            saved = read_sealed(path)
            check_shape(saved, _File, path, _File.__required_keys__)
            if saved["key"] == key:
                self.ended = saved["ended"]
            else:
                log.warning("%s: the race starts over, since it was begun with other settings or data", path)

    def add(self, ended: Ended) -> None:
        """Keep a training that ended. Raises: ResourceError."""
        self.ended.append(ended)
        content: _File = {
            "key": self.key, "ended": self.ended, "planned": self.planned, "minutes": self.minutes, "began": self.began,
            "origin": origin(),
        }  # fmt: skip
        publish_text(self.path, sealed_text(content))


def noted(trial: "optuna.Trial") -> tuple[dict[str, float], dict[str, Json]]:
    """The dev metric of a trial by epoch, and what the optimizer noted of it."""
    [own] = [each for each in trial.study.trials if each.number == trial.number]
    return {str(epoch): value for epoch, value in own.intermediate_values.items()}, dict(own.system_attrs)


def give_back(study: "optuna.Study", ended: Ended) -> None:
    """Tell the optimizer of a training before the interruption."""
    import optuna

    states = {"finished": optuna.trial.TrialState.COMPLETE, "failed": optuna.trial.TrialState.FAIL}
    state = states.get(ended["state"], optuna.trial.TrialState.PRUNED)
    if ended["dev"] is None:
        state = optuna.trial.TrialState.FAIL
    seen: dict[int, Any] = {int(epoch): value for epoch, value in ended["seen"].items()}
    value = ended["dev"] if state is optuna.trial.TrialState.COMPLETE else None
    study.add_trial(
        optuna.trial.create_trial(state=state, value=value, intermediate_values=seen, system_attrs=ended["rungs"])
    )
