"""StudyTable -> one self-contained HTML page, the same as Markdown, the tables as CSV and the figures as SVG."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seqtwin import files
from seqtwin.errors import ConfigError
from seqtwin.metrics import direction_of
from seqtwin.reporting.colours import COLOURS
from seqtwin.reporting.figures import svg
from seqtwin.reporting.formatting import many
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.page import (
    cell_marks,
    chosen_figures,
    confusion_tables,
    evidence_tables,
    facet_sections,
    headline,
    joined_maps,
    methods,
    next_steps,
    planned_verdicts,
    sortable_tables,
)
from seqtwin.reporting.page.best_encoder_card import card
from seqtwin.reporting.table.facet import Facet, facets_of
from seqtwin.reporting.table.study_table import StudyTable, number_text, read_study, write_results

TEMPLATES = Path(__file__).parent.parent / "templates"
_MARKDOWN_SIGNS = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'", "\n": " "})


def write_report(study: Path, out: Path | None = None, *, pages_only: bool = False) -> Path:
    """The path of the `index.html` that was published; figures, tables and Markdown lie beside it.

    `study` is the folder of a study, or one of committed results; `out` defaults to its subfolder `report`.
    `pages_only` leaves the tables where committed results have them.
    Raises: ConfigError when there is no study; DamagedError when a file is not what its manifest says.
    """
    folder, table = out or study / "report", read_study(study)
    if pages_only and not (study / "results.csv").is_file():
        remedy = "write the whole report first; the CSV and JSON files of its folder are the results"
        raise ConfigError(
            "NO_TABLES", "pages alone need a folder of results to point to", place=str(study), remedy=remedy
        )
    tables = os.path.relpath(study.resolve(), folder.resolve()).replace(os.sep, "/") if pages_only else None
    for name, content in report_files(table, tables).items():
        publish = files.publish_text if isinstance(content, str) else files.publish_bytes
        publish(folder / name, content)  # type: ignore[arg-type]
    return folder / "index.html"


def report_files(table: StudyTable, tables: str | None = None) -> dict[str, str | bytes]:
    """The content of every file of the report by its path.

    `tables`: the folder where the CSV and JSON files lie already, as seen from the report, which then is only what a
    person reads, each figure in one format. Without it the tables and a PNG of each heat map are part of the report.
    The same table and the same library versions give the same bytes.
    """
    facets = facets_of(table)
    context = {**_context(table, facets), "tables": f"{tables}/" if tables else ""}
    drawn = [figure for part in context["facets"] for figure in part["figures"]]
    drawn += [part["figure"] for part in context["lengths"] if part["figure"]]
    drawn += [part["forest"] for part in context["planned"] if part["forest"]]
    found: dict[str, str | bytes] = {
        "index.html": svg.shared(rendered("index.html.j2", context, html=True)),
        "report.md": rendered("report.md.j2", context, html=False),
        **({} if tables else write_results(table)),
        **{f"figures/{figure.name}.svg": figure.svg for figure in drawn},
    }
    for facet in facets:
        found |= chosen_figures.heatmap_files(facet, png=not tables)
    chosen = card(table, context)
    return found | ({"best-encoder.md": rendered("card.md.j2", chosen, html=False)} if chosen else {})


def rendered(template: str, context: dict[str, Any], *, html: bool) -> str:
    """A template of this package, filled."""
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=html, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    house.filters["breaks"] = lambda text: escape(text).replace("_", Markup("_<wbr>"))
    house.filters["sentence"] = _sentence
    house.filters["coded"] = lambda text: Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))
    house.filters["md"] = lambda text: str(text).translate(_MARKDOWN_SIGNS)
    house.filters["plain"] = str if html else house.filters["md"]
    house.filters["mid"] = _inside
    house.filters["key"] = _key
    house.filters["direction"] = _direction
    return house.get_template(template).render(context).rstrip("\n") + "\n"


def _sentence(text: Any) -> str:
    shown = str(text).strip()
    name = shown.split(" ")[0]
    first = shown[:1].upper() if name.rstrip(",.;:").isalpha() else shown[:1]
    return f"{first}{shown[1:]}{'' if shown.endswith(('.', '!', '?')) else '.'}" if shown else ""


def _key(entry: sortable_tables.Entry, numeric: bool) -> Markup:
    """By what a field is sorted, as an attribute; nothing where its text says the same."""
    key = "" if entry.key is None else number_text(entry.key) if numeric else str(entry.key)
    shown = re.sub("[,+]", "", entry.text).replace("−", "-") if numeric else entry.text
    same = (
        re.fullmatch(r"-?\d*\.?\d+(e-?\d+)?", shown) and number_text(float(shown)) == key if numeric else shown == key
    )
    return Markup("") if same else Markup(' data-key="{}"').format(key)


def _direction(name: str) -> str:
    """Which way a number is better, as a half-sentence; empty where neither end of its scale is."""
    found = direction_of(name)
    return f"; {found.better} is better" if found and found.better != "neither" else ""


def _inside(text: Any) -> str:
    """A sentence as it stands inside another: no capital, no full stop."""
    shown = str(text).strip().removesuffix(".")
    name = shown.split(" ")[0]
    return shown[:1].lower() + shown[1:] if name.isalpha() and not name[1:].isupper() else shown


def _context(table: StudyTable, facets: list[Facet]) -> dict[str, Any]:
    found = cell_marks.diagnoses(table)
    joined = joined_maps.whole(table, facets)
    parts = [facet_sections.facet_part(table, facet, found, joined or facet) for facet in facets]
    nouns = nouns_of(table.meta)
    answers, agreements = headline.answers(table, facets), evidence_tables.agreements(table)
    diagnostics, cautions = evidence_tables.diagnostics(table, found), planned_verdicts.cautions(table)
    return {
        **_frame(table), "meta": table.meta, "nouns": nouns, "kicker": kicker(table),
        "overrides": headline.overrides(table), "few_examples": headline.few_examples(table),
        "headline": headline.headline(table, answers), "answers": answers,
        "cautions": cautions, "groups": planned_verdicts.grouped(cautions),
        "interactions": headline.interactions(facets), "cards": cell_marks.cards(table, facets, found),
        "deviation": headline.worst_deviation(table), "facets": parts,
        "maps": joined_maps.maps_of(table, facets, parts, joined), "group": joined_maps.group(joined),
        "lengths": joined_maps.lengths_of(table, facets, parts, joined),
        "summary": facet_sections.maps_summary(table, facets), "planned": facet_sections.planned_parts(table),
        "changes": next_steps.changes(table, facets, found), "pairings": sortable_tables.every_pairing(table),
        "seeds": sortable_tables.every_seed(table), "costs": sortable_tables.costs(table),
        "retrieval": sortable_tables.retrieval(table),
        "agreements": agreements, "agreement_sheet": evidence_tables.agreement_sheet(agreements, nouns),
        "tuning": evidence_tables.tuning(table), "diagnostics": diagnostics,
        "rules": evidence_tables.rules_shown(table, diagnostics), "worst": evidence_tables.worst(table),
        "confusions": confusion_tables.confusions(table),
        "failures": sortable_tables.failures(table), "formulas": sortable_tables.formulas(table),
        "hashes": _hashes(table.results),
        "methods": methods.paragraph(table, facets), "commands": methods.commands(table),
    }  # fmt: skip


def _frame(table: StudyTable) -> dict[str, Any]:
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return {
        "title": headline.title_of(table), "colours": COLOURS, "script": Markup(script),
        "style": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "config": json.dumps(table.meta.get("config", {}), indent=2, ensure_ascii=False),
    }  # fmt: skip


def _hashes(results: pd.DataFrame) -> dict[str, Any]:
    shown = ("device", "padding", "similarity", "data_hash", "split_hash")
    manifests = hashlib.sha256("".join(results["manifest"]).encode()).hexdigest()
    return {"manifests": manifests, **{key: sorted(set(results[key]) - {""}) for key in shown}}


def kicker(table: StudyTable) -> list[str]:
    """The parts of the line above the headline: study, data, encoder, size of the grid, tier, tuning."""
    meta, parts = table.meta, []
    known = list(meta["datasets"].items())
    for name, facts in known[: headline.MOST_ANSWERS]:
        parts.append(f"{name}: {methods.sizes(facts)} {nouns_of(meta).items}")
    parts += [f"{len(known) - headline.MOST_ANSWERS} more data sets"] if len(known) > headline.MOST_ANSWERS else []
    parts += [encoder] if (encoder := methods.encoder_of(meta)) else []
    grid = f"{many(len(table.pairings), 'pairing')} × {many(len(meta.get('seeds', [])), 'seed')}"
    tuned = [f"each tuned with {many(int(meta['trials']), 'trial')}"] if meta.get("tuned") else []
    return [f"study {meta['name']}", *parts, grid, f"tier {meta.get('tier', 'unknown')}", *tuned]
