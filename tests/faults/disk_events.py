"""Every change of the disk below a folder by this process, as Python sees it: before it happens, with its place.

An audit hook sees each file that is opened to be written, each rename, removal, new folder and change of permissions.
`os.fsync` has no audit event, and is replaced. Libraries that write by themselves are not seen.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OF_ONE_PATH = {"os.remove": "remove", "os.mkdir": "mkdir", "os.rmdir": "rmdir", "os.chmod": "chmod"}


@dataclass(frozen=True)
class DiskEvent:
    """One change. `kind`: open, rename, remove, mkdir, rmdir, chmod or sync; `target`: of a rename.

    `empties`: opening the file removes its content.
    """

    kind: str
    path: Path
    target: Path | None = None
    empties: bool = False


def watch_disk(root: Path, notice: Callable[[DiskEvent], None]) -> None:
    """Call `notice` before each change in `root`, until the process ends. It may raise, or end the process."""
    root = root.resolve()
    busy = False

    def tell(kind: str, path: object, target: object = None, *, empties: bool = False) -> None:
        nonlocal busy
        if busy or not isinstance(path, str | bytes | os.PathLike):
            return
        place = Path(os.path.abspath(os.fsdecode(path)))
        if root not in (place, *place.parents) or (kind == "mkdir" and place.exists()):
            return
        goal = Path(os.path.abspath(os.fsdecode(target))) if isinstance(target, str | bytes | os.PathLike) else None
        busy = True  # `notice` may read files itself
        try:
            notice(DiskEvent(kind, place, goal, empties))
        finally:
            busy = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(flags := arguments[2], int) and flags & WRITES:
            tell("open", arguments[0], empties=bool(flags & os.O_TRUNC))
        elif event == "os.rename":
            tell("rename", arguments[0], arguments[1])
        elif event in OF_ONE_PATH:
            tell(OF_ONE_PATH[event], _from_handle(arguments))

    def sync(handle: int) -> None:
        tell("sync", os.readlink(f"/proc/self/fd/{handle}"))
        flush(handle)

    flush, os.fsync = os.fsync, sync  # type: ignore[assignment]
    sys.addaudithook(hook)


def _from_handle(arguments: tuple[object, ...]) -> object:
    """The path of a removal, which can be relative to an open folder (`shutil.rmtree`)."""
    path, handle = arguments[0], arguments[-1]
    if isinstance(path, str) and isinstance(handle, int) and handle >= 0 and not os.path.isabs(path):
        return os.path.join(os.readlink(f"/proc/self/fd/{handle}"), path)
    return path
