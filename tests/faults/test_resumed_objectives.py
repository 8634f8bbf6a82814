"""A training of every objective, and with every option that changes its rows, continues to the same bytes."""

import math
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny
import tiny_examples
import tiny_teachers
from seqtwin.build_folders import left_over
from seqtwin.config import RunConfig, parse_run
from seqtwin.files import read_json
from seqtwin.run.train import train
from seqtwin.training.checkpoint import Checkpoints
from twins import contents

MANY = {"layers": 2, "dropout": 0.3, "input_dropout": 0.2}


@pytest.fixture(autouse=True)
def ctrl_c_is_heard() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pairs(folder: Path, **sections: Any) -> dict[str, Any]:
    data = tiny.write_pairs(folder / "data")
    return tiny.raw_run(data, encoder={"embedding": 6, "hidden": 8, **MANY}, **sections)


def of_kind(kind: str, **sections: Any) -> Callable[[Path], dict[str, Any]]:
    def raw(folder: Path) -> dict[str, Any]:
        file = tiny_examples.write(kind, folder / "data.csv")
        return tiny_examples.raw_run(kind, file, encoder={"embedding": 6, "hidden": 8, **MANY}, **sections)

    return raw


def taught(folder: Path) -> dict[str, Any]:
    texts = tiny_teachers.write_texts(folder / "data.csv")
    return tiny_teachers.raw_run(folder / "data.csv", tiny_teachers.write_vectors(folder / "vectors.npy", texts))


ROWS = {"augment": {"typos": 0.5, "copies": 0.5}, "hard_negatives": {"from_epoch": 1, "every": 2, "margin": None}}
CONFIGS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "classify": of_kind("classes"),
    "classify series": of_kind("series"),
    "label steps": of_kind("steps"),
    "decode": of_kind("texts", objective={"name": "decode", "word_dropout": 0.2}),
    "distil": taught,
    "rows of an epoch": lambda folder: pairs(
        folder, loss={"name": "contrastive", "distance": "cosine", "margin": 0.5}, fit={**ROWS, "average": "ema"}
    ),
    "kernels": lambda folder: (
        of_kind("series")(folder) | {"encoder": {"embedding": 6, "hidden": 8, "kernels": {"features": 168, "dim": 8}}}
    ),
    "lexical": lambda folder: pairs(folder, loss="mse") | {"encoder": {"embedding": 6, "hidden": 8, "lexical": {}}},
}


def stopped_at(config: RunConfig, out: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Checkpoints.after_step

    def after_step(keeper: Checkpoints) -> None:
        assert keeper.training is not None
        if keeper.training.state.step == step:
            signal.raise_signal(signal.SIGINT)
        usual(keeper)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "after_step", after_step)
        with pytest.raises(KeyboardInterrupt):
            train(config, out)


@pytest.mark.parametrize("name", CONFIGS)
def test_it_ends_in_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    config = parse_run(CONFIGS[name](tmp_path))
    once = train(config, tmp_path / "once" / "run")
    steps = read_json(once.path / "diagnostics.json")["steps"]
    out = Path(tempfile.mkdtemp(dir=tmp_path)) / "run"
    stopped_at(config, out, math.ceil(0.6 * steps), monkeypatch)
    assert left_over(out) is not None
    again = train(config, out, resume=True)
    found, wanted = contents(again.path), contents(once.path)
    assert [key for key in wanted if found[key] != wanted[key]] == []
    assert found.keys() == wanted.keys()
