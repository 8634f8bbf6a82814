"""The forms in which a cluster can be named: `local:N`, the address of a scheduler, or a scheduler file."""

import re
from pathlib import Path

from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.files import read_json

MOST_LOCAL = 256
FORMS = "expected local:N, the address of a scheduler (tcp://HOST:PORT), or a scheduler file (FILE.json)"
_LOCAL = re.compile(r"local:(\d{1,9})")
_SCHEDULER = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d{1,5}")


def local_workers(address: str) -> int | None:
    """The number of workers of `local:N`; None for a cluster elsewhere.

    >>> local_workers("local:2"), local_workers("tcp://10.0.0.5:8786")
    (2, None)

    Raises: ConfigError where N is not in [1, 256].
    """
    match = _LOCAL.fullmatch(address)
    if match is None:
        return None
    if not 1 <= int(match[1]) <= MOST_LOCAL:
        cause = f"expected from 1 to {MOST_LOCAL} workers, got {match[1]}"
        raise ConfigError("CLUSTER_WORKERS", cause, place=address, remedy="one per core is usual")
    return int(match[1])


def scheduler_address(address: str) -> str:
    """The address of a scheduler: as given, or from its scheduler file.

    >>> scheduler_address("tcp://10.0.0.5:8786")
    'tcp://10.0.0.5:8786'

    Raises: ConfigError for any other form.
    """
    if _SCHEDULER.fullmatch(address):
        return address
    path = Path(address)
    if path.is_file():
        return _read_scheduler_file(path)
    cause = "there is no such scheduler file" if path.suffix == ".json" else FORMS
    remedy = "start one: dask scheduler --scheduler-file FILE.json" if path.suffix == ".json" else ""
    if _LOCAL.fullmatch(address.lower()):
        remedy = f"write {address.lower()}"
    elif _SCHEDULER.fullmatch(f"tcp://{address}"):
        remedy = f"write tcp://{address}"
    raise ConfigError("CLUSTER_ADDRESS", cause, place=address, remedy=remedy)


def _read_scheduler_file(path: Path) -> str:
    try:
        content = read_json(path)
    except SeqTwinError as error:
        raise ConfigError("CLUSTER_ADDRESS", f"not a scheduler file: {error.cause}", place=str(path)) from error
    found = content.get("address") if isinstance(content, dict) else None
    if not isinstance(found, str) or not _SCHEDULER.fullmatch(found):
        raise ConfigError("CLUSTER_ADDRESS", "not a scheduler file: it has no address", place=str(path))
    return found
