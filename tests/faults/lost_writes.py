"""Power loss: what a disk may hold if everything that was not flushed can be lost.

`record` runs a command once and notes its changes of the disk. `states_after_loss` then makes the folders that a disk
may hold if the power fails after any of them: the content of a file is that of its last flush, or nothing, or a part; a
new name, a rename or a removal is on the disk if its folder was flushed since, and otherwise perhaps.

Source: the model of Pillai et al. 2014, All file systems are not created equal (a rename is one change).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from disk_events import DiskEvent, watch_disk


@dataclass(eq=False)
class Node:
    """A file or folder, whatever its name. `flushed`: the content that is safe; `newest`: the last one known."""

    flushed: bytes | None = None
    newest: bytes = b""
    names: dict[str, "Node"] | None = None


@dataclass(eq=False)
class Change:
    """A change of names that is not safe yet: each entry is (folder, name, node), and None removes the name."""

    entries: list[tuple[Node, str, Node | None]]


@dataclass
class Trace:
    """The changes of one run, in order. `done`: the number of them after which each name was published."""

    events: list[tuple[DiskEvent, bytes]] = field(default_factory=list)
    done: dict[Path, int] = field(default_factory=dict)


def record(home: Path, run: Callable[[], object], published: Callable[[], list[Path]]) -> Trace:
    """Note every change below `home`. Only once in a process, as the watch stays."""
    trace = Trace()

    def notice(event: DiskEvent) -> None:
        content = event.path.read_bytes() if event.kind == "sync" and event.path.is_file() else b""
        if event.kind == "rename" and event.path.is_file():
            content = event.path.read_bytes()
        trace.events.append((event, content))

    watch_disk(home, notice)
    run()
    for path in published():
        renames = [at for at, (event, _) in enumerate(trace.events) if event.kind == "rename" and event.target == path]
        flushes = [
            at for at, (event, _) in enumerate(trace.events) if event.kind == "sync" and event.path == path.parent
        ]
        trace.done[path] = next((at for at in flushes if at > renames[-1]), len(trace.events)) + 1
    return trace


class Disk:
    """The names and contents as the running process sees them, and as they are safe."""

    def __init__(self, home: Path, before: Path) -> None:
        """`before`: a copy of the folder `home` from before the run."""
        self.home = home
        self.now, self.safe = _read(before), _read(before)
        self.twin = dict(_twins(self.now, self.safe))
        self.pending: list[Change] = []

    def apply(self, event: DiskEvent, content: bytes) -> None:
        """One change."""
        if event.kind == "sync":
            self._flush(event.path, content)
            return
        folder, name = self._folder(event.path.parent), event.path.name
        if event.kind == "open" and folder is not None and name not in (folder.names or {}):
            self._link([(folder, name, Node())])
        elif event.kind == "mkdir" and folder is not None:
            self._link([(folder, name, Node(names={}))])
        elif event.kind in ("remove", "rmdir") and folder is not None and name in (folder.names or {}):
            self._link([(folder, name, None)])
        elif event.kind == "rename" and event.target is not None:
            self._rename(event.path, event.target, content)

    def _folder(self, path: Path) -> Node | None:
        node: Node | None = self.now
        for part in path.relative_to(self.home).parts:
            node = (node.names or {}).get(part) if node else None
        return node

    def _link(self, entries: list[tuple[Node, str, Node | None]]) -> None:
        for folder, name, node in entries:
            assert folder.names is not None
            if node is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = node
        self.pending.append(Change(entries))

    def _rename(self, source: Path, target: Path, content: bytes) -> None:
        before, after = self._folder(source.parent), self._folder(target.parent)
        node = (before.names or {}).get(source.name) if before else None
        if before is None or after is None or node is None:
            return
        if node.names is None and not node.newest:
            node.newest = content
        self._link([(before, source.name, None), (after, target.name, node)])

    def _flush(self, path: Path, content: bytes) -> None:
        node = self._folder(path)
        if node is None:
            return
        if node.names is None:
            node.flushed = node.newest = content
            return
        own = [change for change in self.pending if any(folder is node for folder, _, _ in change.entries)]
        for change in own:
            self._settle(change)
            self.pending.remove(change)

    def _settle(self, change: Change) -> None:
        for folder, name, node in change.entries:
            names = self._safe_of(folder).names
            assert names is not None
            if node is None:
                names.pop(name, None)
            else:
                names[name] = self._safe_of(node)

    def _safe_of(self, node: Node) -> Node:
        if node not in self.twin:
            self.twin[node] = Node(names={}) if node.names is not None else node
        return self.twin[node]

    def lose(self, draw: np.random.Generator) -> Node:
        """The names that are on the disk after the loss: the safe ones, and some of the other changes, in order."""
        copies: dict[Node, Node] = {}
        found = _copied(self.safe, copies)
        for change in self.pending:
            if draw.random() < 0.5:
                for folder, name, node in change.entries:
                    _set(_copied(self._safe_of(folder), copies), name, node and _copied(self._safe_of(node), copies))
        return found


def _set(folder: Node, name: str, node: Node | None) -> None:
    assert folder.names is not None
    if node is None:
        folder.names.pop(name, None)
    else:
        folder.names[name] = node


def _copied(node: Node, copies: dict[Node, Node]) -> Node:
    if node.names is None:
        return node
    if node not in copies:
        copies[node] = Node(names={})
        copies[node].names = {name: _copied(inner, copies) for name, inner in node.names.items()}
    return copies[node]


def _read(path: Path) -> Node:
    if path.is_dir():
        return Node(names={inner.name: _read(inner) for inner in path.iterdir()})
    content = path.read_bytes()
    return Node(content, content)


def _twins(a: Node, b: Node) -> Iterator[tuple[Node, Node]]:
    yield a, b
    for name, inner in (a.names or {}).items():
        assert b.names is not None
        yield from _twins(inner, b.names[name])


def states_after_loss(
    before: Path, home: Path, trace: Trace, to: Path, seeds: range
) -> Iterator[tuple[int, list[Path]]]:
    """Write one possible disk after another into `to`: the change after which the power failed, and the names published
    before it. `before`: a copy of `home` from before the run."""
    for seed in seeds:
        draw = np.random.default_rng(seed)
        at = int(draw.integers(0, len(trace.events) + 1))
        disk = Disk(home, before)
        for event, content in trace.events[:at]:
            disk.apply(event, content)
        shutil.rmtree(to, ignore_errors=True)
        _write(disk.lose(draw), to, draw)
        yield at, [to / path.relative_to(home) for path, done in trace.done.items() if done <= at]


def _write(node: Node, path: Path, draw: np.random.Generator) -> None:
    if node.names is not None:
        os.makedirs(path)
        for name, inner in node.names.items():
            _write(inner, path / name, draw)
        return
    content = node.flushed
    if content is None:  # never flushed: nothing, or the start of it
        content = node.newest[: int(draw.integers(0, len(node.newest) + 1))]
    path.write_bytes(content)
