"""A tiny encoder in a run, with a re-ranker that was fitted to the pairs of the run."""

from pathlib import Path

import yaml

import seqtwin
import tiny

COUNTS = (240, 160, 40)


def run_with_config(folder: Path) -> Path:
    """A run with `config.yaml` and an untrained encoder."""
    pairs = tiny.write_pairs(folder / "data", COUNTS)
    tiny.saved_encoder(folder / "run" / "encoder")
    (folder / "run" / "config.yaml").write_text(yaml.safe_dump(tiny.raw_run(pairs)), encoding="utf-8")
    return folder / "run"


def reranked_run(folder: Path) -> Path:
    """The same with a re-ranker."""
    run = run_with_config(folder)
    seqtwin.fit_reranker(run)
    return run
