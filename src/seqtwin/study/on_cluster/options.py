"""Options that exclude each other on a cluster."""

import os

from seqtwin.cluster.address import local_workers, scheduler_address
from seqtwin.errors import ConfigError
from seqtwin.study.main_guard import check_program

NO_STACK = "a study within some minutes ends some of its cells early, which a stack cannot"


def check_options(client: object | None, *, jobs: int | None, minutes: float | None, stack: bool, shared: bool) -> None:
    """Check the options of a study before its data are read. `client`: as for `cluster_engine`.

    Raises: ConfigError for options that exclude each other, and for the form of an address; MainGuardError.
    """
    refuse_misplaced(client, jobs=jobs, minutes=minutes, stack=stack, shared=shared)
    check_program(worker_processes(client, jobs))


def refuse_misplaced(
    client: object | None, *, jobs: int | None, minutes: float | None, stack: bool, shared: bool
) -> None:
    """Raises: ConfigError for options that exclude each other, and for the form of an address."""
    if client is None:
        if stack and minutes is not None:
            raise ConfigError("STACK_MINUTES", NO_STACK, place="stack", remedy="leave out stack, or the minutes")
        if not shared:
            cause = "--no-shared-folder has no effect without a cluster"
            raise ConfigError("CLUSTER_OPTIONS", cause, place="--no-shared-folder", remedy="add --dask ADDRESS")
        return
    others = {"--jobs": jobs is not None, "--quick": minutes is not None, "--stack on": stack}
    for option, given in others.items():
        if given:
            cause = f"{option} is for this machine and cannot be combined with --dask"
            raise ConfigError("CLUSTER_OPTIONS", cause, place=option, remedy=f"leave out {option.split()[0]}")
    if isinstance(client, str) and local_workers(client) is None:
        scheduler_address(client)


def worker_processes(client: object | None, jobs: int | None) -> int:
    """How many processes start on this machine and import the program. Even one of `local:N` is a process."""
    if client is None:
        return jobs or os.cpu_count() or 1
    return 2 if isinstance(client, str) and local_workers(client) else 1
