"""StudyTable -> one self-contained HTML page, the same as Markdown, the tables as CSV and the figures as SVG."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seqtwin import files
from seqtwin.report import answer, drawing, heat, listing
from seqtwin.report.table import StudyTable, read_study, write_results
from seqtwin.report.words import COLOURS, digits, metric_name

TEMPLATES = Path(__file__).parent / "templates"
_MARKDOWN_SIGNS = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'", "\n": " "})


def write_report(study: Path, out: Path | None = None) -> Path:
    """The path of the `index.html` that was published; figures, tables and Markdown lie beside it.

    `study` is the folder of a study, or one of committed results; `out` defaults to its subfolder `report`.
    Raises: ConfigError when there is no study; DamagedError when a file is not what its manifest says.
    """
    folder = out or study / "report"
    for name, content in report_files(read_study(study)).items():
        publish = files.publish_text if isinstance(content, str) else files.publish_bytes
        publish(folder / name, content)  # type: ignore[arg-type]
    return folder / "index.html"


def report_files(table: StudyTable) -> dict[str, str | bytes]:
    """The content of every file of the report by its path. The same table gives the same bytes."""
    facets = heat.facets(table)
    shown = [_facet(table, facet) for facet in facets]
    context = _context(table, facets, shown)
    drawn = [figure for part in shown for figure in part["figures"]]
    return {
        "index.html": _rendered("index.html.j2", context, html=True),
        "report.md": _rendered("report.md.j2", context, html=False),
        **write_results(table),
        **{f"figures/{figure.name}.svg": figure.svg for figure in drawn},
        **_heatmaps(facets),
    }


def _heatmaps(facets: list[heat.Facet]) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {}
    for facet in facets:
        found |= drawing.heatmap_files(facet)
    return found


def _rendered(template: str, context: dict[str, Any], *, html: bool) -> str:
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=html, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    house.filters["breaks"] = lambda text: escape(text).replace("_", Markup("_<wbr>"))
    house.filters["sentence"] = lambda text: f"{str(text)[:1].upper()}{str(text)[1:].rstrip('.')}." if text else ""
    house.filters["md"] = lambda text: str(text).translate(_MARKDOWN_SIGNS)
    return house.get_template(template).render(context).rstrip("\n") + "\n"


def _context(table: StudyTable, facets: list[heat.Facet], shown: list[dict[str, Any]]) -> dict[str, Any]:
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    found = answer.answers(table)
    return {
        "meta": table.meta, "title": answer.title_of(table), "colours": COLOURS, "kicker": kicker(table),
        "style": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")), "script": Markup(script),
        "script_hash": digest, "headline": answer.headline(found, table.pairings), "answers": found,
        "refusal": answer.refusal(table), "cautions": answer.cautions(table, facets), "causes": answer.causes(table),
        "deviation": answer.worst_deviation(table), "facets": shown, "pairings": listing.every_pairing(table),
        "seeds": listing.every_seed(table), "costs": listing.costs(table), "retrieval": listing.retrieval(table),
        "failures": listing.failures(table), "formulas": listing.formulas(table), "counts": _counts(table),
        "hashes": _hashes(table.results),
        "config": json.dumps(table.meta.get("config", {}), indent=2, ensure_ascii=False),
    }  # fmt: skip


def _counts(table: StudyTable) -> dict[str, int]:
    states = table.results["status"].value_counts()
    finished = int(states.get("finished", 0))
    return {"published": len(table.results), "finished": finished, "seeds": len(table.meta.get("seeds", []))}


def _hashes(results: pd.DataFrame) -> dict[str, Any]:
    shown = ("device", "padding", "similarity", "data_hash", "split_hash")
    manifests = hashlib.sha256("".join(results["manifest"]).encode()).hexdigest()
    return {"manifests": manifests, **{key: sorted(set(results[key]) - {""}) for key in shown}}


def kicker(table: StudyTable) -> list[str]:
    """The parts of the line above the headline: study, data, encoder, pairs, size of the grid, tier."""
    meta, parts = table.meta, []
    for name, facts in meta["datasets"].items():
        sizes = " / ".join(f"{facts['pairs'].get(split, 0):,}" for split in ("train", "dev", "test"))
        parts.append(f"{name}: {sizes} pairs")
    base = meta.get("config", {}).get("base", {})
    parts += [_encoder(base["encoder"])] if isinstance(base, dict) and isinstance(base.get("encoder"), dict) else []
    grid = f"{_many(len(table.pairings), 'pairing')} × {_many(len(meta.get('seeds', [])), 'seed')}"
    return [f"study {meta['name']}", *parts, grid, f"tier {meta.get('tier', 'unknown')}, nothing tuned"]


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _encoder(encoder: dict[str, Any]) -> str:
    sides = "bidirectional " if encoder.get("bidirectional") else ""
    layers = f", {encoder['layers']} layers" if int(encoder.get("layers") or 1) > 1 else ""
    return f"{sides}{str(encoder.get('cell', 'rnn')).upper()} {encoder.get('hidden', '')}".strip() + layers


def _facet(table: StudyTable, facet: heat.Facet) -> dict[str, Any]:
    low, high = heat.strip_ends(pd.concat([facet.pairings["min"], facet.pairings["max"]]))
    lines, learning, cost = drawing.interaction(facet), drawing.learning(table, facet), drawing.cost(facet)
    scores, ends = drawing.histograms(table, facet), {"low": digits(low, 2), "high": digits(high, 2)}
    rows = [_row(table, facet, row, low, high) for row in facet.rows]
    return {
        "title": facet.title, "dataset": facet.dataset, "metric": metric_name(facet.primary), "columns": facet.columns,
        "rows": rows, **ends, "floors": answer.floors(table, facet),
        "interaction": lines, "learning": learning, "cost": cost, "scores": scores,
        "figures": [figure for figure in (lines, learning, cost, *scores) if figure],
    }  # fmt: skip


def _row(table: StudyTable, facet: heat.Facet, row: str, low: float, high: float) -> dict[str, Any]:
    found = [facet.pairing(row, column) for column in facet.columns]
    known = [p["untrained_mean"] for p in found if p is not None]
    cells = [None if p is None else heat.heat_cell(p, facet.share(p), _seeds(table, p), low, high) for p in found]
    return {"label": row, "cells": cells, "untrained": digits(pd.Series(known, dtype=float).mean())}


def _seeds(table: StudyTable, pairing: Any) -> list[float]:
    rows = table.results[table.results["status"] == "finished"]
    for key in (*table.meta["extra"], "representation", "loss"):
        rows = rows[rows[key] == pairing[key]]
    name = f"test_{pairing['primary']}"
    return [float(value) for value in rows[name].dropna()] if name in rows else []
