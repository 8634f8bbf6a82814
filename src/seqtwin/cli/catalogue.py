"""FAMILIES: for each family of parts, the module and name of its dict. `list` prints them.

The parts that a config can use come first, then those that appear in a report.
"""

import inspect
from importlib import import_module

FAMILIES = {
    "objectives": "seqtwin.run.objectives.registry:OBJECTIVES",
    "cells": "seqtwin.model.cells:CELLS",
    "representations": "seqtwin.model.representations:REPRESENTATIONS",
    "step_reads": "seqtwin.model.step_representations:STEP_READS",
    "projections": "seqtwin.model.projections:PROJECTIONS",
    "similarities": "seqtwin.model.similarities:SIMILARITIES",
    "losses": "seqtwin.training.losses:LOSSES",
    "averages": "seqtwin.training.averaging:AVERAGES",
    "datasets": "seqtwin.data.sets.pair_sets:DATASETS",
    "metrics": "seqtwin.metrics:METRICS",
    "class_metrics": "seqtwin.metrics:CLASS_METRICS",
    "written_metrics": "seqtwin.metrics:WRITTEN_METRICS",
    "rankings": "seqtwin.metrics:RANKINGS",
    "probes": "seqtwin.data.sets.synthetic.generators:PROBES",
    "floors": "seqtwin.baselines.pairs:TEXT_FLOORS",
    "series_floors": "seqtwin.baselines.pairs:SERIES_FLOORS",
    "example_floors": "seqtwin.baselines.examples:EXAMPLE_FLOORS",
    "refusals": "seqtwin.reporting.findings.refusals.check_claims:CODES",
    "diagnoses": "seqtwin.reporting.findings.rules:RULES",
}


def described(home: str) -> dict[str, str]:
    """A description of each member of a family in one line, by name. `home`: `module:DICT`."""
    module, _, name = home.partition(":")
    table = getattr(import_module(module), name)
    return {key: part if isinstance(part, str) else _one_line(part) for key, part in table.items()}


def _one_line(part: object) -> str:
    for attribute in ("title", "says"):  # a probe and a diagnosis are records with a description
        if hasattr(part, attribute):
            return str(getattr(part, attribute))
    part = getattr(part, "function", part)  # a metric is a record around its function
    return (inspect.getdoc(part) or "").split("\n", 1)[0]
