"""The values that a heat map is compared with: methods without a network (floors) and known ceilings of the data."""

from seqtwin.floors import FLOOR_NAMES
from seqtwin.reporting.formatting import digits, known
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable


def floor_above(table: StudyTable, facet: Facet, mean: float) -> dict[str, str] | None:
    """The highest floor of the data set if it scores above the chosen pairing without a network."""
    return best_floor(table, facet, above=mean)


def best_floor(table: StudyTable, facet: Facet, above: float = float("-inf")) -> dict[str, str] | None:
    """The method without a network that scores highest, if it scores above a value; None without one."""
    values = {name: known(value) for name, value in _floor_values(table, facet).items()}
    name = max((name for name in values if values[name] > above), key=lambda name: values[name], default=None)
    return {"name": FLOOR_NAMES.get(name, name), "value": digits(values[name])} if name else None


def _floor_values(table: StudyTable, facet: Facet) -> dict[str, float | None]:
    measured = table.meta.get("floors", {}).get(facet.dataset) or {}
    return {name: floor.get("test", {}).get(facet.primary) for name, floor in measured.items()}


def floors(table: StudyTable, facet: Facet) -> list[dict[str, str]]:
    """The floors, with test values: the untrained encoder first, then the methods without a network."""
    part, primary = facet.pairings, facet.primary
    rows = [
        {"name": "untrained encoder", "value": digits(part["untrained_mean"].mean()), "note": "mean of all pairings"}
    ]
    for name, floor in (table.meta.get("floors", {}).get(facet.dataset) or {}).items():
        value, why = floor.get("test", {}).get(primary), (floor.get("undefined") or {}).get(primary, "not measured")
        shown = digits(value) if value is not None else f"undefined ({why})"
        rows.append({"name": FLOOR_NAMES.get(name, name), "value": shown, "note": str(floor.get("note") or "")})
    return rows


def ceilings(table: StudyTable, facet: Facet) -> list[dict[str, str]]:
    """The highest values the data of a heat map allow, for generated data whose ceilings are known."""
    known_of = table.meta["datasets"].get(facet.dataset, {}).get("ceilings") or {}
    named = {name: f"ceiling of {FLOOR_NAMES.get(name, name)}" for name in known_of} | {"any": "ceiling"}
    return [{"name": named[name], "value": digits(value)} for name, value in known_of.items()]
