"""Every public function called in the order of the README, then again in the opposite order, in one process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import seqtwin
import tiny

NAMES = ["abcd", "abba", "cafe", "face", "deaf", "bead"]
STUDY = {"grid.representation": ["final_hidden"], "grid.loss": ["mse"], "tune": False, "seeds": 1}
SMALL = {"fit.epochs": 1, "encoder.embedding": 6, "encoder.hidden": 8, "encoder.lexical": None}


class Session:
    """One user: a frame of pairs, and a number for each new folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0
        self.pairs = pd.DataFrame(tiny.drawn_pairs(400, 0), columns=["left", "right", "label"])
        self.trained = Path()
        (folder / "run.yaml").write_text("data: {name: digits}\n", encoding="utf-8")

    def new(self, name: str) -> Path:
        """A folder that does not exist yet."""
        self.made += 1
        return self.folder / f"{name}{self.made}"

    @property
    def encoder(self) -> Any:
        return seqtwin.load(self.folder / "first")


CALLS: dict[str, Callable[[Session], object]] = {
    "compare": lambda s: seqtwin.compare(s.pairs, s.folder / "study", jobs=1, settings={**SMALL, **STUDY}).results,
    "report": lambda s: seqtwin.report(s.folder / "study").read_text(encoding="utf-8"),
    "status": lambda s: seqtwin.status(s.folder / "study").counts,
    "train": lambda s: seqtwin.train(s.pairs, s.new("run"), settings=SMALL, baselines=False).scores,
    "evaluate": lambda s: seqtwin.evaluate(s.folder / "first", s.pairs),
    "load": lambda s: s.encoder.encode(NAMES),
    "dedupe": lambda s: seqtwin.dedupe(s.encoder, NAMES, threshold=0.9),
    "link": lambda s: seqtwin.link(s.encoder, NAMES, NAMES[::-1], threshold=0.9),
    "mine": lambda s: seqtwin.mine(s.encoder, NAMES[:3], NAMES[3:], [True, False, True]),
    "probe": lambda s: seqtwin.probe(s.folder / "first", s.pairs).verdict,
    "fit_reranker": lambda s: seqtwin.fit_reranker(_copy(s)).path,
    "read_run": lambda s: seqtwin.read_run(s.folder / "run.yaml"),
    "read_study": lambda s: seqtwin.read_study(s.folder / "run.yaml"),
    "check_representation": lambda s: seqtwin.check_representation("mean_output"),
    "check_loss": lambda s: seqtwin.check_loss("mse"),
    "check_tokenizer": lambda s: seqtwin.check_tokenizer("char"),
    "check_index": lambda s: seqtwin.check_index("exact"),
    "read": lambda s: _read("final_hidden"),
    "check_reading": lambda s: seqtwin.check_reading(seqtwin.Reader(_layer(), "mean_output")),
}


def _layer() -> torch.nn.LSTM:
    return torch.nn.LSTM(3, 4, batch_first=True)


def _read(representation: str) -> torch.Tensor:
    layer = _layer()
    return seqtwin.read(layer, *layer(torch.ones(2, 5, 3)), torch.tensor([5, 5]), representation)


def _copy(session: Session) -> Path:
    """A run without a re-ranker."""
    return seqtwin.train(session.pairs, session.new("reranked"), settings=SMALL, baselines=False).path


@pytest.mark.long
def test_every_public_function_works_before_and_after_every_other(tmp_path: Path) -> None:
    functions = {name for name in seqtwin.__all__ if name.islower() and not name.startswith("_")}
    assert set(CALLS) == functions, "a new public function needs a call here"
    session = Session(tmp_path)
    seqtwin.train(session.pairs, tmp_path / "first", settings=SMALL, baselines=False)
    there = {name: call(session) for name, call in CALLS.items()}
    back = {name: CALLS[name](session) for name in reversed(CALLS)}
    for name, result in there.items():
        assert type(back[name]) is type(result), name
        assert result is not None, name
