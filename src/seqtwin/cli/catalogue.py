"""The families of parts, and where each dict stands: those a config can name, then those a report speaks of."""

import inspect
from importlib import import_module

FAMILIES = {
    "objectives": "seqtwin.run.objectives.table:OBJECTIVES",
    "cells": "seqtwin.model.encoder:CELLS",
    "representations": "seqtwin.model.representations:REPRESENTATIONS",
    "step_reads": "seqtwin.model.step_representations:STEP_READS",
    "projections": "seqtwin.model.projections:PROJECTIONS",
    "similarities": "seqtwin.model.similarities:SIMILARITIES",
    "losses": "seqtwin.training.losses:LOSSES",
    "datasets": "seqtwin.data.sets.pair_sets:DATASETS",
    "metrics": "seqtwin.metrics:METRICS",
    "class_metrics": "seqtwin.metrics:CLASS_METRICS",
    "written_metrics": "seqtwin.metrics:WRITTEN_METRICS",
    "rankings": "seqtwin.metrics:RANKINGS",
    "probes": "seqtwin.data.sets.synthetic.generators:PROBES",
    "floors": "seqtwin.study.baselines.pairs:TEXT_FLOORS",
    "series_floors": "seqtwin.study.baselines.pairs:SERIES_FLOORS",
    "example_floors": "seqtwin.study.baselines.examples:EXAMPLE_FLOORS",
    "refusals": "seqtwin.reporting.findings.refusals.check_claims:CODES",
    "diagnoses": "seqtwin.reporting.findings.rules:RULES",
}


def described(home: str) -> dict[str, str]:
    """What each member of a family is, in one line, by name."""
    module, _, name = home.partition(":")
    table = getattr(import_module(module), name)
    return {key: part if isinstance(part, str) else _one_line(part) for key, part in table.items()}


def _one_line(part: object) -> str:
    for said in ("title", "says"):  # a probe and a diagnosis are records that say it themselves
        if hasattr(part, said):
            return str(getattr(part, said))
    part = getattr(part, "function", part)  # a metric is a record around its function
    return (inspect.getdoc(part) or "").split("\n", 1)[0]
