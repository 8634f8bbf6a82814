"""Runs the cells of a study in worker processes; skips what is published, survives what fails."""

import datetime
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Empty
from typing import Any

from seqtwin.config import RunConfig, StudyConfig, portable
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.files import driver_lock, dump_json, publish_text, read_json, read_manifest
from seqtwin.study.floors import measure_floors
from seqtwin.study.following import end_with_driver
from seqtwin.study.grid import Grid, StudyCell, expand_grid
from seqtwin.study.identity import cell_key, versions
from seqtwin.study.prepare import data_name, prepare
from seqtwin.study.work import Progress, publish_failed, run_cell, start_worker

OnProgress = Callable[[Progress], None]
FORMAT = 1


@dataclass(frozen=True)
class Study:
    """A study on disk. `trained`: cells run by this call; `failed`: those without a result."""

    path: Path
    planned: list[str]
    trained: list[str]
    failed: list[str]


def compare(
    config: StudyConfig, out: Path, *, jobs: int | None = None, on_progress: OnProgress = lambda _: None
) -> Study:
    """The study of a config, all of its cells published under `out/cells`.

    Raises: ConfigError, DataError before anything is trained; InUseError when another process drives `out`.
    """
    grid = expand_grid(config)
    workers = jobs or os.cpu_count() or 1
    keys = {cell.id: cell_key(cell.config, prepare(cell.config)) for cell in grid.cells}
    with driver_lock(out):
        left = [cell for cell in grid.cells if not _published(cell, keys[cell.id], out / "cells")]
        _write_plan(config, grid, out)
        _run_all(left, out / "cells", min(workers, len(left)), on_progress)
    planned = [cell.id for cell in grid.cells]
    status = {id_: str(read_manifest(out / "cells" / id_)["status"]) for id_ in planned}
    failed = [id_ for id_ in planned if status[id_] != "finished"]
    return Study(out, planned, [cell.id for cell in left], failed)


def _published(cell: StudyCell, key: str, folder: Path) -> bool:
    if not (folder / cell.id).exists():
        return False
    if read_manifest(folder / cell.id).get("key") != key:
        cause = f"{cell.id} was published from another config, other data or another version"
        remedy = "name another --out, or move the old study away"
        raise ConfigError("STUDY_CHANGED", cause, place=str(folder), remedy=remedy)
    return True


def _write_plan(config: StudyConfig, grid: Grid, out: Path) -> None:
    path = out / "study.json"
    plan = {
        "format": FORMAT,
        "name": out.name,
        "question": config.question,
        "tier": "quick",
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "config": _resolved(config, out),
        "planned": [cell.id for cell in grid.cells],
        "factors": grid.factors,
        "seeds": config.seed_list(),
        "merged": [list(entry) for entry in grid.merged],
        "versions": versions(),
    }
    if path.exists() and _same_plan(path, plan):
        return
    publish_text(path, dump_json({**plan, "floors": _floors(grid.cells)}))


def _resolved(config: StudyConfig, out: Path) -> dict[str, Any]:
    """The study with every key of its base, the defaults too; its data as they were written."""
    base = portable(config.base, out)
    data = base.data.model_dump(mode="json", exclude_unset=True)
    return {**config.model_dump(mode="json"), "base": {**base.model_dump(mode="json"), "data": data}}


def _same_plan(path: Path, plan: dict[str, Any]) -> bool:
    before = read_json(path)
    return all(before.get(key) == plan[key] for key in ("config", "planned", "versions"))


def _floors(cells: Sequence[StudyCell]) -> dict[str, Any]:
    """Floors of each data set by its name; none where the grid varies the data under one name."""
    configs: dict[str, dict[str, RunConfig]] = {}
    for cell in cells:
        data = cell.config.data
        configs.setdefault(data_name(data), {})[data.model_dump_json()] = cell.config
    alone = {name: next(iter(found.values())) for name, found in configs.items() if len(found) == 1}
    return {name: measure_floors(prepare(config).data) for name, config in alone.items()}


def _run_all(cells: list[StudyCell], folder: Path, workers: int, on_progress: OnProgress) -> None:
    left = cells
    while left:
        _run_some(left, folder, workers, on_progress, of=len(cells))
        left = _missing(left, folder)
        if left:  # a process died and took the pool with it: only alone can a study cell be blamed for that
            _run_alone(left[0], folder, on_progress, of=len(cells))
            left = _missing(left, folder)


def _missing(cells: list[StudyCell], folder: Path) -> list[StudyCell]:
    return [cell for cell in cells if not (folder / cell.id).exists()]


def _run_alone(cell: StudyCell, folder: Path, on_progress: OnProgress, *, of: int) -> None:
    _run_some([cell], folder, 1, on_progress, of=of)
    if _missing([cell], folder):
        cause = "its process died, alone too; the likely cause is memory"
        status = publish_failed(cell, folder / cell.id, SeqTwinError("WORKER_DIED", cause, place=cell.id))
        epochs = cell.config.fit.epochs
        on_progress(Progress(cell.id, epochs, epochs, done=status, of=of))


def _run_some(cells: list[StudyCell], folder: Path, workers: int, on_progress: OnProgress, *, of: int) -> None:
    context = multiprocessing.get_context("spawn")
    with _manager(context) as manager:
        events = manager.Queue()
        with ProcessPoolExecutor(workers, context, start_worker, (events, 1, of)) as pool:
            try:
                _watch([pool.submit(run_cell, cell, folder) for cell in cells], events, on_progress)
            except BaseException:
                _stop(pool)
                raise


def _manager(context: SpawnContext) -> SyncManager:
    manager = SyncManager(ctx=context)
    try:
        manager.start(end_with_driver)
    except EOFError as error:
        remedy = 'in a script, call this under `if __name__ == "__main__":`, since workers import the script'
        raise ConfigError("WORKER_START", "no worker process could start", remedy=remedy) from error
    return manager


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers now: what they build has no name yet. (Python 3.14 has `terminate_workers` for this.)"""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()


def _watch(futures: list[Future[str]], events: Any, on_progress: OnProgress) -> None:
    while True:
        done = wait(futures, timeout=0.2).not_done == set()
        _drain(events, on_progress)
        if done:
            break
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, BrokenProcessPool):
            raise error


def _drain(events: Any, on_progress: OnProgress) -> None:
    while True:
        try:
            on_progress(events.get_nowait())
        except Empty:
            return
