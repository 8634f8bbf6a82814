"""`study.json`: the declaration of a study, with its test plan, written before the first training."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqtwin.baselines.measure import measure_all_rows
from seqtwin.cards import read_sealed, sealed_text
from seqtwin.config import PATHS, RunConfig, StudyConfig, each_path, portable
from seqtwin.errors import ConfigError
from seqtwin.files import publish_text
from seqtwin.floors import Floors
from seqtwin.paths import counted_from
from seqtwin.quick_budget import QuickBudget
from seqtwin.run.manifest import resolved, versions
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import Grid, StudyCell
from seqtwin.study.test_plan import make_plan
from seqtwin.study.tiers import seeds_of, trials_of

# published results are valid as long as the first keep their values, and the file as long as all of these do
PROMISED = ("tier", "trials", "plan")
SAME = (*PROMISED, "config", "planned", "versions")


def declare(config: StudyConfig, grid: Grid, out: Path, data: DataSets) -> None:
    """Write `out/study.json`, unless a file with the same content exists.

    Raises: ConfigError when something is published under another plan; then nothing is written.
    """
    path = out / "study.json"
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    before: dict[str, Any] = read_sealed(path) if path.exists() else {}
    declaration = _declaration(config, grid, out, now)
    if _agree(before, declaration, PROMISED):
        declaration["plan"]["declared"] = before["plan"]["declared"]
    elif any(out.glob("cells/[!.]*")) or any(out.glob("tuning/[!.]*")):
        cause = f"the study began with another plan: {_changes(before, declaration)}"
        remedy = "choose another --out, or change back what the study began with; seeds can be added to it"
        raise ConfigError("PLAN_CHANGED", cause, place=str(path), remedy=remedy)
    if not _agree(before, declaration, SAME):
        kept = {"quick": before["quick"]} if "quick" in before else {}
        publish_text(path, sealed_text({**declaration, "floors": _floors(grid.cells, data), **kept}))


def record_budget(out: Path, budget: QuickBudget) -> None:
    """Write the budget of a quick study, and what was spent of it, into `out/study.json`."""
    path = out / "study.json"
    if path.exists():
        publish_text(path, sealed_text({**read_sealed(path), "quick": budget}))


def _agree(before: Mapping[str, object], now: Mapping[str, object], keys: Sequence[str]) -> bool:
    return all(_undated(before.get(key)) == _undated(now[key]) for key in keys)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The differences between two declarations in the parts that must stay the same."""
    if not before:
        return "its study.json is missing"
    one, other = ({**own["plan"], **{key: own[key] for key in PROMISED if key != "plan"}} for own in (before, now))
    changed = [key for key in other if key not in ("declared", "comparisons") and one.get(key) != other[key]]
    found = [f"{key} was {one.get(key)} and is {other[key]}" for key in changed]
    names, new = ([comparison["name"] for comparison in own["comparisons"]] for own in (one, other))
    for what, own, known in (("new", new, names), ("missing", names, new)):
        listed = [name for name in own if name not in known]
        found += [f"{what} planned comparison{'' if len(listed) == 1 else 's'}: {', '.join(listed)}"] if listed else []
    return "; ".join(found) or "its planned comparisons have other settings"


def _undated(value: object) -> object:
    return {k: v for k, v in value.items() if k != "declared"} if isinstance(value, dict) else value


def planned_work(config: StudyConfig, grid: Grid) -> dict[str, Any]:
    """The trainings of a study: the keys of `study.json` that need no data."""
    return {"trials": trials_of(config), "tuned": config.tune, "planned": [cell.id for cell in grid.cells]}


def _declaration(config: StudyConfig, grid: Grid, out: Path, now: str) -> dict[str, Any]:
    return {
        "name": out.name,
        "question": config.question,
        "tier": config.tier,
        **planned_work(config, grid),
        "created": now,
        "config": _resolved(config, out),
        "factors": grid.factors,
        "seeds": seeds_of(config),
        "merged": [list(entry) for entry in grid.merged],
        "allow_leakage": config.allow_leakage,
        "published": [number.model_dump(mode="json") for number in config.published],
        "plan": make_plan(config, grid, now),
        "versions": versions(),
    }


def _resolved(config: StudyConfig, out: Path) -> dict[str, object]:
    """The study with every key of its base, including defaults. Of its data only the given keys."""
    raw = config.model_dump(mode="json")
    grid = {key: _portable_values(key, values, out) for key, values in raw["grid"].items()}
    return {**raw, "base": resolved(portable(config.base, out)), "grid": grid}


def _portable_values(key: str, values: object, out: Path) -> object:
    """The values of a factor as a file in this folder has them: paths become relative to it."""
    return each_path(values, lambda path: counted_from(path, out)) if key in PATHS else values


def _floors(cells: Sequence[StudyCell], data: DataSets) -> dict[str, Floors]:
    """The floors of each data set by its name. A name is left out where the grid varies the data under it."""
    by_name: dict[str, dict[str, RunConfig]] = {}
    for config in {cell.config.data.model_dump_json(): cell.config for cell in cells}.values():
        by_name.setdefault(data.prepare(config).data.name, {})[config.data.model_dump_json()] = config
    alone = {name: next(iter(configs.values())) for name, configs in by_name.items() if len(configs) == 1}
    return {
        name: measure_all_rows(data.prepare(config).data, vectors=config.encoder.vectors)
        for name, config in alone.items()
    }
