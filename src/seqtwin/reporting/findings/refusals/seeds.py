"""Refusals that check the study cells of a claim: R01, R06, R07, R14."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

import pandas as pd

from seqtwin.metrics.longer_training import in_words
from seqtwin.reporting.analysis.records import FacetAnalysis
from seqtwin.reporting.findings.base_rule import Known, improved
from seqtwin.reporting.findings.curve_values import with_curve_values
from seqtwin.reporting.findings.diagnose import values_of_row
from seqtwin.reporting.findings.refusals.claim import (
    FEWEST_SEEDS,
    UNKNOWN,
    Claim,
    finished,
    labels_in,
    labels_of,
    late_seeds,
    named,
    number,
    pairing_of,
    rows_of,
    stuck_seeds,
)
from seqtwin.reporting.findings.refusals.no_contrast import labels_at_ceiling
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused, first_refusal
from seqtwin.reporting.formatting import many, settled
from seqtwin.reporting.table.frame_rows import Labels, records
from seqtwin.reporting.table.study_table import StudyTable

ON_PLATEAU = "on their plateau"


def too_few_seeds(table: StudyTable, claim: Claim) -> Refused:
    """Tier quick, or fewer than five seeds that both sides finished."""
    if table.meta.get("tier") == "quick":
        return Refusal("R01", f"No verdict on {claim.name}.", "A quick study is descriptive only.", claim.where)
    return first_refusal(_too_few_shared(table, claim, left, right) for left, right in claim.sides)


def _too_few_shared(table: StudyTable, claim: Claim, left: Labels, right: Labels) -> Refused:
    seeds = [set(finished(rows_of(table, side))["seed"]) for side in (left, right)]
    shared = len(seeds[0] & seeds[1])
    if shared >= FEWEST_SEEDS:
        return None
    both = named(left) if left == right else f"{named(left)} and {named(right)}"
    common = "" if left == right else " in common"
    why = f"{both} finished {many(shared, 'seed')}{common}; a verdict needs {FEWEST_SEEDS}."
    return Refusal("R01", f"No verdict on {claim.name}.", why, claim.where)


def too_few_seeds_of_best(table: StudyTable, facet: FacetAnalysis) -> Refused:
    """The best pairing of a facet has fewer than five finished seeds, or the tier is quick."""
    best = facet.get("best")
    if not best:
        return None
    labels = labels_in(table, {**facet.get("labels", {}), **best})
    return too_few_seeds(table, _of_one(f"the best pairing, {named(labels)}", labels, facet.get("dataset", "")))


def too_few_seeds_of(table: StudyTable, labels: Labels) -> Refused:
    """The tier is quick, or a pairing has fewer than five finished seeds."""
    return too_few_seeds(table, _of_one(named(labels), labels))


def _of_one(name: str, labels: Labels, dataset: str = "") -> Claim:
    return Claim(name, dataset, ((labels, labels),), UNKNOWN, None)


def too_few_seeds_anywhere(table: StudyTable) -> Iterator[Refused]:
    """The first pairing with too few seeds for a verdict."""
    pairings = (labels_of(table, row) for row in records(table.pairings))
    yield first_refusal(too_few_seeds(table, _of_one("any two pairings", labels)) for labels in pairings)


def mixed_seeds(table: StudyTable, labels: Labels) -> Refused:
    """Some seeds of the pairing collapsed, diverged or stayed on their plateau, and others did not."""
    rows = rows_of(table, labels)
    counts = {state: int((rows["status"] == state).sum()) for state in ("collapsed", "diverged")}
    done = finished(rows)
    stuck = stuck_seeds(done)
    counts[ON_PLATEAU] = len(stuck) if len(stuck) < len(done) else 0
    if not any(counts.values()):
        return None
    rest = done[~done["seed"].isin(stuck)] if counts[ON_PLATEAU] else done
    shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    why = f"Of {len(rows)} seeds: {shown}. {_mean_of_rest(rest)}"
    return Refusal("R06", f"No mean over all seeds of {named(labels)}.", why, named(labels))


def _mean_of_rest(rest: pd.DataFrame) -> str:
    values = [number(row, f"test_{row['primary']}") for _, row in rest.iterrows()]
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "No seed is left to average."
    return f"The mean of the other {len(known)} is {settled(sum(known) / len(known)):.3f}."


def undefined_metric(table: StudyTable, labels: Labels) -> Refused:
    """The primary metric of the pairing is undefined."""
    row = pairing_of(table, labels)
    if row is None or not math.isnan(number(row, "mean")):
        return None
    metric, dataset = str(row["primary"]) or "the metric", table.meta.get("datasets", {}).get(str(row["dataset"]), {})
    reason = str((dataset.get("undefined") or {}).get(metric) or table.nouns.says.undefined)
    why = f"{metric} is undefined, which is not 0 ({reason}); finished seeds: {number(row, 'finished'):.0f}."
    return Refusal("R07", f"No {metric} of {named(labels)}.", why, named(labels))


def still_on_plateau(table: StudyTable, labels: Labels) -> Refused:
    """At least half of the finished seeds stayed on the plateau or left it late, and no longer run left it.

    At the ceiling of the metric there is nothing left to learn, so the loss does not matter.
    """
    if labels_at_ceiling(table, labels):
        return None
    done = finished(rows_of(table, labels))
    late = set(stuck_seeds(done)) | set(late_seeds(done))
    if not late or 2 * len(late) < len(done) or _longer_run_learned(table, labels):
        return None
    advice = f"train every pairing {in_words(stuck=True)} as long"
    why = f"{_late_words(table, done, len(late))} This measures the budget: {advice}."
    return Refusal("R14", f"{named(labels)} is not compared with others.", why, named(labels))


def _late_words(table: StudyTable, done: pd.DataFrame, late: int) -> str:
    """How the late seeds of a pairing ended, and whether its metric on dev rose all the same."""
    curves = [Known(values_of_row(row)) for row in records(with_curve_values(table, done))]
    ends = {name: numbers for name in ("dev_start", "dev_best") if (numbers := _numbers(curves, name))}
    rise = improved(Known({name: median(numbers) for name, numbers in ends.items()}))
    count = f"{late} of {many(len(done), 'seed')} {'has' if late == 1 else 'have'}"
    if rise:
        what = "ranking" if table.nouns.paired else "metric on dev"
        return (
            f"{count} a loss that is still at the level of guessing, or left it in the last fifth of the step budget, "
            f"although the {what} improved {rise}."
        )
    return (
        f"{count} not learned anything yet (the loss is still at the level of guessing), or began to in the last fifth "
        "of the step budget."
    )


def _numbers(curves: Sequence[Known], name: str) -> list[float]:
    return [own[name] for own in curves if not math.isnan(own[name])]


def _longer_run_learned(table: StudyTable, labels: Labels) -> bool:
    """Whether the study has the same pairing with more epochs, and that one has left its plateau."""
    key = "fit.epochs"
    if key not in labels:
        return False
    others = [str(value) for value in table.results[key].unique() if float(value) > float(labels[key])]
    longer = [finished(rows_of(table, {**labels, key: value})) for value in others]
    return any(len(rows) and not stuck_seeds(rows) and not late_seeds(rows) for rows in longer)


RULES = (
    RefusalRule(
        "R01",
        "any verdict (better or worse): fewer than five finished paired seeds, or tier quick",
        urgency=0,
        claim=too_few_seeds,
        facet=too_few_seeds_of_best,
        study=too_few_seeds_anywhere,
    ),
    RefusalRule(
        "R06",
        "a mean over seeds: some of them collapsed, diverged or never left the plateau",
        urgency=2,
        pairing=mixed_seeds,
    ),
    RefusalRule(
        "R07",
        "a correlation or AUC: predictions or labels are constant",
        refuses_of_items="a metric: it is undefined for these predictions",
        urgency=2,
        pairing=undefined_metric,
    ),
    RefusalRule(
        "R14",
        "a comparison with a pairing that is still on its plateau at the end of its step budget",
        urgency=2,
        pairing=still_on_plateau,
    ),
)
