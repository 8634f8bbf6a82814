"""Refusals that look at a study as a whole: R05, R10, R11, R12, R13."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from seqtwin.reporting.findings.diagnose import Diagnosis
from seqtwin.reporting.findings.refusals.claim import RANKS, ROPE, Labels, Refusal, labels_of, named
from seqtwin.reporting.formatting import listed
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.study_table import StudyTable


def r05_pearson_alone(table: StudyTable) -> Refusal | None:
    """Losses are compared, and Pearson is the only metric of order."""
    if table.pairings["loss"].nunique() < 2 or not _measured(table, "test_pearson"):
        return None
    if any(_measured(table, f"test_{name}") for name in (*RANKS, "pearson_iso")):
        return None
    why = "mse trains calibrated scores, contrastive losses do not, so raw Pearson decides between them by itself."
    return Refusal("R05", "No ranking of losses by Pearson.", why, str(table.meta.get("name", "")))


def _measured(table: StudyTable, column: str) -> bool:
    return column in table.results and bool(table.results[column].notna().any())


def r10_one_place(table: StudyTable) -> Refusal | None:
    """One data set, or one kind of cell."""
    datasets = list(table.meta.get("datasets") or {}) or sorted(set(table.pairings["dataset"]))
    cells = _varied(table, "encoder", "cell")
    few = [f"one data set ({datasets[0]})"] if len(datasets) == 1 else []
    few += [f"one cell ({cells[0].upper()})"] if len(cells) == 1 else []
    if not few:
        return None
    why = f"Only {listed(few)} {'was' if len(few) == 1 else 'were'} tested."
    return Refusal("R10", "Generality.", why, listed(datasets))


def base_of(table: StudyTable, section: str) -> Mapping[str, Any]:
    """A section of the config that the study varies."""
    base = (table.meta.get("config") or {}).get("base")
    found = base.get(section) if isinstance(base, dict) else None
    return found if isinstance(found, dict) else {}


def _varied(table: StudyTable, section: str, key: str) -> list[str]:
    factor = f"{section}.{key}"
    if factor in table.results:
        return [str(label) for label in table.results[factor].unique()]
    fixed = base_of(table, section).get(key, "lstm")
    return [str(fixed.get("name")) if isinstance(fixed, dict) else str(fixed)]


def r11_published(table: StudyTable) -> list[Refusal]:
    """One refusal per published number whose conditions are not those of this study, with the differing fields."""
    ours = {dataset: _conditions(table, entry) for dataset, entry in (table.meta.get("datasets") or {}).items()}
    return [found for one in table.meta.get("published") or () if (found := _differing(one, ours)) is not None]


def _conditions(table: StudyTable, dataset: Mapping[str, Any]) -> dict[str, str]:
    data, encoder, tokens = (base_of(table, name) for name in ("data", "encoder", "tokens"))
    scale, files = data.get("scale"), data.get("test") or data.get("file") or data.get("name")
    return {
        "metric": str(dataset.get("primary", "")),
        "split": PurePosixPath(str(files)).stem if files else "",
        "scale": f"{scale[0]:g}-{scale[1]:g}" if scale else "0-1",
        "vectors": PurePosixPath(str(encoder["vectors"])).stem if encoder.get("vectors") else "none",
        "preprocessing": str(tokens.get("unit", "char")),
    }


def _differing(published: Mapping[str, Any], ours: Mapping[str, Mapping[str, str]]) -> Refusal | None:
    """A field that the published side does not state differs, too; of several data sets the nearest counts."""
    found = [_fields(published, conditions) for conditions in ours.values()] or [["no data set was measured"]]
    fields = min(found, key=len)
    if not fields:
        return None
    source, metric = published.get("source", ""), published.get("metric", "")
    sentence = f"No comparison with {source} ({metric} {published.get('value', '')})."
    return Refusal("R11", sentence, f"The conditions differ: {'; '.join(fields)}.", str(source))


def _fields(published: Mapping[str, Any], ours: Mapping[str, str]) -> list[str]:
    texts = {name: str(published.get(name) or "") for name in ours}
    return [f"{name} there {text or 'not stated'}, here {ours[name]}"
            for name, text in texts.items() if _plain(text) != _plain(ours[name])]  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "", text.lower())


def r12_unexplained(table: StudyTable, labels: Labels, diagnosis: Diagnosis) -> Refusal | None:
    """No diagnostic of the pairing fired."""
    if any(code.startswith(("D", "E", "X")) for code in diagnosis.codes):
        return None
    why = f"None of its diagnostics fired, so no cause is named{nouns_of(table.meta).says['further']}."
    return Refusal("R12", f"Why {named(labels)} is where it is.", why, named(labels))


def r13_leakage(table: StudyTable, datasets: Iterable[str]) -> Refusal | None:
    """Items of test pairs stand in training pairs of one of these data sets, and no reason was given to accept it."""
    if table.meta.get("allow_leakage"):
        return None
    shares, nouns = {name: leakage(table, name) for name in datasets}, nouns_of(table.meta)
    leaking = {name: f"{100 * share:.3g} % of the test {nouns.judged} of {name}"
               for name, share in shares.items() if share > 0}  # fmt: skip
    if not leaking:
        return None
    why = nouns.says["leaked"].format(shares=listed([*leaking.values()]))
    return Refusal("R13", "No claim at all.", why, listed([*leaking]))


def leakage(table: StudyTable, dataset: str) -> float:
    """The largest share of test pairs of a data set that hold an item of its training pairs."""
    rows, column = table.results[table.results["dataset"] == dataset], "diag_leakage_share"
    shares = rows[column].astype(float) if column in rows else rows["dataset"].map(lambda _: 0.0)
    return float(shares.max()) if len(shares) and shares.notna().any() else 0.0


def title_note(table: StudyTable) -> str:
    """What the title says of an accepted overlap of training and test; empty where there is none."""
    reason = str(table.meta.get("allow_leakage") or "")
    shares = [leakage(table, str(name)) for name in sorted(set(table.results["dataset"].dropna()))]
    if not reason or not any(shares):
        return ""
    share = f"{100 * max(shares):.3g} % of the test {nouns_of(table.meta).judged}"
    return f"training and test share items ({share}), accepted: {reason}"


def bad_pairings(table: StudyTable) -> list[dict[str, str]]:
    """The pairings in the lowest third of their data set by test mean, as far as they stay behind the first."""
    found, rope = [], float((table.meta.get("plan") or {}).get("rope", ROPE))
    for _, part in table.pairings.groupby("dataset", sort=False):
        known = part[part["mean"].notna()].sort_values("mean", kind="stable")
        lowest = known.iloc[: len(known) // 3]
        behind = lowest[lowest["mean"] < known["mean"].max() - rope]
        found += [labels_of(table, row) for _, row in behind.iterrows()]
    return found
