"""The workers of a cluster that take part in a study. They may come and go while it runs."""

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from seqtwin.errors import ConfigError, ResourceError
from seqtwin.run.manifest import versions
from seqtwin.study.on_cluster.equipment import Parcel, equip, unload
from seqtwin.study.on_cluster.facts import (
    Proof,
    WorkerFacts,
    kernel_faults,
    place_faults,
    usual_kernels,
    version_faults,
    worker_facts,
)

if TYPE_CHECKING:
    from distributed import Client

LOOK = 1.0  # seconds between two looks at who is connected
ONE_PROCESS = "it shares its process with another worker: start each as a process of its own"
VERSIONS = "install the same versions for all workers and for this command"
ALIKE = (
    "use machines of one kind, or set ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 "
    "for all workers"
)
SHARED = "start the workers where they have the same files under the same paths; for the study: --no-shared-folder"
AGAIN = "start the scheduler and the workers again, then run the same command again: it continues"


class Crew:
    """The workers that take part. `ready`: those that can be given a task; `refused`: the others, and why.

    `study`: a name for its data on the workers. `proof`: what each worker must see; `folder`: of the study.
    """

    def __init__(
        self, client: "Client", study: str, proof: Proof, folder: str, on_notice: Callable[[str], None]
    ) -> None:
        self.client, self.study, self.proof, self.folder, self._notice = client, study, proof, folder, on_notice
        self.ready: dict[str, WorkerFacts] = {}
        self.refused: dict[str, str] = {}
        self._remedies: dict[str, None] = {}
        self._kernels: Mapping[str, str] | None = None
        self._sent: set[str] = set()
        self._looked, self._waiting, self._told = 0.0, False, 0

    def look(self, parcel: Parcel) -> None:
        """Let go the workers that have gone, and give the data to new ones that can take part.

        Raises: ConfigError where all workers are refused; ResourceError where the scheduler is lost.
        """
        if time.monotonic() - self._looked < LOOK:
            return
        connected = connected_workers(self.client)
        self.ready = {address: facts for address, facts in self.ready.items() if address in connected}
        self.refused = {address: why for address, why in self.refused.items() if address in connected}
        new = [address for address in connected if address not in self.ready and address not in self.refused]
        if new:
            self._welcome(new, parcel)
        if connected and len(self.refused) == len(connected):
            raise self._nobody()
        if not connected and not self._waiting:
            self._notice("no worker is connected to the scheduler; waiting for one")
        self._waiting = not connected
        self._looked = time.monotonic()

    def leave(self, address: str) -> None:
        """Take a worker out that has lost its data; the next look welcomes it again."""
        self.ready.pop(address, None)

    def equip_ready(self, parcel: Parcel) -> None:
        """Give new data to the workers that take part already."""
        if not parcel.prepared.keys() <= self._sent:
            self._equip(dict(self.ready), parcel)
        self._sent |= parcel.prepared.keys()

    def unload(self) -> None:
        """Let the workers forget the data of the study."""
        if self.ready and self.client.status == "running":
            with suppress(OSError, TimeoutError):
                self.client.run(unload, self.study, workers=list(self.ready), on_error="ignore")

    def _welcome(self, addresses: list[str], parcel: Parcel) -> None:
        found = self._ask(addresses, worker_facts, self.proof)
        described = {address: facts for address, facts in found.items() if isinstance(facts, WorkerFacts)}
        for address, error in found.items():
            # one that has gone meanwhile is no longer connected at the next look
            if address not in described and not isinstance(error, OSError):
                self._refuse(address, "", [f"it cannot run SeqTwin: {type(error).__name__}: {error}"], VERSIONS)
        alike = {address: facts for address, facts in described.items() if not self._has_wrong_version(address, facts)}
        if alike and self._kernels is None:
            self._kernels = usual_kernels(list(alike.values()))
        fit: dict[str, WorkerFacts] = {}
        for address, facts in alike.items():
            if not self._is_unfit(address, facts, [*self.ready.values(), *fit.values()]):
                fit[address] = facts
        self._equip(fit, parcel)
        self._tell_size()

    def _tell_size(self) -> None:
        """Tell how many workers there are, each time that they are twice as many."""
        count, hosts = len(self.ready), len({facts.host for facts in self.ready.values()})
        if count and count >= 2 * self._told:
            self._told = count
            size = f"{count} Dask worker{'s' * (count > 1)} on {hosts} host{'s' * (hosts > 1)}"
            # without bokeh the scheduler answers, but has no pages
            shown = f"; dashboard: {self.client.dashboard_link}" if find_spec("bokeh") else ""
            self._notice(f"training on {size}{shown}")

    def _ask(self, addresses: list[str], function: Callable[..., object], *values: object) -> dict[str, object]:
        """The answer of each worker, or its error. Raises: ResourceError where the scheduler is lost."""
        try:
            answers: dict[str, object] = self.client.run(function, *values, workers=addresses, on_error="return")
        except (OSError, TimeoutError) as error:
            raise scheduler_lost() from error
        return answers

    def _equip(self, workers: dict[str, WorkerFacts], parcel: Parcel) -> None:
        if not workers:
            return
        answers = self._ask(list(workers), equip, self.study, parcel)
        for address, wrong in answers.items():
            if wrong == []:
                self.ready[address] = workers[address]
            elif not isinstance(wrong, OSError):
                text = f"it received other data than were sent: {wrong}"
                self._refuse(address, workers[address].host, [text], VERSIONS)

    def _has_wrong_version(self, address: str, facts: WorkerFacts) -> bool:
        return self._refuse(address, facts.host, version_faults(facts, versions()), VERSIONS)

    def _is_unfit(self, address: str, facts: WorkerFacts, others: Sequence[WorkerFacts]) -> bool:
        kernels = kernel_faults(facts, self._kernels or {})
        places = place_faults(facts, self.folder)
        taken = {(platform.node(), os.getpid()), *((other.host, other.pid) for other in others)}
        shared = (facts.host, facts.pid) in taken
        return (
            self._refuse(address, facts.host, kernels, ALIKE)
            or self._refuse(address, facts.host, places, SHARED)
            or self._refuse(address, facts.host, [ONE_PROCESS] if shared else [], "use processes=True")
        )

    def _refuse(self, address: str, host: str, faults: list[str], remedy: str) -> bool:
        """Refuse a worker that has faults; whether it has."""
        if faults:
            self.refused[address] = f"{address}{f' on {host}' if host else ''}: {', '.join(faults)}"
            self._remedies[remedy] = None
            self._notice(f"Dask worker refused: {self.refused[address]}")
        return bool(faults)

    def _nobody(self) -> ConfigError:
        listed = "".join(f"\n  {why}" for why in self.refused.values())
        cause = f"no worker can take part, because results would not be comparable or could not be read{listed}"
        return ConfigError("CLUSTER_REFUSED", cause, place="--dask", remedy="; ".join(self._remedies))


def connected_workers(client: "Client") -> list[str]:
    """The addresses of the workers that are connected. Raises: ResourceError where the scheduler is lost."""
    if client.status != "running":
        raise scheduler_lost()
    try:
        return list(client.nthreads())
    except (OSError, TimeoutError) as error:
        raise scheduler_lost() from error


def scheduler_lost() -> ResourceError:
    """The error for a scheduler that has ended or cannot be reached."""
    cause = "the connection to the Dask scheduler is lost; what was published stays"
    return ResourceError("SCHEDULER_LOST", cause, place="--dask", remedy=AGAIN)
