"""Refusals that look at the study cells of a claim: R01, R06, R07, R14."""

import math

import pandas as pd

from seqtwin.reporting.findings.refusals.claim import (
    FEWEST_SEEDS,
    Claim,
    Labels,
    Refusal,
    finished,
    first,
    late_seeds,
    named,
    number,
    pairing_of,
    rows_of,
    stuck_seeds,
)
from seqtwin.reporting.formatting import many
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.study_table import StudyTable


def r01_too_few_seeds(table: StudyTable, claim: Claim) -> Refusal | None:
    """Tier quick, or fewer than five seeds that both sides finished."""
    sentence = f"No verdict on {claim.name}."
    if table.meta.get("tier") == "quick":
        return Refusal("R01", sentence, "Tier quick describes, it does not decide.", claim.where)
    return first(_unpaired(table, claim, left, right) for left, right in claim.sides)


def _unpaired(table: StudyTable, claim: Claim, left: Labels, right: Labels) -> Refusal | None:
    seeds = [set(finished(rows_of(table, side))["seed"]) for side in (left, right)]
    shared = len(seeds[0] & seeds[1])
    if shared >= FEWEST_SEEDS:
        return None
    both = named(left) if left == right else f"{named(left)} and {named(right)}"
    common = "" if left == right else " in common"
    why = f"{both} finished {many(shared, 'seed')}{common}; a verdict needs {FEWEST_SEEDS}."
    return Refusal("R01", f"No verdict on {claim.name}.", why, claim.where)


def r06_mixed_seeds(table: StudyTable, labels: Labels) -> Refusal | None:
    """Some seeds of the pairing collapsed, diverged, or stand on their plateau while others do not."""
    rows = rows_of(table, labels)
    counts = {state: int((rows["status"] == state).sum()) for state in ("collapsed", "diverged")}
    done = finished(rows)
    stuck = stuck_seeds(done)
    counts["on their plateau"] = len(stuck) if len(stuck) < len(done) else 0
    if not any(counts.values()):
        return None
    rest = done[~done["seed"].isin(stuck)] if counts["on their plateau"] else done
    shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    why = f"Of {len(rows)} seeds: {shown}. {_mean_of_rest(rest)}"
    return Refusal("R06", f"No mean over all seeds of {named(labels)}.", why, named(labels))


def _mean_of_rest(rest: pd.DataFrame) -> str:
    values = [number(row, f"test_{row['primary']}") for _, row in rest.iterrows()]
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "No seed is left to average."
    return f"The mean of the other {len(known)} is {sum(known) / len(known):.3f}."


def r07_undefined(table: StudyTable, labels: Labels) -> Refusal | None:
    """The metric of the pairing is undefined."""
    row = pairing_of(table, labels)
    if row is None or not math.isnan(number(row, "mean")):
        return None
    metric, dataset = str(row["primary"]) or "the metric", table.meta.get("datasets", {}).get(str(row["dataset"]), {})
    reason = str((dataset.get("undefined") or {}).get(metric) or nouns_of(table.meta).says["undefined"])
    why = f"{metric} is undefined, which is not 0 ({reason}); finished seeds: {number(row, 'finished'):.0f}."
    return Refusal("R07", f"No {metric} of {named(labels)}.", why, named(labels))


def r14_still_on_plateau(table: StudyTable, labels: Labels) -> Refusal | None:
    """Half of the finished seeds or more stand on the plateau, or left it late, and no longer run of it left it."""
    done = finished(rows_of(table, labels))
    late = set(stuck_seeds(done)) | set(late_seeds(done))
    if not late or 2 * len(late) < len(done) or _extended(table, labels):
        return None
    why = (
        f"{len(late)} of {len(done)} seeds have not learned anything yet (the loss is still at the level of guessing), "
        "or began to in the last fifth of their step budget. This measures the budget: train every pairing five times "
        "as long."
    )
    return Refusal("R14", f"{named(labels)} is not compared with others.", why, named(labels))


def _extended(table: StudyTable, labels: Labels) -> bool:
    """Whether the study has the same pairing with more epochs, and that one has left its plateau."""
    key = "fit.epochs"
    if key not in labels:
        return False
    others = [str(value) for value in table.results[key].unique() if float(value) > float(labels[key])]
    longer = [finished(rows_of(table, {**labels, key: value})) for value in others]
    return any(len(rows) and not stuck_seeds(rows) and not late_seeds(rows) for rows in longer)
