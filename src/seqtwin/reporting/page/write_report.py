"""The files of a report: one self-contained HTML page, the same as Markdown, CSV tables, SVG figures, a model card."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seqtwin import files
from seqtwin.errors import ConfigError
from seqtwin.metrics import direction_of
from seqtwin.reporting.colours import COLOURS
from seqtwin.reporting.figures import svg
from seqtwin.reporting.findings.refusals.supported import (
    has_mixed_seeds,
    lettered_facets,
    with_learned_means,
    with_supported_letters,
)
from seqtwin.reporting.formatting import many
from seqtwin.reporting.page import (
    cell_marks,
    certainty,
    chosen_figures,
    confusion_tables,
    evidence_tables,
    facet_sections,
    headline,
    joined_maps,
    main_effect,
    methods,
    next_steps,
    overview_map,
    page_budget,
    planned_verdicts,
    sortable_tables,
    spent_budget,
)
from seqtwin.reporting.page.best_encoder_card import card
from seqtwin.reporting.page.facet_sections import PlannedPart
from seqtwin.reporting.page.joined_maps import LengthPart
from seqtwin.reporting.page.template_values import Answer, Card, Context, Entry, FacetPart
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable, number_text, read_study, write_results

TEMPLATES = Path(__file__).parent.parent / "templates"
_OTHER_LINK = re.compile(r"\]\((?!https?://)")
_MARKDOWN_SIGNS = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'", "\n": " "})


def write_report(study: Path, out: Path | None = None, *, pages_only: bool = False) -> Path:
    """Write the report of a study; returns the path of its `index.html`.

    `study`: folder of a study or of committed results. `out`: folder of the report, by default `study/report`.
    `pages_only`: link to the tables of committed results instead of writing them again.

    Raises: ConfigError if there is no study, or with `pages_only` no committed results; DamagedError if a file does
    not match its manifest.
    """
    folder, table = out or study / "report", read_study(study)
    if pages_only and not (study / "results.csv").is_file():
        cause = "pages without tables need a folder of committed results to link to"
        remedy = "write the whole report first; its CSV and JSON files are the results"
        raise ConfigError("NO_TABLES", cause, place=str(study), remedy=remedy)
    tables = quote(os.path.relpath(study.resolve(), folder.resolve()).replace(os.sep, "/")) if pages_only else None
    for name, content in report_files(table, tables).items():
        publish = files.publish_text if isinstance(content, str) else files.publish_bytes
        publish(folder / name, content)  # type: ignore[arg-type]
    return folder / "index.html"


def report_files(table: StudyTable, tables: str | None = None) -> dict[str, str | bytes]:
    """The content of every file of the report by its path.

    `tables`: the folder that already has the CSV and JSON files, relative to the report. With it, the report contains
    only what a person reads, and each figure in one format; without it, also the tables and a PNG of each heat map.
    The same table gives the same bytes with the same library versions.
    """
    measured = with_supported_letters(table)
    table = with_learned_means(measured)
    facets = lettered_facets(table)
    sections = _sections(table, facets)
    context = {**_context(table, facets, sections), "tables": f"{tables}/" if tables else ""}
    drawn = [figure for part in sections.facets for figure in part["figures"]]
    drawn += [part["figure"] for part in sections.lengths if part["figure"]]
    drawn += [part["forest"] for part in sections.planned if part["forest"]]
    contents: dict[str, str | bytes] = {
        "index.html": _page(context),
        "report.md": rendered("report.md.j2", context, html=False),
        **{f"figures/{figure.name}.svg": figure.svg for figure in drawn},
    }
    for facet in facets:
        contents |= chosen_figures.heatmap_files(facet, png=not tables)
    chosen = card(table, context, sections.answers, sections.facets, sections.cards)
    contents |= {"best-encoder.md": rendered("card.md.j2", chosen, html=False)} if chosen else {}
    return {**contents, **({} if tables else write_results(measured, pages=contents))}


def _page(context: Context) -> str:
    """The page, without the parts that would make it too heavy."""
    page = svg.shared(rendered("index.html.j2", context, html=True))
    heavy = page_budget.left_out(page)
    return svg.shared(rendered("index.html.j2", {**context, "left_out": heavy}, html=True)) if heavy else page


def rendered(template: str, context: Context, *, html: bool) -> str:
    """A template filled with a context; `html`: escape the values."""
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(
        autoescape=html, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, optimized=False
    )  # fmt: skip - each template is filled once, which is less work than optimizing it
    house.filters["breaks"] = lambda text: escape(text).replace("_", Markup("_<wbr>"))
    house.filters["sentence"] = _sentence
    house.filters["coded"] = _coded
    house.filters["worded"] = _coded if html else str
    house.filters["md"] = _markdown
    house.filters["plain"] = str if html else house.filters["md"]
    house.filters["mid"] = _inside
    house.filters["p"] = lambda text: f"p {text}" if text.startswith("<") else f"p = {text}"
    house.filters["key"] = _key
    house.filters["direction"] = _direction
    return house.get_template(template).render(context).rstrip("\n") + "\n"


def _markdown(text: object) -> str:
    r"""A text in Markdown. Only links to http and https stay links.

    >>> _markdown("[a](https://b.c) [d](javascript:e)")
    '[a](https://b.c) [d]\\(javascript:e)'
    """
    return _OTHER_LINK.sub(r"]\\(", str(text).translate(_MARKDOWN_SIGNS))


def _coded(text: object) -> Markup:
    """A text in HTML, with code marked as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _sentence(text: object) -> str:
    """A text as a sentence: capital letter first (except for names), full stop last."""
    shown = str(text).strip()
    name = shown.split(" ")[0]
    first = shown[:1].upper() if name.rstrip(",.;:").isalpha() else shown[:1]
    return f"{first}{shown[1:]}{'' if shown.endswith(('.', '!', '?')) else '.'}" if shown else ""


