"""`study.json`: what a study is, and its test plan, written before the first training."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqtwin.config import PATHS, RunConfig, StudyConfig, each_path, portable
from seqtwin.errors import ConfigError
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.paths import counted_from, expand
from seqtwin.run.manifest import resolved, versions
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared import PreparedExamples
from seqtwin.study.baselines.examples import measure_example_floors
from seqtwin.study.baselines.pairs import measure_floors
from seqtwin.study.grid import Grid, StudyCell
from seqtwin.study.test_plan import make_plan
from seqtwin.study.tiers import seeds_of, trials_of

FORMAT = 1
# while these stay, what is published stays valid, and so does the file
PROMISED = ("tier", "trials", "plan")
SAME = (*PROMISED, "config", "planned", "versions")


def declare(config: StudyConfig, grid: Grid, out: Path) -> None:
    """Write `out/study.json`, unless it says the same already.

    Raises: ConfigError when something is published under another plan; then nothing is written.
    """
    path = out / "study.json"
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    said = _declaration(config, grid, out, now)
    before = read_json(path) if path.exists() else {}
    if _agree(before, said, PROMISED):
        said["plan"]["declared"] = before["plan"]["declared"]
    elif any(out.glob("cells/[!.]*")) or any(out.glob("tuning/[!.]*")):
        cause = "its test plan, tier or number of tuning trials is another than when it began"
        raise ConfigError("PLAN_CHANGED", cause, place=str(path), remedy="name another --out")
    if not _agree(before, said, SAME):
        publish_text(path, dump_json({**said, "floors": _floors(grid.cells)}))


def _agree(before: dict[str, Any], now: dict[str, Any], keys: Sequence[str]) -> bool:
    return all(_undated(before.get(key)) == _undated(now[key]) for key in keys)


def _undated(value: Any) -> Any:
    return {k: v for k, v in value.items() if k != "declared"} if isinstance(value, dict) else value


def _declaration(config: StudyConfig, grid: Grid, out: Path, now: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": out.name,
        "question": config.question,
        "tier": config.tier,
        "trials": trials_of(config),
        "tuned": config.tune,
        "created": now,
        "config": _resolved(config, out),
        "planned": [cell.id for cell in grid.cells],
        "factors": grid.factors,
        "seeds": seeds_of(config),
        "merged": [list(entry) for entry in grid.merged],
        "allow_leakage": config.allow_leakage,
        "published": [one.model_dump(mode="json") for one in config.published],
        "plan": make_plan(config, grid, now),
        "versions": versions(),
    }


def _resolved(config: StudyConfig, out: Path) -> dict[str, Any]:
    """The study with every key of its base, the defaults too; its data as they were written."""
    said = config.model_dump(mode="json")
    grid = {key: _portable_values(key, values, out) for key, values in said["grid"].items()}
    return {**said, "base": resolved(portable(config.base, out)), "grid": grid}


def _portable_values(key: str, values: object, out: Path) -> object:
    """The values of a factor as a file in this folder has them: of a path the way there."""
    return each_path(values, lambda path: counted_from(path, out)) if key in PATHS else values


def _floors(cells: Sequence[StudyCell]) -> dict[str, Any]:
    """Floors of each data set by its own name; none where the grid varies the data under one name."""
    configs: dict[str, dict[str, RunConfig]] = {}
    for one in {cell.config.data.model_dump_json(): cell.config for cell in cells}.values():
        configs.setdefault(prepare(one).data.name, {})[one.data.model_dump_json()] = one
    alone = {name: next(iter(found.values())) for name, found in configs.items() if len(found) == 1}
    return {name: _floors_of(config) for name, config in alone.items()}


def _floors_of(config: RunConfig) -> dict[str, Any]:
    prepared, vectors = prepare(config), config.encoder.vectors
    if isinstance(prepared, PreparedExamples):
        return measure_example_floors(prepared.data)
    return measure_floors(prepared.data, vectors=expand(vectors) if vectors else None)
