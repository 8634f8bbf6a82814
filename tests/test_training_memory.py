"""The memory of a training is estimated from its sizes: said where it is much, refused where it is too much."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin import api
from seqtwin.config import parse_run, parse_study
from seqtwin.errors import ResourceError
from seqtwin.guards.memory import TrainingSizes, estimate_memory
from seqtwin.notebook import given_data
from seqtwin.run import fresh_model as fresh
from seqtwin.run.fresh_model import fresh_model, training_memory
from seqtwin.run.prepare import DataSets, prepare
from seqtwin.study.compare import compare

SIZES: dict[str, Any] = {
    "size": 100, "embedding": 8, "cell": "lstm", "hidden": 16, "layers": 2, "directions": 2, "sequences": 32, "steps": 9
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("memory") / "data", (32, 16, 16))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_weights_are_those_of_the_model(data: Path, cell: str) -> None:
    config = parse_run(tiny.raw_run(data, encoder={"cell": cell, "layers": 2}))
    prepared = prepare(config)
    model = fresh_model(config, prepared).encoder
    assert training_memory(config, prepared).weights == 16 * sum(p.numel() for p in model.parameters())


@given(key=st.sampled_from([key for key in SIZES if key != "cell"]), more=st.integers(1, 1000))
def test_more_of_anything_takes_more(key: str, more: int) -> None:
    before, after = (estimate_memory(TrainingSizes(**sizes)) for sizes in (SIZES, {**SIZES, key: SIZES[key] + more}))
    assert after.weights + after.batch > before.weights + before.batch


def test_the_states_of_a_batch_count(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of a megabyte, and a batch of more than the machine has."""
    small, large = (parse_run(tiny.raw_run(data, fit={"batch": batch})) for batch in (1, 32))
    prepared = prepare(large)
    need = [training_memory(config, prepared) for config in (small, large)]
    assert need[0].weights == need[1].weights
    assert need[0].batch < need[1].batch
    monkeypatch.setattr(fresh, "machine_memory", lambda: need[0].weights + need[0].batch)
    fresh_model(small, prepared)
    with pytest.raises(ResourceError, match="a training with this batch needs at least") as caught:
        fresh_model(large, prepared)
    assert (caught.value.place, caught.value.exit_code) == ("fit.batch", 5)
    assert "lower fit.batch" in caught.value.remedy


@pytest.mark.parametrize("command", ["train", "check", "compare"])
def test_every_command_refuses_it_once_before_anything_is_built(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(fresh, "machine_memory", lambda: 1000)
    monkeypatch.setattr(fresh, "build_siamese", None)
    raw = tiny.raw_run(data)
    config = parse_run(raw)
    calls: dict[str, Any] = {
        "train": lambda: api.train(config, tmp_path / "out"),
        "check": lambda: api.refuse_untrainable(config, DataSets().prepare(config)),
        "compare": lambda: compare(parse_study({"base": raw, "grid": {"loss": ["mse"]}}), tmp_path / "out"),
    }
    with pytest.raises(ResourceError, match="needs at least"):
        calls[command]()
    assert not (tmp_path / "out").exists()


def test_a_large_vocabulary_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = estimate_memory(TrainingSizes(**{**SIZES, "size": 5_000_000, "embedding": 64}))
    assert large.line.startswith("training needs at least 4.8 GiB of memory: 4.8 for the weights, ")
    config = parse_run(tiny.raw_run(data))
    assert training_memory(config, prepare(config)).line == ""
    monkeypatch.setattr(given_data, "training_memory", lambda *_: large)
    assert api.understood(config, prepare(config))[-1] == large.line
