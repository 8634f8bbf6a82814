"""Refusals that check a study as a whole: R05, R10, R11, R12, R13."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from seqtwin.reporting.findings.diagnose import diagnose_pairing
from seqtwin.reporting.findings.refusals.claim import RANKS, labels_of, named, rope_of, rows_of
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused
from seqtwin.reporting.formatting import listed, settled
from seqtwin.reporting.table.frame_rows import Labels, records
from seqtwin.reporting.table.study_table import StudyTable


def pearson_alone(table: StudyTable) -> Iterator[Refused]:
    """Losses are compared, and Pearson is the only rank metric or correlation."""
    if table.pairings["loss"].nunique() < 2 or not _measured(table, "test_pearson"):
        return
    if not any(_measured(table, f"test_{name}") for name in (*RANKS, "pearson_iso")):
        why = "mse trains calibrated scores and contrastive losses do not, so raw Pearson favours mse."
        yield Refusal("R05", "No ranking of losses by Pearson.", why, str(table.meta.get("name", "")))


def _measured(table: StudyTable, column: str) -> bool:
    return column in table.results and bool(table.results[column].notna().any())


def one_setting(table: StudyTable) -> Iterator[Refused]:
    """Only one data set, or one kind of cell, was tested."""
    datasets = list(table.meta.get("datasets", {})) or sorted(set(table.pairings["dataset"]))
    cells = _varied(table, "encoder", "cell")
    few = [f"one data set ({datasets[0]})"] if len(datasets) == 1 else []
    few += [f"one cell ({'no recurrence' if cells == ['none'] else cells[0].upper()})"] if len(cells) == 1 else []
    if few:
        why = f"Only {listed(few)} {'was' if len(few) == 1 else 'were'} tested."
        yield Refusal("R10", "Generality.", why, listed(datasets))


def base_section(table: StudyTable, section: str) -> Mapping[str, object]:
    """A section of the study's base config."""
    base = table.meta.get("config", {}).get("base")
    values = base.get(section) if isinstance(base, dict) else None
    return values if isinstance(values, dict) else {}


def _varied(table: StudyTable, section: str, key: str) -> list[str]:
    factor = f"{section}.{key}"
    if factor in table.results:
        return [str(label) for label in table.results[factor].unique()]
    fixed = base_section(table, section).get(key, "lstm")
    return [str(fixed.get("name")) if isinstance(fixed, dict) else str(fixed)]


def other_conditions(table: StudyTable) -> Iterator[Refused]:
    """The published numbers that were measured under other conditions than this study, with the differing fields."""
    ours = {dataset: _conditions(table, entry) for dataset, entry in table.meta.get("datasets", {}).items()}
    return (_differing(published, ours) for published in table.meta.get("published", []))


def _conditions(table: StudyTable, dataset: Mapping[str, object]) -> dict[str, str]:
    data, encoder, tokens = (base_section(table, name) for name in ("data", "encoder", "tokens"))
    scale, files = data.get("scale"), data.get("test") or data.get("file") or data.get("name")
    return {
        "metric": str(dataset.get("primary", "")),
        "split": PurePosixPath(str(files)).stem if files else "",
        "scale": f"{scale[0]:g}-{scale[1]:g}" if isinstance(scale, list | tuple) else "0-1",
        "vectors": PurePosixPath(str(encoder["vectors"])).stem if encoder.get("vectors") else "none",
        "preprocessing": str(tokens.get("unit", "char")),
    }


def _differing(published: Mapping[str, object], ours: Mapping[str, Mapping[str, str]]) -> Refused:
    """A field that the published side does not state counts as different; of several data sets the closest counts."""
    differing = [_fields(published, conditions) for conditions in ours.values()] or [["no data set was measured"]]
    fields = min(differing, key=len)
    if not fields:
        return None
    source, metric = published.get("source", ""), published.get("metric", "")
    sentence = f"No comparison with {source} ({metric} {published.get('value', '')})."
    return Refusal("R11", sentence, f"The conditions differ: {'; '.join(fields)}.", str(source))


def _fields(published: Mapping[str, object], ours: Mapping[str, str]) -> list[str]:
    texts = {name: str(published.get(name) or "") for name in ours}
    return [f"{name} there {text or 'not stated'}, here {ours[name]}"
            for name, text in texts.items() if _plain(text) != _plain(ours[name])]  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "", text.lower())


def unexplained(table: StudyTable, labels: Labels) -> Refused:
    """No diagnostic of the pairing fired."""
    diagnosis = diagnose_pairing(table, labels, rows_of(table, labels))
    if any(code.startswith(("D", "E", "X")) for code in diagnosis.codes):
        return None
    why = f"None of its diagnostics fired, so no cause is named{table.nouns.says.further}."
    return Refusal("R12", f"Why {named(labels)} scores as it does.", why, named(labels))


def shared_items(table: StudyTable, datasets: Sequence[str]) -> Refused:
    """Training and test of one of these data sets share items, and no reason was given to accept that."""
    if table.meta.get("allow_leakage"):
        return None
    shares, nouns = {name: leakage(table, name) for name in datasets}, table.nouns
    leaking = {name: f"{settled(100 * share):.3g} % of the test {nouns.judged} of {name}"
               for name, share in shares.items() if share > 0}  # fmt: skip
    if not leaking:
        return None
    why = nouns.says.leaked.format(shares=listed([*leaking.values()]))
    return Refusal("R13", "No claim at all.", why, listed([*leaking]))


def leakage(table: StudyTable, dataset: str) -> float:
    """The largest share of test rows of a data set with an item that occurs in training."""
    rows, column = table.results[table.results["dataset"] == dataset], "diag_leakage_share"
    shares = rows[column].astype(float) if column in rows else rows["dataset"].map(lambda _: 0.0)
    return float(shares.max()) if len(shares) and shares.notna().any() else 0.0


def title_note(table: StudyTable) -> str:
    """The note in the title about an accepted overlap of training and test; empty where there is none."""
    reason = str(table.meta.get("allow_leakage") or "")
    shares = [leakage(table, str(name)) for name in sorted(set(table.results["dataset"].dropna()))]
    if not reason or not any(shares):
        return ""
    share = f"{settled(100 * max(shares)):.3g} % of the test {table.nouns.judged}"
    return f"training and test share items ({share}), accepted: {reason}"


def bad_pairings(table: StudyTable) -> Iterable[Labels]:
    """The pairings in the lowest third of their data set by test mean, if they are behind the first by over a rope."""
    for _, part in table.pairings.groupby("dataset", sort=False):
        known = part[part["mean"].notna()].sort_values("mean", kind="stable")
        lowest = known.iloc[: len(known) // 3]
        behind = lowest[lowest["mean"] < known["mean"].max() - rope_of(table)]
        yield from (labels_of(table, row) for row in records(behind))


RULES = (
    RefusalRule(
        "R05",
        "a ranking of losses by Pearson: neither calibrated Pearson nor a rank metric was measured",
        study=pearson_alone,
    ),
    RefusalRule("R10", "generality: one data set, or one kind of cell", narrows=True, study=one_setting),
    RefusalRule(
        "R11",
        "a comparison with a published number: split, scale, vectors, preprocessing or metric differ",
        study=other_conditions,
    ),
    RefusalRule("R12", "an explanation of a bad pairing: no diagnostic fired", urgency=3, cause=unexplained),
    RefusalRule(
        "R13",
        "any claim: training and test share items, and no reason was given to accept that",
        urgency=0,
        datasets=shared_items,
    ),
)
