"""The engine of a study on a Dask cluster: the counterpart of `worker_pool.run_all`."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Union

from seqtwin.cluster.client import connect, require_dask
from seqtwin.config import RunConfig
from seqtwin.study.on_cluster.crew import Crew
from seqtwin.study.on_cluster.dispatch import Dispatch
from seqtwin.study.on_cluster.facts import Proof
from seqtwin.study.worker_pool import OnProgress, TaskT, Work

if TYPE_CHECKING:
    from distributed import Client

HOLDER = "holder.json"  # the driver has it in its folder while it runs


class ClusterEngine:
    """Runs tasks on the workers of a client. `shared`: the workers see the folder of the study under its path."""

    def __init__(self, client: "Client", *, shared: bool, on_notice: Callable[[str], None]) -> None:
        self.client, self.shared, self.on_notice = client, shared, on_notice
        self._crew: Crew | None = None

    def run_all(self, work: Work[TaskT], tasks: Sequence[TaskT], folder: Path, on_progress: OnProgress) -> None:
        """Publish all tasks under `folder`, as `worker_pool.run_all` does.

        Raises: ConfigError, ResourceError and the errors of tasks, after which no task is left running.
        """
        if not tasks:
            return
        self._crew = self._crew or self._gather(folder.absolute().parent, tasks)
        Dispatch(self._crew, work, tasks, folder, on_progress, shared=self.shared).run()

    def close(self) -> None:
        """Let the workers forget the data of the study."""
        if self._crew is not None:
            self._crew.unload()

    def _gather(self, out: Path, tasks: Sequence[TaskT]) -> Crew:
        needed = sorted({path for task in tasks for path in needed_paths(getattr(task, "config"))})  # noqa: B009
        holder = out / HOLDER
        proof = Proof(str(holder), holder.read_text(encoding="utf-8"), tuple(needed)) if self.shared else None
        proof = proof or Proof("", "", tuple(needed))
        return Crew(self.client, secrets.token_hex(4), proof, str(out), self.on_notice)


def needed_paths(config: RunConfig) -> list[str]:
    """The paths in a config that a training reads itself, besides the prepared data."""
    return [path for path in (config.encoder.vectors, config.encoder.start) if path]


@contextmanager
def cluster_engine(
    client: Union["Client", str, None], *, shared: bool, on_notice: Callable[[str], None]
) -> Iterator[ClusterEngine | None]:
    """The engine for a client, or for the address of a cluster (see `connect`); None without one.

    Raises: ConfigError where no scheduler answers; MissingExtraError.
    """
    if client is None:
        yield None
    elif isinstance(client, str):
        with connect(client) as own, cluster_engine(own, shared=shared, on_notice=on_notice) as engine:
            yield engine
    else:
        require_dask()
        engine = ClusterEngine(client, shared=shared, on_notice=on_notice)
        try:
            yield engine
        finally:
            engine.close()
