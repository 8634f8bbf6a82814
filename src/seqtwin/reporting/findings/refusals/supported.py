"""A study as far as refusals allow it: tie letters of pairings that may be compared, means of seeds that learned."""

import math
from dataclasses import replace

import pandas as pd

from seqtwin.reporting.findings.refusals.claim import finished, labels_of, rows_of, stuck_seeds
from seqtwin.reporting.findings.refusals.seeds import mixed_seeds, still_on_plateau, too_few_seeds_of
from seqtwin.reporting.formatting import many
from seqtwin.reporting.table.facet import Facet, facets_of
from seqtwin.reporting.table.frame_rows import Labels, Row, records
from seqtwin.reporting.table.study_table import StudyTable

_NAN = math.nan
_UNKNOWN = dict.fromkeys(("low", "high", "difference", "difference_low", "difference_high"), _NAN)


def is_compared(table: StudyTable, labels: Labels) -> bool:
    """Whether a pairing may be compared with others at all: no refusal R01, R06 or R14 blocks it."""
    checks = (too_few_seeds_of, mixed_seeds, still_on_plateau)
    return not any(check(table, labels) for check in checks)


def lettered_facets(table: StudyTable) -> list[Facet]:
    """The facets of a study, without the tie letters of pairings that are not compared."""
    return [replace(facet, unlettered=_not_compared(table, facet)) for facet in facets_of(table)]


def _not_compared(table: StudyTable, facet: Facet) -> frozenset[tuple[str, str]]:
    rows = [row for row in records(facet.pairings) if not is_compared(table, labels_of(table, row))]
    return frozenset((str(row["representation"]), str(row["loss"])) for row in rows)


def with_supported_letters(table: StudyTable) -> StudyTable:
    """The same study without the tie letters of pairings that are not compared."""
    if "letters" not in table.pairings or not (table.pairings["letters"].fillna("") != "").any():
        return table
    allowed = [is_compared(table, labels_of(table, row)) for row in records(table.pairings)]
    letters = [text if shown else "" for text, shown in zip(table.pairings["letters"], allowed, strict=True)]
    return replace(table, pairings=table.pairings.assign(letters=letters))


def learned_seeds(table: StudyTable, labels: Labels) -> pd.DataFrame | None:
    """The finished rows of the seeds that left the plateau, if some did and some did not (R06); None otherwise."""
    done = finished(rows_of(table, labels))
    stuck = stuck_seeds(done)
    return done[~done["seed"].isin(stuck)] if 0 < len(stuck) < len(done) else None


def with_learned_means(table: StudyTable) -> StudyTable:
    """The same study, where a pairing with some seeds on the plateau has the mean of the others and no interval.

    A mean over all of its seeds is withheld (R06). Its column `learned` has the number of those seeds, nan elsewhere.
    """
    parts = [learned_seeds(table, labels_of(table, row)) for row in records(table.pairings)]
    if all(part is None for part in parts):
        return table
    pairings = table.pairings.assign(learned=_NAN)
    for index, part in zip(pairings.index, parts, strict=True):
        if part is not None:
            for name, value in _over(part, pairings.loc[index]).items():
                pairings.loc[index, name] = value
    return replace(table, pairings=pairings)


def _over(part: pd.DataFrame, pairing: Row) -> dict[str, object]:
    """The entries of a pairing over some of its seeds."""
    values = part[f"test_{pairing['primary']}"].astype(float)
    ends = {"mean": values.mean(), "sd": values.std(ddof=1), "min": values.min(), "max": values.max()}
    why = f"refused: mean of the {many(len(part), 'seed')} that learned, R06"
    return {**ends, **_UNKNOWN, "interval": why, "learned": float(len(part))}


def has_mixed_seeds(table: StudyTable) -> bool:
    """Whether any pairing has seeds that learned and seeds that did not. Its mean describes neither."""
    return any(learned_seeds(table, labels_of(table, row)) is not None for row in records(table.pairings))
