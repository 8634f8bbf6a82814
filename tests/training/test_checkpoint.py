"""A training that continues from a checkpoint ends bit for bit as the one that was not interrupted."""

import itertools
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from seqtwin.build_folders import CHECKPOINTS, steps_of
from seqtwin.errors import ConfigError
from seqtwin.training.averaging import AVERAGES
from seqtwin.training.checkpoint import STATE, TENSORS, Checkpoints, differences
from seqtwin.training.epoch_pairs import EpochPairs, SharedRows
from seqtwin.training.fit import fit
from seqtwin.training.hard_negatives import HardNegatives, MiningSettings
from seqtwin.training.run_state import RunState

IDENTITY: Any = {"config": {"fit": {"lr": 0.05}}, "data": {"rows": "ab"}, "machine": {"threads": 1}}
CONTRASTIVE = {"name": "contrastive", "margin": 0.5}
STEPS = 6  # of an epoch


class Killed(Exception):  # noqa: N818
    """The process ends here."""


class KilledAt(Checkpoints):
    """Writes a checkpoint at one step, at the end of its epoch or within it, and ends."""

    at, end = 0, False

    def after_step(self) -> None:
        assert self.training is not None
        if not self.end and self.training.state.step == self.at:
            self.write()
            raise Killed

    def after_epoch(self) -> None:
        assert self.training is not None
        if self.end and self.training.state.step == self.at:
            self.write()
            raise Killed


@dataclass
class Watch:
    """Keeps its first result, as the watcher of pairs does."""

    first: dict[str, float | None] = field(default_factory=dict)

    def __call__(self, model: Any, loss: Any) -> dict[str, float | None]:
        total = float(sum(p.detach().double().sum() for p in model.parameters()))
        self.first = self.first or {"total": total, "none": None, "inf": float("inf")}
        return {"sum": total}


def train(
    keeper: Any = None, *, rows: Any = None, spec: Any = CONTRASTIVE, watch: Any = None, recipe: Any = None,
    **encoder: Any,
) -> tuple[RunState, Any, Any]:  # fmt: skip
    model = tiny.siamese(**encoder)
    loss = tiny.loss_of(model, spec)
    measure = lambda m: float(next(m.parameters()).detach().double().sum())  # noqa: E731
    made = rows() if rows else tiny.store()
    state = fit(
        model, loss, made, tiny.recipe(**(recipe or {})), measure, watch=watch or Watch(), keeper=keeper
    )  # fmt: skip
    return state, loss, made


def resumed(folder: Path, at: int, *, end: bool, **settings: Any) -> tuple[RunState, Any, Any]:
    """The training, ended at a step and then continued by fresh objects."""
    killer = KilledAt(folder, IDENTITY)
    killer.at, killer.end = at, end
    with pytest.raises(Killed):
        train(killer, **settings)
    assert len(steps_of(folder)) == 1
    return train(Checkpoints(folder, IDENTITY), **settings)


def facts(outcome: tuple[RunState, Any, Any]) -> dict[str, Any]:
    """All that a training leaves, without its seconds."""
    state, loss, _ = outcome
    history = [{key: value for key, value in row.items() if key != "seconds"} for row in state.history]
    numbers = (state.step, state.epoch, state.rows, state.best, state.best_epoch, state.stale, state.averaged)
    return {
        "weights": {key: value.tolist() for key, value in state.model.state_dict().items()},
        "loss": {key: value.tolist() for key, value in loss.state_dict().items()},
        "history": history,
        "trace": (state.losses, state.norms),
        "numbers": numbers,
        "silent": loss.silent_batches,
    }


MATRIX = [
    pytest.param(
        cell, layers, both, end, dropout, id=f"{cell}-{layers}-{'bi' if both else 'uni'}-"
        f"{'end' if end else 'mid'}-{dropout}",
        # one of each cell in the normal run, the rest with the long ones
        marks=[] if layers == 2 and both and dropout else [pytest.mark.long],
    )
    for cell, layers, both, end, dropout in itertools.product(
        ("lstm", "gru", "rnn"), (1, 2), (False, True), (False, True), (0.0, 0.3)
    )
]  # fmt: skip


@pytest.mark.parametrize(("cell", "layers", "both", "end", "dropout"), MATRIX)
def test_a_resumed_training_ends_in_the_same_bits(
    tmp_path: Path, cell: str, layers: int, both: bool, end: bool, dropout: float
) -> None:
    drops = {"dropout": dropout if layers == 2 else 0.0, "input_dropout": dropout, "word_dropout": dropout / 2}
    encoder = {"cell": cell, "layers": layers, "bidirectional": both, **drops}
    at = STEPS if end else STEPS + 3
    assert facts(resumed(tmp_path, at, end=end, **encoder)) == facts(train(**encoder))


def test_the_matrix_has_48_configurations() -> None:
    assert len(MATRIX) == 48


SETTINGS = {
    "average": {"recipe": {"average": {"name": "ema", "decay": 0.9}}},
    "mean of last": {"recipe": {"average": {"name": "mean", "last": 0.9}}},
    "schedule": {"recipe": {"schedule": "cosine", "warmup": 0.2, "optimizer": "adamw", "weight_decay": 0.1}},
    "patience": {"recipe": {"epochs": 8, "patience": 2, "lr": 0.5}},
    "balance": {"recipe": {"balance": 0.3}},
    "rates": {"recipe": {"rates": {"recurrent": 0.1}}},
    "sum of losses": {"spec": {"name": "sum", "parts": ["mse", "in_batch"]}},
    "library": {"spec": {"name": "pml", "loss": "TripletMarginLoss", "miner": "BatchEasyHardMiner"}},
    "parameters of a loss": {"spec": {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}}},
    "parameters of a similarity": {"similarity": "exp_euclidean", "spec": "mse"},
}


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_a_training_is_continued(tmp_path: Path, name: str, end: bool) -> None:
    settings: Any = {"dropout": 0.3, "layers": 2, **SETTINGS[name]}
    at = STEPS if end else STEPS + 3
    assert facts(resumed(tmp_path, at, end=end, **settings)) == facts(train(**settings))


