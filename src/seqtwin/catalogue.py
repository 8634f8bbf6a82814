"""The families of parts a config can name, and where each dict stands."""

import inspect
from importlib import import_module

FAMILIES = {
    "cells": "seqtwin.model.encoder:CELLS",
    "representations": "seqtwin.model.representations:REPRESENTATIONS",
    "projections": "seqtwin.model.projections:PROJECTIONS",
    "similarities": "seqtwin.model.similarities:SIMILARITIES",
    "losses": "seqtwin.training.losses:LOSSES",
    "datasets": "seqtwin.data.datasets:DATASETS",
    "metrics": "seqtwin.metrics:METRICS",
    "rankings": "seqtwin.metrics:RANKINGS",
}


def described(home: str) -> dict[str, str]:
    """The first line of what each member of a family is, by name."""
    module, _, name = home.partition(":")
    table = getattr(import_module(module), name)
    return {key: _first_line(part) for key, part in table.items()}


def _first_line(part: object) -> str:
    part = getattr(part, "function", part)  # a metric is a record around its function
    return (inspect.getdoc(part) or "").split("\n", 1)[0]
