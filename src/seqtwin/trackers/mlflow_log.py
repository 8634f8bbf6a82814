"""Runs in MLflow, at the tracking address that the user has set (MLFLOW_TRACKING_URI)."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from matplotlib.figure import Figure

from seqtwin.errors import missing_extra

EXPERIMENT = "seqtwin"
LONGEST = 500  # characters of a parameter


class MlflowSink:
    """A run of MLflow in the experiment of the user, by default `seqtwin`, inside a run that is active already."""

    def __init__(self, out: Path) -> None:
        self._library = _library()
        self._client = self._library.MlflowClient()

    def begin(self, name: str, params: Mapping[str, object]) -> None:
        active = self._library.active_run()
        tags = {"mlflow.runName": name} | ({"mlflow.parentRunId": active.info.run_id} if active else {})
        self._run = self._client.create_run(self._experiment(active), tags=tags).info.run_id
        for key, value in params.items():
            self._client.log_param(self._run, key, str(value)[:LONGEST])

    def _experiment(self, active: object) -> str:
        if active is not None:
            return str(active.info.experiment_id)  # type: ignore[attr-defined]
        found = self._client.get_experiment_by_name(EXPERIMENT)
        return str(found.experiment_id) if found else str(self._client.create_experiment(EXPERIMENT))

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._client.log_metric(self._run, name, value, step=step)

    def draw(self, name: str, figure: Figure) -> None:
        self._client.log_figure(self._run, figure, f"{name}.png")

    def end(self, status: str) -> None:
        self._client.set_tag(self._run, "status", status)
        self._client.set_terminated(self._run, "FINISHED" if status in ("finished", "collapsed") else "FAILED")


def _library() -> ModuleType:
    try:
        import mlflow
    except ImportError as error:
        raise missing_extra("mlflow", "mlflow") from error
    library: ModuleType = mlflow
    return library
