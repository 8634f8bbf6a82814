"""Diagnoses: why a study cell is bad, from rules over the values that its training recorded, and one label.

The functions depend on numbers only; the rules are in `rules.py`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pandas as pd

from seqtwin import published
from seqtwin.files import verify
from seqtwin.metrics import chance_of
from seqtwin.metrics.longer_training import times_longer
from seqtwin.published import READING
from seqtwin.reporting.findings.base_rule import Known, Rule, Values, evidence
from seqtwin.reporting.findings.curve_values import values_of_history, with_curve_values
from seqtwin.reporting.findings.item_rules import rules_of
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.table.frame_rows import Labels, Row, records, rows_with
from seqtwin.reporting.table.study_table import StudyTable

NOT_TRAINED, STILL_RISING = "not trained yet", "still rising"
LABELS = ("diverged", "collapsed", "saturated", "dead loss", NOT_TRAINED, STILL_RISING, "healthy")
CAUSES = {
    "padding": "E3",
    "wrong h_n view": "E1",
    "wrong bidirectional slice": "X1",
    "inverted label": "D10",
    "unreachable margin": "D3",
    "saturated head": "D4",
    "length leak": "X2",
    "train/test leakage": "R13",
    "too short step budget": "D17",
}
"""Mistakes by name and the finding that reveals each. The step budget is last: a loss stagnates for many reasons."""

AUCS = {"dev": "dev_roc_auc", "test": "test_roc_auc", "untrained": "untrained_roc_auc"}
ONE_TOKEN = frozenset({"last_output", "first_output"})


@dataclass(frozen=True)
class Finding:
    """A rule that fired. `evidence`: the values it checked; `says`: their meaning."""

    code: str
    name: str
    evidence: str
    says: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """The label of a study cell or pairing (one of `LABELS`) and its findings, in the order of the rules."""

    label: str
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the findings."""
        return frozenset(finding.code for finding in self.findings)

    @property
    def causes(self) -> tuple[str, ...]:
        """The mistakes that the findings reveal; the step budget only if nothing else explains the stagnating loss.

        >>> Diagnosis("healthy", (Finding("E3", "", "", "", ""),)).causes
        ('padding',)
        """
        names = tuple(name for name, code in CAUSES.items() if code in self.codes)
        return names if len(names) < 2 else tuple(name for name in names if name != "too short step budget")


def diagnose(values: Values, rules: Mapping[str, Rule] = RULES) -> Diagnosis:
    """The label and findings of one study cell from its values by name. No rule fires on a missing or nan value.

    Names are those of `diagnostics.json`, and `dev_roc_auc`, `test_roc_auc`, `untrained_roc_auc`, `chance` (of the
    primary metric), `batch_deviation`, `stuck_share`, `pad_slope_low`, `pad_slope_high`, `one_token_half`,
    `final_hidden_gain`, those of `curve_facts`, `diverged`, `collapsed` (0 or 1). `rules`: the rules to apply.

    >>> diagnose({"plateau_ratio": 0.99, "stuck": 1.0, "head_median_start": 2e-9}).label
    'saturated'
    """
    known = _known(values)
    findings = tuple(
        Finding(rule.code, rule.name, evidence(rule, known), rule.meaning(known) or rule.says, rule.remedy)
        for rule in rules.values()
        if rule.fires(known)
    )
    return Diagnosis(_label(frozenset(finding.code for finding in findings), known), findings)


def _known(values: Mapping[str, object]) -> Known:
    numbers = {k: float(v) for k, v in values.items() if isinstance(v, int | float)}
    return Known({k: v for k, v in numbers.items() if not math.isnan(v)})


def _label(codes: frozenset[str], values: Values) -> str:
    still = "D1" in codes or values["stuck"] == 1
    if values["diverged"] == 1:
        return "diverged"
    if values["collapsed"] == 1 or "D9" in codes or (still and "D7" in codes):
        return "collapsed"
    if "D6" in codes or (still and "D4" in codes):
        return "saturated"
    if still and codes & {"D2", "D3"}:
        return "dead loss"
    if still or "D17" in codes:
        return NOT_TRAINED
    return STILL_RISING if "D18" in codes else "healthy"


