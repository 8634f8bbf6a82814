"""Connect to a Dask cluster, or start one on this machine."""

import logging
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seqtwin.cluster.address import local_workers, scheduler_address
from seqtwin.errors import ConfigError, missing_extra

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

ANSWER = 10  # seconds in which a scheduler must answer
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@contextmanager
def connect(address: str) -> Iterator["Client"]:
    """A client of the cluster at an address. It is not the default client of Dask.

    `local:N`: a new cluster of N worker processes with one thread each, which ends with the block. Its files are in a
    temporary folder. `tcp://HOST:PORT`, or the path of a scheduler file: a cluster that runs already. Only the
    connection ends with the block.

    Raises: ConfigError for another form, and where nothing answers within ANSWER seconds; MissingExtraError.
    """
    workers = local_workers(address)
    found = scheduler_address(address) if workers is None else ""
    require_dask()
    if workers is None:
        with _answering(found, address) as client:
            yield client
        return
    with _local_cluster(workers) as cluster, _answering(cluster.scheduler_address, address) as client:
        yield client


@contextmanager
def connect_early(client: "Client | str | None") -> Iterator["Client | str | None"]:
    """A client, where the address of a scheduler is given. One that is silent is thus reported before other work.

    Anything else is returned as it is: a cluster on this machine (`local:N`) is started when it has work.

    Raises: as `connect`.
    """
    if not isinstance(client, str):
        yield client
    elif local_workers(client) is not None:
        require_dask()
        yield client
    else:
        with connect(client) as connected:
            yield connected


def require_dask() -> None:
    """Raises: MissingExtraError where dask or distributed is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise missing_extra("dask and distributed", "cluster") from error


@contextmanager
def _answering(scheduler: str, given: str) -> Iterator["Client"]:
    """A client of this scheduler. `given`: how the user named it."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=ANSWER, set_as_default=False)
    except (ValueError, TypeError, RuntimeError) as error:  # such as tls:// without certificates
        raise ConfigError("CLUSTER_ADDRESS", f"cannot connect to the Dask scheduler: {error}", place=given) from error
    except (OSError, TimeoutError) as error:
        where = "" if scheduler == given else f" ({scheduler})"
        cause = f"no Dask scheduler answered within {ANSWER} seconds{where}"
        remedy = "start one with `dask scheduler`, check host, port and firewall, or use local:N on this machine"
        raise ConfigError("CLUSTER_SILENT", cause, place=given, remedy=remedy) from error
    with client:
        yield client


@contextmanager
def _local_cluster(workers: int) -> Iterator["LocalCluster"]:
    """A cluster of worker processes on this machine. The environment of this process stays as it is.

    Dask would set OMP_NUM_THREADS and others in this process for good, which then slows down whatever it runs later.
    """
    import dask
    from distributed import LocalCluster

    before, set_by_dask = dict(os.environ), set[str]()
    # the tidying of a killed worker can be late, and what it left must not fail the command
    with tempfile.TemporaryDirectory(prefix="seqtwin-dask-", ignore_cleanup_errors=True) as folder:
        own = {
            # Dask's own would give free memory back at once: see worker_memory
            "distributed.nanny.pre-spawn-environ": {}, "temporary-directory": folder,
            "distributed.worker.preload": ["seqtwin.cluster.worker_start"],
            "distributed.worker.profile.enabled": False,  # it keeps call stacks of every second
        }  # fmt: skip
        try:
            with dask.config.set(own), LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, local_directory=folder,
                dashboard_address="127.0.0.1:0", env=ONE_THREAD, silence_logs=logging.CRITICAL,
            ) as cluster:  # fmt: skip
                set_by_dask = {name for name, value in os.environ.items() if before.get(name) != value}
                _restore(set_by_dask, before)
                yield cluster
        finally:
            _restore(set_by_dask, before)  # a worker that replaced a killed one set them again


def _restore(names: Collection[str], before: Mapping[str, str]) -> None:
    for name in names:
        os.environ.pop(name, None)
    os.environ.update({name: before[name] for name in names if name in before})
