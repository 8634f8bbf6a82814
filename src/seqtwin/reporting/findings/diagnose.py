"""Why a study cell is bad: rules over what its training recorded, and one label for the whole.

Pure functions of numbers; the rules themselves stand in `rules.py`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from seqtwin import published
from seqtwin.metrics import chance_of
from seqtwin.published import READING
from seqtwin.reporting.findings.item_rules import rules_of
from seqtwin.reporting.findings.rule import Known, Rule, Values, evidence
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.table.study_table import StudyTable

LABELS = ("diverged", "collapsed", "saturated", "dead loss", "not trained yet", "healthy")
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
"""Mistakes by name and the finding that names each; the step budget last: a loss stands still for many reasons."""

AUCS = {"dev": "dev_roc_auc", "test": "test_roc_auc", "untrained": "untrained_roc_auc"}
ONE_TOKEN = frozenset({"last_output", "first_output"})


@dataclass(frozen=True)
class Finding:
    """One rule that fired: its code and name, the values it saw, what they mean, what to do."""

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
        """Named mistakes, the step budget only where nothing else explains a loss that stands still.

        >>> Diagnosis("healthy", (Finding("E3", "", "", "", ""),)).causes
        ('padding',)
        """
        found = tuple(name for name, code in CAUSES.items() if code in self.codes)
        return found if len(found) < 2 else tuple(name for name in found if name != "too short step budget")


def diagnose(values: Values, rules: Mapping[str, Rule] = RULES) -> Diagnosis:
    """The label and findings of one study cell from its values by name; a missing or nan value fires nothing.

    Names are those of `diagnostics.json`, and `dev_roc_auc`, `test_roc_auc`, `untrained_roc_auc`, `chance` (of the
    primary metric), `batch_deviation`, `stuck_share`, `pad_slope_low`, `pad_slope_high`, `one_token_half`,
    `final_hidden_gain`, `diverged`, `collapsed` (0 or 1). `rules`: those that may fire.

    >>> diagnose({"plateau_ratio": 0.99, "stuck": 1.0, "head_median_start": 2e-9}).label
    'saturated'
    """
    known = _known(values)
    findings = tuple(
        Finding(rule.code, rule.name, evidence(rule, known), rule.says, rule.remedy)
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
    return "not trained yet" if still or "D17" in codes else "healthy"


def of_pairing(
    rows: pd.DataFrame, *, also: Mapping[str, float] | None = None, rules: Mapping[str, Rule] = RULES
) -> Diagnosis:
    """The diagnosis of a pairing from the rows of its seeds in `results`.

    A finding counts when it fires in at least half of the seeds, D16 when any seed is stuck; evidence is the median
    over seeds. The label is the most frequent one, of equals the worst. `also`: what is known of the pairing as a
    whole. Shared items (R13) are a matter of the data and not of a pairing, so they are left to the refusals.
    """
    seeds = [_known(values_of_row(row)) for _, row in rows.iterrows()]
    if not seeds:
        return Diagnosis("healthy", ())
    shared = {"stuck_share": _share_stuck(seeds), **(also or {})}
    found = [diagnose({**values, **shared}, rules) for values in seeds]
    counts = Counter(code for one in found for code in one.codes)
    often = [code for code in rules if 2 * counts[code] >= len(seeds) and counts[code] and code != "R13"]
    middle = _known(_medians([{**values, **shared} for values in seeds]))
    pooled = tuple(_pooled(rules[code], middle, counts[code], len(seeds)) for code in often)
    return Diagnosis(_usual_label(found), pooled)


def _share_stuck(seeds: Sequence[Values]) -> float:
    known = [values["stuck"] for values in seeds if not math.isnan(values["stuck"])]
    return sum(known) / len(known) if known else math.nan


def _pooled(rule: Rule, middle: Values, count: int, seeds: int) -> Finding:
    shown = evidence(rule, middle)
    text = shown if seeds == 1 or rule.code in {"D14", "D16"} else f"{shown} (median; in {count} of {seeds} seeds)"
    return Finding(rule.code, rule.name, text, rule.says, rule.remedy)


def _medians(seeds: Sequence[Values]) -> dict[str, float]:
    names = dict.fromkeys(name for values in seeds for name in values)
    return {name: median(v[name] for v in seeds if name in v and not math.isnan(v[name])) for name in names
            if any(name in v and not math.isnan(v[name]) for v in seeds)}  # fmt: skip


def _usual_label(found: Iterable[Diagnosis]) -> str:
    counts = Counter(one.label for one in found)
    return max(LABELS, key=lambda label: (counts[label], -LABELS.index(label)))


def values_of_row(row: "Mapping[str, Any] | pd.Series[Any]") -> dict[str, float]:
    """The values of one study cell by name, from its row in `results`."""
    named = {str(key): value for key, value in row.items()}
    values = {key.removeprefix("diag_"): value for key, value in named.items() if key.startswith("diag_")}
    kept = ("batch_deviation", *AUCS.values(), "one_token_half", "final_hidden_gain")
    values |= {name: named[name] for name in kept if name in named}
    return _known(values | _chance(named.get("primary")) | _ending(str(named.get("status", ""))))


def _chance(primary: Any) -> dict[str, float]:
    """The value of a primary metric for scores that know nothing, where it has one."""
    chance = chance_of(str(primary)) if primary else None
    return {} if chance is None else {"chance": chance}


def _ending(status: str) -> dict[str, float]:
    return {name: float(status == name) for name in ("diverged", "collapsed")}


def of_cell(folder: Path) -> Diagnosis:
    """The diagnosis of a published study cell.

    Raises: DamagedError when a file is missing or not what it should be.
    """
    rules = rules_of(published.read_facts(folder)) if (folder / published.FACTS).exists() else RULES
    return diagnose(values_of_cell(folder), rules)


def values_of_cell(folder: Path) -> dict[str, float]:
    """The values of one published study cell by name; those of its ending alone where it has no scores."""
    status = published.read_manifest(folder).get("status", "")
    if not (folder / published.SCORES).exists():
        return _known(_ending(status))
    scores, facts = published.read_scores(folder), published.read_facts(folder)
    parts = {"dev": scores["dev"], "test": scores["test"], "untrained": scores["untrained"]}
    values: dict[str, object] = {name: parts[part].get("roc_auc") for part, name in AUCS.items()}
    values |= _chance(scores.get("primary")) | dict(published.read_diagnostics(folder))
    values |= {"batch_deviation": facts.get("batch_deviation")} | _ending(status)
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
    """Whether half of a vector has read one token only, and how much better the same states read as final_hidden.

    `reads`: the dev value of each reading of the trained encoder.

    >>> slice_values("last_output", True, {"last_output": 0.5, "final_hidden": 0.75})
    {'one_token_half': 1.0, 'final_hidden_gain': 0.25}
    """
    gain = reads.get("final_hidden", math.nan) - reads.get(representation, math.nan)
    return {"one_token_half": float(bidirectional and representation in ONE_TOKEN), "final_hidden_gain": gain}


def of_table(table: StudyTable, labels: Mapping[str, str], rows: pd.DataFrame) -> Diagnosis:
    """The diagnosis of a pairing with what other frames know of it: slope over padding, readings of its states."""
    pairing, reads = (_same_labels(frame, labels) for frame in (table.pairings, table.reads))
    slopes = {name: float(pairing[name].iloc[0]) for name in ("pad_slope_low", "pad_slope_high") if name in pairing}
    known = {str(name): float(value) for name, value in zip(reads["read"], reads["dev"], strict=True)}
    values = slice_values(labels["representation"], _both_directions(table, labels), known)
    return of_pairing(rows, also={**slopes, **values}, rules=rules_of(table.meta))


def _same_labels(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    chosen = pd.Series(True, index=frame.index)
    for key, text in labels.items():
        chosen &= frame[key].astype(str) == text
    return frame[chosen]


def _both_directions(table: StudyTable, labels: Mapping[str, str]) -> bool:
    base = (table.meta.get("config") or {}).get("base")
    encoder = base.get("encoder") if isinstance(base, dict) else None
    fixed = encoder.get("bidirectional", True) if isinstance(encoder, dict) else True
    return labels.get("encoder.bidirectional", str(fixed)) == "True"