def mined_rows() -> EpochPairs:
    store = tiny.store()
    things = torch.arange(len(store.items)).numpy()
    negatives = HardNegatives(store, things, 0.5, MiningSettings(per_text=1, every=2, from_epoch=1, margin=None))
    return EpochPairs(store, 0, [SharedRows(0, 40, 20)], None, negatives)


@pytest.mark.parametrize("at", [3, 9])
def test_negatives_that_were_found_before_are_used_again(tmp_path: Path, at: int) -> None:
    once, again = train(rows=mined_rows), resumed(tmp_path, at, end=False, rows=mined_rows)
    assert facts(again) == facts(once)
    counts = [(o[2].negatives.searches, o[2].negatives.pairs, o[2].negatives.skipped) for o in (once, again)]
    assert counts[0] == counts[1]
    assert counts[0][0] == 2


def test_what_was_watched_first_is_kept(tmp_path: Path) -> None:
    watches = Watch(), Watch()
    train(watch=watches[0])
    killer = KilledAt(tmp_path, IDENTITY)
    killer.at = 4
    with pytest.raises(Killed):
        train(killer)
    train(Checkpoints(tmp_path, IDENTITY), watch=watches[1])
    assert watches[0].first == watches[1].first


# which checkpoint


def two_checkpoints(folder: Path) -> list[Path]:
    class Each(Checkpoints):
        def after_step(self) -> None:
            assert self.training is not None
            if self.training.state.step > 3 * STEPS - 3:
                self.write()

    train(Each(folder, IDENTITY))
    return steps_of(folder)


def test_the_last_two_are_kept_with_strict_json_and_tensors(tmp_path: Path) -> None:
    kept = two_checkpoints(tmp_path)
    assert [path.name for path in kept] == ["step-000000017", "step-000000018"]
    assert sorted(path.name for path in kept[0].iterdir()) == ["manifest.json", STATE, TENSORS]
    assert sorted((tmp_path / CHECKPOINTS).iterdir()) == kept


@pytest.mark.parametrize("name", [STATE, TENSORS, "manifest.json"])
@pytest.mark.parametrize("how", ["cut", "flip", "gone"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    tmp_path: Path, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = two_checkpoints(tmp_path)[-1] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink() if how == "gone" else path.write_bytes(content if how == "flip" else content[: len(content) // 2])
    with caplog.at_level(logging.WARNING):
        again = train(Checkpoints(tmp_path, IDENTITY))
    assert facts(again) == facts(train())
    assert any("damaged" in r.message and "step-000000018" in r.message for r in caplog.records)


def test_without_a_good_one_the_training_starts_over(tmp_path: Path) -> None:
    for path in two_checkpoints(tmp_path):
        (path / TENSORS).write_bytes(b"")
    assert facts(train(Checkpoints(tmp_path, IDENTITY))) == facts(train())


# another training


CHANGED: Any = {**IDENTITY, "config": {"fit": {"lr": 0.01}}}


def test_another_config_is_refused_with_what_differs(tmp_path: Path) -> None:
    two_checkpoints(tmp_path)
    with pytest.raises(ConfigError, match=r"fit\.lr: 0\.05 before, 0\.01 now") as caught:
        train(Checkpoints(tmp_path, CHANGED))
    assert caught.value.exit_code == 2
    assert len(steps_of(tmp_path)) == 2


def test_a_study_starts_over_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    two_checkpoints(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert facts(train(Checkpoints(tmp_path, CHANGED, start_over=True))) == facts(train())
    assert "0.05 before, 0.01 now" in caplog.text


def test_another_machine_continues_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    two_checkpoints(tmp_path)
    with caplog.at_level(logging.WARNING):
        train(Checkpoints(tmp_path, {**IDENTITY, "machine": {"threads": 2}}))
    assert "not bit for bit" in caplog.text
    assert "threads: 1 before, 2 now" in caplog.text


def test_differences_name_what_only_one_side_has() -> None:
    assert differences({"a": {"b": 1}}, {"a": {"c": 1}}) == ["a.b: 1 before, None now", "a.c: None before, 1 now"]


# how often


def test_checkpoints_are_rarer_than_their_cost_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, written = iter(range(10**6)), Counter[str]()

    class Counting(Checkpoints):
        def write(self) -> None:
            written["times"] += 1
            self.last, self.cost = float(next(clock)), 1.0

    monkeypatch.setattr("seqtwin.training.checkpoint.time.monotonic", lambda: float(next(clock)))
    keeper = Counting(tmp_path, IDENTITY)
    for _ in range(500):
        keeper.after_epoch()
    assert written["times"] == 1 + (500 - 4) // 51


def test_a_short_training_writes_none(tmp_path: Path) -> None:
    train(Checkpoints(tmp_path, IDENTITY))
    assert not (tmp_path / CHECKPOINTS).exists()
    assert set(AVERAGES) == {"ema", "mean"}, "add the new one to SETTINGS"
