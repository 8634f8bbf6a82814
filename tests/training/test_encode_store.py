"""Vectors and scores of a whole store equal what a plain loop over single items gives."""

from typing import Any

import numpy as np
import pytest
import torch

import tiny
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.model.precision import can_autocast
from seqtwin.model.siamese import Siamese
from seqtwin.training.encode_store import (
    batch_deviation,
    encode_items,
    part_of,
    predict,
    rounding_deviation,
    score_matrix,
    score_pairs,
)

PARTS: dict[str, Any] = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}


def series_siamese() -> Siamese:
    settings = EncoderConfig(embedding=6, hidden=8)
    return build_siamese(Blueprint(inputs="series", size=3, encoder=settings, **PARTS), seed=0)


def series_store() -> PairStore:
    rng = np.random.default_rng(0)
    items = Ragged.of([rng.normal(size=(length, 3)).astype(np.float32) for length in (1, 9, 4, 4, 64)])
    return PairStore(items, np.array([0, 1, 2, 4]), np.array([3, 1, 4, 0]), np.array([1.0, 1.0, 0.0, 0.0]))


def plain_scores(model: Siamese, store: PairStore) -> list[float]:
    found = []
    with torch.no_grad():
        for row in range(len(store)):
            a, b = (model.encode(store.items.take(side[row : row + 1])) for side in (store.left, store.right))
            found.append(float(model.similarity(a, b)))
    return found


@pytest.mark.parametrize("similarity", ["cosine", "dot", "exp_manhattan", "negative_euclidean"])
def test_predict_equals_a_plain_loop(similarity: str) -> None:
    model, store = tiny.siamese(similarity=similarity).eval(), tiny.store(30)
    np.testing.assert_allclose(predict(model, store), plain_scores(model, store), atol=2e-6)


def test_predict_on_series_equals_a_plain_loop() -> None:
    model, store = series_siamese().eval(), series_store()
    np.testing.assert_allclose(predict(model, store), plain_scores(model, store), atol=2e-6)


def test_one_pair_and_repeated_items() -> None:
    model, store = tiny.siamese().eval(), tiny.store(4)
    rows = np.array([0, 0, 3])
    again = PairStore(store.items, store.left[rows], store.right[rows], store.target[rows])
    np.testing.assert_allclose(predict(model, again), predict(model, store)[rows], atol=1e-6)
    assert predict(model, PairStore(store.items, store.left[:1], store.left[:1], store.target[:1])) == pytest.approx(
        [1]
    )


@pytest.mark.parametrize("training", [True, False])
def test_measuring_is_in_eval_and_gives_the_mode_back(training: bool) -> None:
    model = tiny.siamese(layers=2, dropout=0.5).train(training)
    first, second = (predict(model, tiny.store(10)) for _ in range(2))
    assert model.training == training
    np.testing.assert_array_equal(first, second)


def test_vectors_come_in_the_order_of_the_items_whatever_the_batch() -> None:
    model, items = tiny.siamese(), tiny.store(20).items
    whole = encode_items(model, items)
    assert whole.shape == (40, model.space.dim)
    for batch in (1, 3, 7):
        torch.testing.assert_close(encode_items(model, items, batch=batch), whole, atol=1e-6, rtol=0)


def test_items_are_encoded_in_the_order_of_the_data_where_pads_are_read() -> None:
    model, items = tiny.siamese("last_output", padding="read").eval(), tiny.store(20).items
    found = encode_items(model, items, batch=8)
    with torch.no_grad():
        blocks = [model.encode(items.take(np.arange(start, start + 8))) for start in range(0, 40, 8)]
    torch.testing.assert_close(found, torch.cat(blocks), atol=1e-6, rtol=0)
    # sorted by length there would hardly be a pad, and no mistake to see
    alone = encode_items(model, items, batch=1)
    assert float((found - alone).abs().max()) > 1e-3


def test_a_part_of_a_store_holds_the_same_pairs_and_no_other_item() -> None:
    whole = tiny.store(20)
    rows = np.array([7, 2, 7])
    part = part_of(whole, rows)
    assert len(part.items) == 4
    a, b = whole.batch(rows), part.batch(np.arange(3))
    assert torch.equal(a.left.values, b.left.values)
    assert torch.equal(a.right.lengths, b.right.lengths)
    assert torch.equal(a.target, b.target)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "exp_euclidean"])
def test_pairs_are_the_diagonal_of_the_matrix(similarity: str) -> None:
    model = tiny.siamese(similarity=similarity)
    vectors = encode_items(model, tiny.store(10).items)
    rows = np.arange(20)
    matrix = score_matrix(model, vectors, vectors)
    assert matrix.shape == (20, 20)
    np.testing.assert_allclose(
        score_pairs(model, vectors, rows, rows[::-1].copy()), np.diag(matrix[:, ::-1]), atol=1e-5
    )


def test_many_pairs_are_scored_in_parts() -> None:
    model = tiny.siamese()
    vectors = encode_items(model, tiny.store(3).items)
    left, right = np.random.default_rng(0).integers(0, 6, (2, 10_000))
    expected = score_matrix(model, vectors, vectors)[left, right]
    np.testing.assert_allclose(score_pairs(model, vectors, left, right), expected, atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_deviation_is_nothing_when_pads_are_masked(cell: str) -> None:
    assert batch_deviation(tiny.siamese("mean_output", cell=cell), tiny.store(40).items) < 1e-6
    assert batch_deviation(series_siamese(), series_store().items) < 1e-6


@pytest.mark.parametrize("representation", ["final_hidden", "last_output", "mean_output"])
def test_the_deviation_shows_pads_that_are_read(representation: str) -> None:
    assert batch_deviation(tiny.siamese(representation, padding="read"), tiny.store(40).items) > 1e-3


def test_items_of_one_length_do_not_deviate_even_when_pads_are_read() -> None:
    items = Ragged.of([np.array([2, 3, 4]), np.array([5, 3, 2])])
    assert batch_deviation(tiny.siamese(padding="read"), items) < 1e-6


def test_bfloat16_moves_a_coordinate_a_little() -> None:
    model, items = tiny.siamese("max_output", cell="lstm", hidden=32), tiny.store(40).items
    found = rounding_deviation(model, items)
    if not can_autocast(model):
        assert found is None
    else:
        exact, rounded = (encode_items(model, items, precision=name) for name in ("fp32", "bf16"))
        assert found == pytest.approx(float((exact - rounded).abs().max()))
        assert 0 < found < 0.02


@pytest.mark.parametrize("encoder", [{"cell": "gru", "hidden": 32}, {"cell": "lstm", "hidden": 8}], ids=str)
def test_where_bfloat16_is_refused_there_is_no_deviation(encoder: dict[str, Any]) -> None:
    assert rounding_deviation(tiny.siamese(**encoder), tiny.store(40).items) is None
