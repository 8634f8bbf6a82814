"""Tasks on the workers of a cluster: a few at a time, under readable names. Their errors name a remedy."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from seqtwin.errors import ConfigError, ResourceError

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2  # tasks per worker that are submitted: one that runs, and one that waits for it
WAIT = 60  # seconds for the first worker
Result = TypeVar("Result")


def count_workers(client: "Client") -> int:
    """The number of threads of all workers that are there, at least one.

    Raises: ConfigError if no worker joins within WAIT seconds.
    """
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        cause = f"no worker joined the cluster within {WAIT} seconds"
        raise ConfigError("CLUSTER_EMPTY", cause, place="--dask", remedy="start one: dask worker ADDRESS") from error
    return int(sum(client.ncores().values()))


def run_tasks(
    client: "Client", function: Callable[..., Result], tasks: Mapping[str, tuple[Any, ...]], *, again: str
) -> Iterator[tuple[str, Result]]:
    """Run `function(*arguments)` for each task on the workers; its name and result as they come, in any order.

    `tasks`: name -> arguments. `again`: what the user does if it ends early, for errors. A task whose worker died is
    run elsewhere. Dask counts the deaths, and gives up after `distributed.scheduler.allowed-failures`, usually three.
    It counts them for a task that waited for that worker, too. A study therefore counts itself (`on_cluster.dispatch`):
    it goes on without the task, which must be the right one. Here the whole work ends either way.

    Raises: what the function raises; ResourceError if the task kills its workers, or the cluster is lost.
    """
    from distributed import as_completed

    if not tasks:
        return
    mark = secrets.token_hex(4)  # another command may use the same names on this cluster
    waiting, running = iter(tasks.items()), dict["Future[Any]", str]()

    def submit(count: int) -> "list[Future[Any]]":
        new = {
            client.submit(function, *arguments, key=f"{name}-{mark}", pure=False): name
            for name, arguments in islice(waiting, count)
        }
        running.update(new)
        return list(new)

    finished = as_completed(submit(AHEAD * count_workers(client)), loop=client.loop)
    try:
        for future in finished:
            name = running.pop(future)
            yield name, _result(future, name, again)
            finished.update(submit(1))
    finally:
        with suppress(OSError, TimeoutError):  # the scheduler may be gone
            client.cancel(list(running), force=True)


def _result(future: "Future[Any]", name: str, again: str) -> Any:
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        cause = f"{name}: each of {error.allowed_failures + 1} workers died while it ran, probably out of memory"
        remedy = f"give the workers more memory, or split this part; then {again}"
        raise ResourceError("WORKER_DIED", cause, place="--dask", remedy=remedy) from error
    except (CancelledError, OSError, TimeoutError) as error:
        if isinstance(error, OSError) and future.status == "error":
            raise  # from the task itself
        cause = "the connection to the scheduler is lost"
        raise ResourceError("CLUSTER_LOST", cause, place="--dask", remedy=f"start it again; then {again}") from error