def _key(entry: Entry, numeric: bool) -> Markup:
    """The sort key of a field as an attribute; empty if it is the same as the text of the field."""
    number = numeric and isinstance(entry.key, float)
    key = "" if entry.key is None else number_text(float(entry.key)) if number else str(entry.key)
    shown = re.sub("[,+]", "", entry.text).replace("−", "-") if numeric else entry.text
    same = (
        re.fullmatch(r"-?\d*\.?\d+(e-?\d+)?", shown) and number_text(float(shown)) == key if numeric else shown == key
    )
    return Markup("") if same else Markup(' data-key="{}"').format(key)


def _direction(name: str) -> str:
    """`; higher is better` or `; lower is better`, empty for a number without a direction."""
    direction = direction_of(name)
    return f"; {direction.better} is better" if direction and direction.better != "neither" else ""


def _inside(text: object) -> str:
    """A sentence as part of another one: without capital letter and full stop."""
    shown = str(text).strip().removesuffix(".")
    name = shown.split(" ")[0]
    return shown[:1].lower() + shown[1:] if name.isalpha() and not name[1:].isupper() else shown


class _Sections(NamedTuple):
    """The sections that several files of the report use. `joined`: all heat maps as one, if they fit."""

    diagnosed: cell_marks.Diagnoses
    joined: Facet | None
    facets: list[FacetPart]
    answers: list[Answer]
    cards: list[Card]
    lengths: list[LengthPart]
    planned: list[PlannedPart]


def _sections(table: StudyTable, facets: list[Facet]) -> _Sections:
    diagnosed = cell_marks.diagnoses(table)
    joined = joined_maps.whole(table, facets)
    parts = [facet_sections.facet_part(table, facet, diagnosed, joined or facet) for facet in facets]
    return _Sections(
        diagnosed=diagnosed, joined=joined, facets=parts, answers=headline.answers(table, facets),
        cards=cell_marks.cards(table, facets, diagnosed),
        lengths=joined_maps.lengths_of(table, facets, parts, joined),
        planned=facet_sections.planned_parts(table),
    )  # fmt: skip


def _context(table: StudyTable, facets: list[Facet], sections: _Sections) -> Context:
    diagnosed, joined, parts, answers = sections.diagnosed, sections.joined, sections.facets, sections.answers
    nouns, agreements = table.nouns, evidence_tables.agreements(table)
    diagnostics, cautions = evidence_tables.diagnostics(table, diagnosed), planned_verdicts.cautions(table)
    return {
        **_frame(table), "meta": table.meta, "nouns": nouns, "kicker": kicker(table),
        "overrides": headline.overrides(table), "few_examples": headline.few_examples(table),
        "headline": headline.headline(table, answers, _effect(table), _across(table)),
        "answers": answers, "certainty": certainty.certainty(table),
        "overview": None if joined else overview_map.overview(table, facets),
        "drawn_here": page_budget.drawn_here(parts, sections.lengths), "left_out": {},
        "cautions": cautions, "groups": planned_verdicts.grouped(cautions),
        "interactions": headline.interactions(facets), "cards": sections.cards,
        "deviation": headline.worst_deviation(table), "facets": parts,
        "maps": joined_maps.maps_of(table, facets, parts, joined), "group": joined_maps.group(joined),
        "lengths": sections.lengths,
        "summary": facet_sections.maps_summary(table, facets), "planned": sections.planned,
        "spent": spent_budget.budget_lines(table.meta.get("quick")), "stopped": spent_budget.stopped_sheet(table),
        "changes": next_steps.changes(table, facets, diagnosed), "pairings": sortable_tables.every_pairing(table),
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


def _effect(table: StudyTable) -> main_effect.Effect | None:
    """The main effect of a study of one data set; None if the mean of any of its pairings is withheld (R06)."""
    alone = table.pairings["dataset"].nunique() == 1 and not has_mixed_seeds(table)
    return main_effect.main_effect(table, table.pairings) if alone else None


def _across(table: StudyTable) -> main_effect.Across | None:
    """The level near the best on most data sets; None if the mean of any pairing is withheld (R06)."""
    return None if has_mixed_seeds(table) else main_effect.across_datasets(table)


def _frame(table: StudyTable) -> Context:
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return {
        "title": headline.title_of(table), "colours": COLOURS, "script": Markup(script),
        "style": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "config": json.dumps(table.meta.get("config", {}), indent=2, ensure_ascii=False),
    }  # fmt: skip


def _hashes(results: pd.DataFrame) -> Context:
    shown = ("device", "padding", "similarity", "data_hash", "split_hash")
    manifests = hashlib.sha256("".join(results["manifest"]).encode()).hexdigest()
    return {"manifests": manifests, **{key: sorted(set(results[key]) - {""}) for key in shown}}


def kicker(table: StudyTable) -> list[str]:
    """The parts of the line above the headline: study, data, size of the grid."""
    meta, parts = table.meta, []
    datasets = list(meta["datasets"].items())
    for name, facts in datasets if len(datasets) < headline.MOST_ANSWERS else []:
        parts.append(f"{name}: {methods.sizes(facts['pairs'])} {table.nouns.items} (train / dev / test)")
    parts += [f"{len(datasets)} data sets"] if len(datasets) >= headline.MOST_ANSWERS else []
    grid = f"{many(len(table.pairings), 'pairing')} × {many(len(meta.get('seeds', [])), 'seed')}"
    return [f"study {meta['name']}", *parts, grid]