def longer_line(diagnosis: Diagnosis, epochs: int, *, is_perfect: bool = False) -> str:
    """The advice to train longer than so many epochs, by the rule of a study; empty where more would not help.

    It is given if the loss left its plateau late or never (D17), or the metric on dev was still rising (D18), unless
    the score on dev `is_perfect`.

    >>> rising = Finding("D18", "still rising", "after 3 epochs", "", "")
    >>> longer_line(Diagnosis("still rising", (rising,)), 3)
    'still rising on dev when training ended (after 3 epochs): try fit.epochs=6'
    """
    if is_perfect or diagnosis.label not in (NOT_TRAINED, STILL_RISING):
        return ""
    findings = {finding.code: finding for finding in diagnosis.findings}
    stuck, rising = "D17" in findings, findings.get("D18")
    tried = f"try fit.epochs={epochs * times_longer(stuck=stuck)}"
    if stuck:
        return f"the loss left the level of guessing late or never: {tried}"
    return f"still rising on dev when training ended ({rising.evidence}): {tried}" if rising else ""


def diagnose_seeds(
    rows: pd.DataFrame, *, also: Mapping[str, float] | None = None, rules: Mapping[str, Rule] = RULES
) -> Diagnosis:
    """The diagnosis of a pairing from the rows of its seeds in `results`.

    A rule counts if it fires in at least half of the seeds, D16 if any seed is stuck. The evidence is the median over
    seeds. The label is the most frequent one; of equally frequent ones, the worst. `also`: values of the pairing as a
    whole. Shared items (R13) depend on the data and not on a pairing, so they are left to the refusals.
    """
    seeds = [_known(values_of_row(row)) for row in records(rows)]
    if not seeds:
        return Diagnosis("healthy", ())
    shared = {"stuck_share": _share_stuck(seeds), **(also or {})}
    diagnoses = [diagnose({**values, **shared}, rules) for values in seeds]
    counts = Counter(code for diagnosis in diagnoses for code in diagnosis.codes)
    often = [code for code in rules if 2 * counts[code] >= len(seeds) and counts[code] and code != "R13"]
    middle = _known(_medians([{**values, **shared} for values in seeds]))
    pooled = tuple(_pooled(rules[code], middle, counts[code], len(seeds)) for code in often)
    return Diagnosis(_usual_label(diagnoses), pooled)


def _share_stuck(seeds: Sequence[Values]) -> float:
    known = [values["stuck"] for values in seeds if not math.isnan(values["stuck"])]
    return sum(known) / len(known) if known else math.nan


def _pooled(rule: Rule, middle: Values, count: int, seeds: int) -> Finding:
    shown = evidence(rule, middle)
    text = shown if seeds == 1 or rule.code in {"D14", "D16"} else f"{shown} (median; in {count} of {seeds} seeds)"
    return Finding(rule.code, rule.name, text, rule.meaning(middle) or rule.says, rule.remedy)


def _medians(seeds: Sequence[Values]) -> dict[str, float]:
    names = dict.fromkeys(name for values in seeds for name in values)
    return {name: median(v[name] for v in seeds if name in v and not math.isnan(v[name])) for name in names
            if any(name in v and not math.isnan(v[name]) for v in seeds)}  # fmt: skip


def _usual_label(diagnoses: Iterable[Diagnosis]) -> str:
    counts = Counter(diagnosis.label for diagnosis in diagnoses)
    return max(LABELS, key=lambda label: (counts[label], -LABELS.index(label)))


def values_of_row(row: Row | Mapping[str, object]) -> dict[str, float]:
    """The values of one study cell by name, from its row in `results`."""
    named: dict[str, object] = {str(key): value for key, value in row.items()}
    values = {key.removeprefix("diag_"): value for key, value in named.items() if key.startswith("diag_")}
    others = ("batch_deviation", *AUCS.values(), "one_token_half", "final_hidden_gain")
    values |= {name: named[name] for name in others if name in named}
    return _known(values | _chance(named.get("primary")) | _ending(str(named.get("status", ""))))


