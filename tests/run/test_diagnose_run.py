"""The diagnostics of a run: complete, deterministic, true where the truth is known, and without a trace in training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import tiny
from seqtwin.config import RunConfig, parse_run
from seqtwin.model.siamese import Siamese
from seqtwin.run.begin import recipe_of
from seqtwin.run.build_losses import build_loss
from seqtwin.run.diagnose_run import Trained, Watcher, diagnostics, isotonic_gain, some_rows
from seqtwin.run.evaluate import judge
from seqtwin.run.every_representation import read_all
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.pairs import calibrate, rank_metric
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.prepared_data import Prepared
from seqtwin.training.diagnostics import loss_view
from seqtwin.training.fit import fit

NAMES = {
    "plateau_ratio", "beyond_margin_start", "beyond_margin_end", "margin_reach", "head_median_start", "norm_mean",
    "norm_mean_start", "norm_spread", "norm_length_correlation", "saturated", "effective_rank",
    "effective_rank_share", "top_singular_share", "random_cosine", "random_cosine_start", "alignment",
    "uniformity", "train_auc", "gradient_first", "gradient_middle", "gradient_last", "gradient_ratio",
    "third_first", "third_middle", "third_last", "rank_minus_pearson", "isotonic_gain", "probe_metric",
    "native_metric", "left_plateau_step", "left_plateau_share", "stuck", "steps", "step_budget",
    "batch_deviation", "permutation_deviation", "padding_deviation", "score_length_correlation", "length_auc",
    "distance_start", "distance_end", "test_score_auc", "leakage_share",
}  # fmt: skip
EUCLIDEAN: dict[str, Any] = {
    "loss": {"name": "contrastive", "distance": "euclidean", "margin": "auto"},
    "similarity": "negative_euclidean",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("evidence") / "data")


def config_of(folder: Path, **sections: Any) -> RunConfig:
    return parse_run(tiny.raw_run(folder, **sections))


def trained(config: RunConfig, *, change: Callable[[Siamese], None] = lambda _: None) -> Trained:
    """A training as a run does it; `change` is done to the model before."""
    prepared = prepare_pairs(config)
    model = fresh_model(config, prepared)
    change(model)
    loss = build_loss(config.loss, model, prepared.data.cut)
    calibrate(loss, model, prepared, config)
    recipe = recipe_of(config)
    watcher = Watcher.of(prepared.stores["train"], recipe)
    state = fit(model, loss, prepared.stores["train"], recipe, rank_metric(prepared), watch=watcher)
    return Trained(
        model, model, loss, prepared, recipe, state, watcher, judge(model, prepared, {}), 0.0, prepared.stores["train"]
    )


@pytest.fixture(scope="module")
def healthy(folder: Path) -> Trained:
    return trained(config_of(folder, fit={"epochs": 8, "patience": None}))


@pytest.mark.parametrize(
    "sections",
    [
        {},
        EUCLIDEAN,
        {"loss": "triplet", "encoder": {"cell": "gru", "layers": 2, "dropout": 0.2}},
        {"similarity": {"name": "exp_manhattan", "tau": 1.0}, "representation": "final_cell"},
        {"loss": "bce", "similarity": "pair_scorer", "encoder": {"padding": "read"}},
        {"loss": "cosent", "projection": {"name": "linear", "dim": 3}, "encoder": {"bidirectional": False}},
        {"loss": {"name": "pml", "loss": "MultiSimilarityLoss"}, "encoder": {"cell": {"name": "rnn"}}},
    ],
)
def test_every_run_has_every_diagnostic_a_finite_number_or_nothing(folder: Path, sections: dict[str, Any]) -> None:
    found = diagnostics(trained(config_of(folder, **sections)))
    assert set(found) == NAMES
    assert all(value is None or np.isfinite(value) for value in found.values())
    contrastive = sections.get("loss") == EUCLIDEAN["loss"]
    assert (found["beyond_margin_start"] is not None) == contrastive
    assert (found["head_median_start"] is not None) == isinstance(sections.get("similarity"), dict)
    assert (found["stuck"] is None) == (found["plateau_ratio"] is None)


def test_series_have_diagnostics_too() -> None:
    raw = {"data": {"name": "digits", "pairs": 60}, "encoder": {"embedding": 6, "hidden": 8}, "fit": {"epochs": 1}}
    found = diagnostics(trained(parse_run(raw)))
    assert set(found) == NAMES
    assert found["gradient_first"] is not None


def test_one_class_in_dev_leaves_its_metrics_out(tmp_path: Path) -> None:
    config = config_of(tiny.write_pairs(tmp_path / "data", only={"dev": 1}), fit={"epochs": 1})
    found = diagnostics(trained(config))
    nothing = ("third_first", "rank_minus_pearson", "isotonic_gain", "probe_metric", "native_metric")
    assert [found[name] for name in nothing] == [None] * 5
    assert found["train_auc"] is not None


WATCHED: list[dict[str, Any]] = [
    {"encoder": {"layers": 2, "dropout": 0.5}},
    {**EUCLIDEAN},
    {"loss": {"name": "pml", "loss": "TripletMarginLoss", "miner": "BatchEasyHardMiner", "pairs": "batch"}},
    {"loss": {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}}, "encoder": {"cell": "gru"}},
    {"representation": "attention_output", "encoder": {"padding": "read"}},
]


@pytest.mark.parametrize(("batch", "watched"), [(16, 128), (200, 200)])
def test_after_an_epoch_fewer_pairs_are_watched_but_a_whole_batch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, batch: int, watched: int
) -> None:
    config = config_of(folder)
    prepared = prepare_pairs(config)
    looked: list[int] = []

    def look(model: Siamese, store: Any, rows: np.ndarray) -> Any:
        looked.append(len(rows))
        return whole(model, store, rows)

    whole = loss_view.look
    monkeypatch.setattr(loss_view, "look", look)
    model = fresh_model(config, prepared)
    loss = build_loss(config.loss, model, prepared.data.cut)
    watcher = Watcher(prepared.stores["train"], np.arange(256) % len(prepared.stores["train"]), batch)
    for _ in range(2):
        watcher(model, loss)
    assert looked == [256, watched, watched]


@pytest.mark.parametrize("sections", WATCHED)
def test_weights_are_bit_equal_with_and_without_a_watcher(folder: Path, sections: dict[str, Any]) -> None:
    config = config_of(folder, **sections)
    prepared = prepare_pairs(config)
    found = []
    for watched in (True, False):
        model = fresh_model(config, prepared)
        loss = build_loss(config.loss, model, 0.5)
        calibrate(loss, model, prepared, config)
        store, recipe = prepared.stores["train"], recipe_of(config)
        extra: dict[str, Any] = {"watch": Watcher.of(store, recipe)} if watched else {}
        state = fit(model, loss, store, recipe, rank_metric(prepared), **extra)
        found.append({**model.state_dict(), **{f"loss.{k}": v for k, v in loss.state_dict().items()}})
        assert ("effective_rank" in state.history[1]) == watched
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[1])


def test_explaining_changes_neither_the_encoder_nor_any_generator(healthy: Trained) -> None:
    before = {name: value.clone() for name, value in healthy.model.state_dict().items()}
    world, numpy_world = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]
    first = diagnostics(healthy)
    assert diagnostics(healthy) == first
    read_all(healthy.model, healthy.prepared, healthy.judged.read, "cosine")
    assert torch.equal(torch.random.get_rng_state(), world)
    assert np.random.get_state()[1].tolist() == numpy_world  # type: ignore[index]
    assert all(torch.equal(healthy.model.state_dict()[name], value) for name, value in before.items())
    assert healthy.loss.silent_batches == 0


# where the truth is known


def test_numbers_of_pairs_are_those_of_scikit_learn_and_scipy(healthy: Trained) -> None:
    found, prepared = diagnostics(healthy), healthy.prepared
    dev, test = prepared.stores["dev"], prepared.stores["test"]
    scores = healthy.judged.predicted
    assert found["test_score_auc"] == pytest.approx(roc_auc_score(test.target, scores["test"]))
    assert found["native_metric"] == pytest.approx(roc_auc_score(dev.target, scores["dev"]))
    alike = -np.abs(dev.items.lengths[dev.left] - dev.items.lengths[dev.right])
    assert found["score_length_correlation"] == pytest.approx(spearmanr(scores["dev"], alike).statistic)
    pearson = np.corrcoef(scores["dev"], dev.target)[0, 1]
    rank = spearmanr(scores["dev"], dev.target).statistic
    assert found["rank_minus_pearson"] == pytest.approx(rank - pearson)
    train = prepared.stores["train"]
    alike = -np.abs(train.items.lengths[train.left] - train.items.lengths[train.right])
    assert found["length_auc"] == pytest.approx(roc_auc_score(train.target, alike))


def test_a_task_of_first_tokens_lives_on_the_first_third(healthy: Trained) -> None:
    found = diagnostics(healthy)
    assert found["third_first"] is not None
    assert found["third_first"] > 0.8
    assert (found["stuck"], found["steps"], found["step_budget"]) == (0.0, 48.0, 48.0)
    assert found["train_auc"] is not None
    assert found["train_auc"] > 0.95
    assert found["probe_metric"] is not None
    assert found["probe_metric"] > 0.8
    assert found["permutation_deviation"] < 1e-6  # type: ignore[operator]
    assert found["padding_deviation"] < 1e-6  # type: ignore[operator]


def test_labels_the_wrong_way_round_show_in_training_pairs(healthy: Trained) -> None:
    turned = healthy.prepared.stores["train"]
    turned = type(turned)(turned.items, turned.left, turned.right, 1 - turned.target)
    prepared = Prepared(**{**vars(healthy.prepared), "stores": {**healthy.prepared.stores, "train": turned}})
    inverted = Trained(**{**_fields(healthy), "prepared": prepared, "watcher": Watcher(turned, np.arange(96), 16)})
    inverted.watcher.first.update(healthy.watcher.first)
    assert diagnostics(inverted)["train_auc"] < 0.1  # type: ignore[operator]


def _fields(t: Trained) -> dict[str, Any]:
    return {name: getattr(t, name) for name in Trained.__dataclass_fields__}


def test_a_step_budget_too_short_is_stuck(folder: Path) -> None:
    found = diagnostics(trained(config_of(folder, fit={"epochs": 3, "lr": 1e-7, "schedule": "constant"})))
    assert (found["stuck"], found["left_plateau_step"], found["left_plateau_share"]) == (1.0, None, None)


def test_an_encoder_that_collapsed_uses_no_dimension(folder: Path) -> None:
    def flatten(model: Siamese) -> None:
        for weight in model.encoder.rnn.parameters():
            weight.data.zero_()
        model.encoder.rnn.bias_ih_l0.data.fill_(0.5)
        model.encoder.rnn.requires_grad_(False)

    sections = {**EUCLIDEAN, "loss": {**EUCLIDEAN["loss"], "margin": 0.5}, "encoder": {"bidirectional": False}}
    found = diagnostics(trained(config_of(folder, **sections, representation="first_output"), change=flatten))
    assert found["effective_rank"] == pytest.approx(1, abs=1e-3)
    assert found["top_singular_share"] == pytest.approx(1, abs=1e-3)
    assert (found["alignment"], found["uniformity"]) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))
    assert found["random_cosine"] == pytest.approx(1)
    assert found["beyond_margin_end"] == 0


def test_a_wide_head_without_temperature_is_saturated_from_the_start(folder: Path) -> None:
    medians = []
    for tau in (0.05, "width"):
        sections = {"similarity": {"name": "exp_manhattan", "tau": tau}, "encoder": {"hidden": 32}}
        medians.append(diagnostics(trained(config_of(folder, **sections, fit={"epochs": 1})))["head_median_start"])
    assert medians[0] < 1e-4
    assert medians[1] > 0.1


def test_the_margin_of_auto_lies_at_the_median_of_the_negatives(folder: Path) -> None:
    found = diagnostics(trained(config_of(folder, **EUCLIDEAN)))
    assert found["beyond_margin_start"] == pytest.approx(0.5, abs=0.03)
    assert found["margin_reach"] is not None
    assert 0 < found["margin_reach"] < 1


@pytest.mark.parametrize("steps", [1, 5])
def test_isotonic_gain_is_what_a_rising_map_adds(steps: int) -> None:
    rng = np.random.default_rng(0)
    target = rng.random(400)
    bent = np.exp(12 * target)
    assert isotonic_gain(bent, target) == pytest.approx(1 - np.corrcoef(bent, target)[0, 1], abs=0.02)
    assert abs(isotonic_gain(target + rng.normal(0, 0.1, 400), target) or 1) < 0.02
    assert isotonic_gain(np.ones(4 * steps), np.arange(4.0 * steps)) is None


def test_isotonic_gain_is_not_what_a_map_learns_by_heart() -> None:
    rng = np.random.default_rng(3)
    gains = [isotonic_gain(*rng.normal(size=(2, 60))) for _ in range(60)]
    # maps fitted and measured on the same noise would gain .3
    assert abs(np.mean([gain for gain in gains if gain is not None])) < 0.08


def test_samples_are_the_same_for_the_same_seed_and_nested() -> None:
    store = tiny.store(50)
    few, more, other = some_rows(store, 10, 0), some_rows(store, 99, 0), some_rows(store, 10, 1)
    assert few.tolist() == more[:10].tolist()
    assert sorted(more.tolist()) == list(range(50))
    assert few.tolist() != other.tolist()


def test_a_trained_scorer_is_read_by_the_cosine(folder: Path) -> None:
    t = trained(config_of(folder, loss="bce", similarity="pair_scorer", fit={"epochs": 1}))
    found = read_all(t.model, t.prepared, t.judged.read, "pair_scorer")
    assert found == read_all(t.model, t.prepared, t.judged.read, "cosine") or t.model.similarity.indexable
    assert all(0 <= value["test"] <= 1 for value in found.values() if value["test"] is not None)
