"""Readings of one encoder against encoders of their own; the probe against what scikit-learn's own pipeline finds."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tiny
from seqtwin.training.diagnostics.every_representation import (
    PENALTY,
    pair_features,
    plain_representations,
    probe,
    read_items,
    read_pairs,
)
from seqtwin.training.encode_store import encode_items, predict, score_pairs

ITEMS = tiny.store(30).items


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("padding", ["masked", "read"])
def test_each_reading_is_what_an_encoder_of_that_representation_gives(cell: str, padding: str) -> None:
    trained: dict[str, Any] = {"cell": cell, "padding": padding, "layers": 2}
    found = read_items(tiny.siamese("max_output", **trained), ITEMS)
    assert ("final_cell" in found.plain) == (cell == "lstm")
    assert not {"join", "attention_output"} & set(found.plain)
    for name, vectors in found.plain.items():
        # the same seed gives the same encoder under every representation
        expected = encode_items(tiny.siamese(name, **trained), ITEMS)
        torch.testing.assert_close(vectors, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("share", [None, 0.5, 1.0])
def test_the_encoders_own_vectors_are_those_of_encode_items_to_the_bit(share: float | None) -> None:
    model = tiny.siamese("attention_output", **({} if share is None else {"lexical": {"share": share}}))
    assert torch.equal(read_items(model, ITEMS).own, encode_items(model, ITEMS))


def test_the_vectors_of_pairs_are_those_of_the_items_they_use() -> None:
    model, store = tiny.siamese(), tiny.store(30)
    read = read_pairs(model, store)
    scores = score_pairs(model, read.vectors.own, read.pairs.left, read.pairs.right)
    assert np.array_equal(scores, predict(model, store))


def test_reading_draws_nothing_and_gives_the_mode_back() -> None:
    model = tiny.siamese("attention_output").train()
    world = torch.random.get_rng_state()
    read_items(model, ITEMS)
    assert model.training
    assert torch.equal(torch.random.get_rng_state(), world)
    assert all(not any(True for _ in part.parameters()) for part in plain_representations(model).values())


def test_features_are_the_gap_and_the_product() -> None:
    found = pair_features(torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 4.0]]))
    assert found.tolist() == [[2, 6, 3, -8]]


def test_the_probe_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x, fresh = rng.normal(size=(200, 6)), rng.normal(size=(50, 6))
    y = (x @ [1, 2, 0, 0, -1, 0] + rng.normal(size=200)) > 0
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1 / PENALTY)).fit(x, y)
    np.testing.assert_allclose(probe((x, y), fresh, classes=True), theirs.decision_function(fresh), atol=1e-2)
    ridge = make_pipeline(StandardScaler(), Ridge(alpha=PENALTY)).fit(x, y.astype(float))
    np.testing.assert_allclose(probe((x, y.astype(float)), fresh, classes=False), ridge.predict(fresh), atol=1e-9)


def test_the_probe_finds_what_the_similarity_cannot_read() -> None:
    """Sameness stands in one coordinate, whose product is negative for same pairs: cosine ranks them the wrong way."""
    rng = np.random.default_rng(1)
    same = np.arange(600) % 2 == 0
    left, right = rng.normal(size=(2, 600, 8)).astype(np.float32)
    right[:, 0] = np.where(same, -left[:, 0], left[:, 0])
    a, b = torch.from_numpy(left), torch.from_numpy(right)
    features = pair_features(a, b)
    scores = probe((features[:400], same[:400]), features[400:], classes=True)
    cosine = torch.cosine_similarity(a, b).numpy()[400:]
    assert roc_auc_score(same[400:], cosine) < 0.4
    assert roc_auc_score(same[400:], scores) > 0.85


def test_more_features_than_pairs_are_no_error() -> None:
    x = np.random.default_rng(2).normal(size=(10, 80))
    assert np.isfinite(probe((x, np.arange(10) % 2 == 0), x, classes=True)).all()
    constant = np.ones((10, 4))
    assert np.isfinite(probe((constant, np.arange(10) % 2 == 0), constant, classes=True)).all()
