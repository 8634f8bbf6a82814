"""A study from its config to its published cells: declared, tuned, trained. What is published is not done again."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtwin.config import StudyConfig
from seqtwin.errors import ConfigError
from seqtwin.files import driver_lock, read_manifest, retire
from seqtwin.run.compatible import require_two_classes
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import prepare
from seqtwin.study.grid import StudyCell, expand_grid
from seqtwin.study.study_json import declare
from seqtwin.study.tuning import Tuning, plan_tunings, publish_untuned, run_tuning, tuned
from seqtwin.study.worker import publish_failed, run_cell
from seqtwin.study.worker_pool import OnProgress, Work, run_all

CELLS = Work("study cells", run_cell, publish_failed)
TUNINGS = Work("tunings", run_tuning, publish_untuned)
RETRIED = ("failed", "oom")


@dataclass(frozen=True)
class Study:
    """A study on disk. `trained`: cells run by this call; `failed`: those without a result."""

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
) -> Study:
    """The study of a config, all of its cells published under `out/cells`, its tuned pairings under `out/tuning`.

    Raises: ConfigError, DataError before anything is trained; InUseError when another process drives `out`.
    """
    grid = expand_grid(config)
    workers = jobs or os.cpu_count() or 1
    for cell in _by_data(grid.cells):
        require_two_classes(cell.config, prepare(cell.config))
    with driver_lock(out):
        tunings = plan_tunings(config, grid.cells)
        untuned = [tuning for tuning in tunings if not _published(tuning.id, tuning.key, out / "tuning")]
        waiting = {tuning.id for tuning in untuned}
        _left([c for c in grid.cells if c.pairing not in waiting], tunings, out)
        declare(config, grid, out)
        run_all(TUNINGS, untuned, out / "tuning", workers, on_progress)
        if retry_failed:
            _retire_failed(grid.cells, out / "cells")
        left = _left(grid.cells, tunings, out)
        run_all(CELLS, left, out / "cells", workers, on_progress)
    planned = [cell.id for cell in grid.cells]
    failed = [id_ for id_ in planned if _status(out / "cells" / id_) != "finished"]
    return Study(out, planned, [cell.id for cell in left], failed)


def _by_data(cells: Sequence[StudyCell]) -> list[StudyCell]:
    """One cell of each data set, way to make tokens, and loss."""
    found = {(c.config.data.model_dump_json(), c.config.tokens.model_dump_json(), str(c.config.loss)): c for c in cells}
    return list(found.values())


def _left(cells: Sequence[StudyCell], tunings: Sequence[Tuning], out: Path) -> list[StudyCell]:
    """The cells that are not published yet, with the settings that were found for their pairings.

    Raises: ConfigError when one was published from something else.
    """
    found = tuned(cells, tunings, out / "tuning")
    return [c for c in found if not _published(c.id, cell_key(c.config, prepare(c.config)), out / "cells")]


def _published(id_: str, key: str, folder: Path) -> bool:
    if not (folder / id_).exists():
        return False
    if read_manifest(folder / id_).get("key") != key:
        cause = f"{id_} was published from another config, other data or another version"
        remedy = "name another --out, or move the old study away"
        raise ConfigError("STUDY_CHANGED", cause, place=str(folder), remedy=remedy)
    return True


def _status(folder: Path) -> str:
    return str(read_manifest(folder)["status"])


def _retire_failed(cells: Sequence[StudyCell], folder: Path) -> None:
    """Move away what failed for a reason outside of the training; diverged and collapsed are results."""
    for cell in cells:
        if (folder / cell.id).exists() and _status(folder / cell.id) in RETRIED:
            retire(folder / cell.id)