def _chance(primary: object) -> dict[str, float]:
    """The value of the primary metric for random scores, if it does not depend on the data."""
    chance = chance_of(str(primary)) if primary else None
    return {} if chance is None else {"chance": chance}


def _ending(status: str) -> dict[str, float]:
    return {name: float(status == name) for name in ("diverged", "collapsed")}


def diagnose_cell(folder: Path) -> Diagnosis:
    """The diagnosis of a published study cell.

    Raises: DamagedError when a file is missing or damaged.
    """
    verify(folder, only=published.MEASURED)
    rules = rules_of(published.read_facts(folder)) if (folder / published.FACTS).exists() else RULES
    return diagnose(values_of_cell(folder), rules)


def values_of_cell(folder: Path) -> dict[str, float]:
    """The values of one published study cell by name; only how it ended, if it has no scores."""
    status = published.read_manifest(folder).get("status", "")
    if not (folder / published.SCORES).exists():
        return _known(_ending(status))
    scores, facts = published.read_scores(folder), published.read_facts(folder)
    parts = {"dev": scores["dev"], "test": scores["test"], "untrained": scores["untrained"]}
    values: dict[str, object] = {name: parts[part].get("roc_auc") for part, name in AUCS.items()}
    values |= _chance(scores.get("primary")) | dict(published.read_diagnostics(folder))
    values |= {"batch_deviation": facts.get("batch_deviation")} | _ending(status)
    values |= values_of_history(folder, scores["primary"])
    return _known(values | _slice_values(facts, _reads_of(folder)))


def _reads_of(folder: Path) -> dict[str, float]:
    path = folder / published.READS
    if not path.exists():
        return {}
    frame = pd.read_csv(path)
    rows = zip(frame[READING.representation], frame[READING.dev], strict=True)
    return {str(name): float(value) for name, value in rows}


def _slice_values(facts: published.Facts, reads: Mapping[str, float]) -> dict[str, float]:
    both = bool(facts.get("encoder", {}).get("bidirectional"))
    return slice_values(facts.get("representation", ""), both, reads)


def slice_values(representation: str, bidirectional: bool, reads: Mapping[str, float]) -> dict[str, float]:
    """Whether half of the vector depends on one token only, and how much better final_hidden of the same states is.

    `reads`: the dev value of the trained encoder with each representation.

    >>> slice_values("last_output", True, {"last_output": 0.5, "final_hidden": 0.75})
    {'one_token_half': 1.0, 'final_hidden_gain': 0.25}
    """
    gain = reads.get("final_hidden", math.nan) - reads.get(representation, math.nan)
    return {"one_token_half": float(bidirectional and representation in ONE_TOKEN), "final_hidden_gain": gain}


def diagnose_pairing(table: StudyTable, labels: Labels, rows: pd.DataFrame) -> Diagnosis:
    """The diagnosis of a pairing of a study.

    It also uses the slope over padding and the values of the encoders with other representations. `rows`: the rows of
    the pairing in `results`.
    """
    rows = with_curve_values(table, rows)
    pairing, reads = (rows_with(frame, labels) for frame in (table.pairings, table.reads))
    slopes = {name: float(pairing[name].iloc[0]) for name in ("pad_slope_low", "pad_slope_high") if name in pairing}
    known = {str(name): float(value) for name, value in zip(reads["read"], reads["dev"], strict=True)}
    values = slice_values(labels["representation"], _both_directions(table, labels), known)
    return diagnose_seeds(rows, also={**slopes, **values}, rules=rules_of(table.meta))


def _both_directions(table: StudyTable, labels: Labels) -> bool:
    base = (table.meta.get("config") or {}).get("base")
    encoder = base.get("encoder") if isinstance(base, dict) else None
    fixed = encoder.get("bidirectional", True) if isinstance(encoder, dict) else True
    return labels.get("encoder.bidirectional", str(fixed)) == "True"
