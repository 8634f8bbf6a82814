"""The start of a worker process of a local cluster: Dask runs this."""

import signal


def dask_setup(_worker: object) -> None:
    """Ignore Ctrl-C, which a terminal sends to every process: the command ends its workers itself, with one message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
