"""Whether a process works on a folder, from its lock and from `holder.json`, which names the process."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seqtwin.progress.peek import Content, changed, peek, whole


@dataclass(frozen=True)
class Driver:
    """The process that works on something. `state`: `unknown` for one of another machine, which cannot be seen here.

    `since`: when it began, in seconds since 1970.
    """

    state: Literal["running", "stopped", "unknown"] = "stopped"
    pid: int | None = None
    host: str = ""
    since: float | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs, as far as that is known."""
        return self.state == "running"


def who_drives(folder: Path) -> Driver:
    """The process that has the lock of a folder.

    The lock is only tried where the process in `holder.json` may be alive: it is taken for a moment if it is free, and
    must not be in the way of a command that starts.
    """
    holder = folder / "holder.json"
    content = peek(holder)
    if content is None:
        return Driver()
    found = _process(content, changed(holder))
    if found.state == "stopped":
        return found
    locked = _is_locked(folder / ".lock")
    if locked:
        return Driver("running", found.pid, found.host, found.since)
    is_free = locked is False and found.state == "running"  # the pid is that of another program now
    return Driver("stopped", found.pid, found.host, found.since) if is_free else found


def who_began(origin: Content, since: float | None) -> Driver:
    """The process that an `Origin` names. It has no lock, so a process that began later is another one."""
    found = _process(origin, since)
    began = _began(found.pid) if found.runs and found.pid else None
    later = began is not None and since is not None and began > since + 1
    return Driver("stopped", found.pid, found.host, found.since) if later else found


def _process(content: Content, since: float | None) -> Driver:
    pid, host = whole(content.get("pid")), str(content.get("host", ""))
    if host != socket.gethostname():
        return Driver("unknown", pid, host, since)
    return Driver("running" if _is_alive(pid) else "stopped", pid, host, since)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return pid > 0


def _is_locked(path: Path) -> bool | None:
    """Whether another process has the lock; None where that cannot be known."""
    try:
        import fcntl

        handle = os.open(path, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(handle)
    return False


def _began(pid: int) -> float | None:
    """When a process began, in seconds since 1970; None where the system does not show it."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
        boot = next(int(line.split()[1]) for line in lines if line.startswith("btime"))
        return boot + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
