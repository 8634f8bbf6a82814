"""A study from its config to its published cells: declare, tune, train. Published results are not computed again."""

import math
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqtwin.config import StudyConfig
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import driver_lock, read_manifest, retire
from seqtwin.guards.begun import sign
from seqtwin.metrics import metric_name
from seqtwin.published import read_manifest as read_cell_manifest
from seqtwin.run.check_config import check_targets
from seqtwin.run.evaluate import undefined_on_test
from seqtwin.run.fresh_model import refuse_memory
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import Grid, StudyCell, expand_grid
from seqtwin.study.on_cluster.engine import ClusterEngine
from seqtwin.study.stacks import run_stacks
from seqtwin.study.study_json import declare, planned_work
from seqtwin.study.tuning import Tuning, plan_tunings, publish_untuned, run_tuning, tuned
from seqtwin.study.worker import publish_failed, run_cell
from seqtwin.study.worker_pool import OnProgress, TimeUp, Work, run_all

CELLS = Work("study cells", run_cell, publish_failed)
TUNINGS = Work("tunings", run_tuning, publish_untuned)
RETRIED = ("failed", "oom")


@dataclass(frozen=True)
class Study:
    """A study on disk. `planned`: the ids of all cells; `trained`: those trained by this call; `failed`: those without
    a result, of those that were published."""

    path: Path
    planned: list[str]
    trained: list[str]
    failed: list[str]


def compare(
    config: StudyConfig,
    out: Path,
    *,
    jobs: int | None = None,
    retry_failed: bool = False,
    on_progress: OnProgress = lambda _: None,
    data: DataSets | None = None,
    grid: Grid | None = None,
    until: float = math.inf,
    stack: bool = False,
    engine: ClusterEngine | None = None,
) -> Study:
    """Run the study of a config: publish its cells under `out/cells` and its tuned pairings under `out/tuning`.

    `data`: prepared data that are known already. `grid`: the cells to run; the default is the whole grid of the config.
    `until`: the time of `time.monotonic()` at which the study ends, whatever is missing. `stack`: train cells of one
    shape together, in this process. `engine`: run cells and tunings on a cluster instead of in processes here.

    Raises: ConfigError, DataError before anything is trained; InUseError when another process runs a study in `out`.
    """
    grid = grid or expand_grid(config)
    data = data or DataSets()
    run = _runner(engine, jobs or os.cpu_count() or 1, on_progress, until)
    check_cells(grid, data)
    left: list[StudyCell] = []
    with driver_lock(out), suppress(TimeUp):
        sign(out, planned_work(config, grid))
        tunings = plan_tunings(config, grid.cells, data)
        untuned = [tuning for tuning in tunings if not _published(tuning.id, tuning.key, out / "tuning")]
        waiting = {tuning.id for tuning in untuned}
        _unpublished([cell for cell in grid.cells if cell.pairing not in waiting], tunings, out, data)
        declare(config, grid, out, data)
        run(replace(TUNINGS, data=data), untuned, out / "tuning")
        if retry_failed:
            _retire_failed(grid.cells, out / "cells")
        left = _unpublished(grid.cells, tunings, out, data)
        if stack:
            run_stacks(left, out / "cells", data, on_progress)
        rest = [cell for cell in left if not (out / "cells" / cell.id).exists()]
        run(replace(CELLS, data=data), rest, out / "cells")
    return _study(out, [cell.id for cell in grid.cells], [cell.id for cell in left])


def _runner(
    engine: ClusterEngine | None, workers: int, on_progress: OnProgress, until: float
) -> Callable[[Work[Any], Sequence[Any], Path], None]:
    """The function that publishes all tasks of one kind under a folder."""
    if engine is not None:
        return lambda work, tasks, folder: engine.run_all(work, tasks, folder, on_progress)
    return lambda work, tasks, folder: run_all(work, tasks, folder, workers, on_progress, until=until)


def _study(out: Path, planned: Sequence[str], started: Sequence[str]) -> Study:
    """The study on disk. `started`: the ids of the cells that this call was to train."""
    published = [id_ for id_ in planned if (out / "cells" / id_).exists()]
    failed = [id_ for id_ in published if _status(out / "cells" / id_) != "finished"]
    return Study(out, list(planned), [id_ for id_ in started if id_ in published], failed)


def check_cells(grid: Grid, data: DataSets) -> None:
    """Check that every cell can be trained with its targets, in this memory, and scored on test.

    Raises: ConfigError, DataError, ResourceError.
    """
    for cell in _by_data(grid.cells):
        prepared = data.prepare(cell.config)
        check_targets(cell.config, prepared)
        if reason := undefined_on_test(prepared):
            cause = f"the metric of the comparison, {metric_name(prepared.primary)}, has no value on test: {reason}"
            remedy = "put pairs of both labels, or with several scores, into test, or make test larger"
            raise DataError("COMPARE_TEST", cause, place=prepared.data.name, remedy=remedy)
    for cell in {cell.pairing: cell for cell in grid.cells}.values():
        refuse_memory(cell.config, data.prepare(cell.config))


def _by_data(cells: Sequence[StudyCell]) -> list[StudyCell]:
    """One cell for each combination of what the check of targets depends on: data, tokens, loss and balance."""
    distinct: dict[tuple[str, str, str, float | None], StudyCell] = {}
    for cell in cells:
        c = cell.config
        distinct[c.data.model_dump_json(), c.tokens.model_dump_json(), str(c.loss), c.fit.balance] = cell
    return list(distinct.values())


def _unpublished(cells: Sequence[StudyCell], tunings: Sequence[Tuning], out: Path, data: DataSets) -> list[StudyCell]:
    """The cells that are not published yet, with the tuned settings of their pairings.

    Raises: ConfigError when one was published from another config or other data.
    """
    set_up = tuned(cells, tunings, out / "tuning")
    keys = [cell_key(cell.config, data.prepare(cell.config)) for cell in set_up]
    return [cell for cell, key in zip(set_up, keys, strict=True) if not _published(cell.id, key, out / "cells")]


def _published(id_: str, key: str, folder: Path) -> bool:
    if not (folder / id_).exists():
        return False
    if read_manifest(folder / id_).get("key") != key:
        cause = f"{id_} was published from another config, other data or another version"
        remedy = "choose another --out, or move the old study away"
        raise ConfigError("STUDY_CHANGED", cause, place=str(folder), remedy=remedy)
    return True


def _status(folder: Path) -> str:
    return read_cell_manifest(folder)["status"]


def _retire_failed(cells: Sequence[StudyCell], folder: Path) -> None:
    """Move away the cells that failed for a reason outside training. Diverged and collapsed cells are results."""
    for cell in cells:
        if (folder / cell.id).exists() and _status(folder / cell.id) in RETRIED:
            retire(folder / cell.id)
