"""Hard negatives during a training, against `mine`, which works on a saved encoder and on texts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import tiny
from seqtwin.data.batches import PairStore
from seqtwin.data.known_same import number_things
from seqtwin.matching.mine import mine
from seqtwin.model.siamese import Siamese
from seqtwin.training.encode_store import encode_items
from seqtwin.training.hard_negatives import HardNegatives, MiningSettings

USUAL = MiningSettings(per_text=2, every=1, from_epoch=1, margin=0.1)


class Encoded:
    """The model as the encoder of `mine`; a text is the number of an item."""

    threshold = None

    def __init__(self, model: Siamese, store: PairStore) -> None:
        self.model, self.vectors = model, encode_items(model, store.items)

    def encode(self, texts: list[str]) -> np.ndarray:
        return self.vectors[[int(text) for text in texts]].numpy()

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.model.similarity.matrix(torch.from_numpy(a), torch.from_numpy(b)).numpy()


def distinct(store: PairStore) -> PairStore:
    """The store with each distinct sequence once."""
    items = [own.tobytes() for own in np.split(store.items.steps, store.items.starts[1:])]
    first = {key: items.index(key) for key in items}
    places = np.array([first[key] for key in items])
    return replace(store, left=places[store.left], right=places[store.right])


def negatives(store: PairStore, settings: MiningSettings = USUAL) -> HardNegatives:
    same = store.target >= 0.5
    things = number_things(len(store.items), store.left[same], store.right[same], [])
    return HardNegatives(store, things, 0.5, settings)


@pytest.mark.parametrize("margin", [0.0, 0.1, 5.0])
@pytest.mark.parametrize(("seed", "similarity"), [(0, "cosine"), (1, "cosine"), (2, "exp_manhattan")])
def test_they_are_those_that_mine_finds(seed: int, similarity: str, margin: float) -> None:
    store, model = distinct(tiny.store(60, seed=seed)), tiny.siamese(similarity=similarity, seed=seed)
    finder = negatives(store, replace(USUAL, margin=margin))
    left, right = finder.epoch(model, 1)
    lefts, rights = ([str(item) for item in side] for side in (store.left, store.right))
    expected = mine(Encoded(model, store), lefts, rights, (store.target >= 0.5).tolist(), margin=margin, per_anchor=2)
    assert {(str(a), str(b)) for a, b in zip(left, right, strict=True)} == {(a, b) for a, b, _ in expected.negatives}
    assert (finder.searches, finder.pairs) == (1, len(left))
    assert 0 < len(left) <= finder.most


def test_no_margin_skips_nothing() -> None:
    store, model = distinct(tiny.store(60)), tiny.siamese()
    free, wide = (negatives(store, replace(USUAL, margin=margin)) for margin in (None, 9.0))
    np.testing.assert_array_equal(free.epoch(model, 1), wide.epoch(model, 1))
    assert free.skipped == wide.skipped == 0
    strict = negatives(store, replace(USUAL, margin=-0.5))
    assert strict.epoch(model, 1)[0].size < free.epoch(model, 1)[0].size
    assert strict.skipped > 0


def test_they_are_searched_when_due_and_kept_in_between() -> None:
    store = distinct(tiny.store(40))
    finder = negatives(store, MiningSettings(1, every=2, from_epoch=2, margin=None))
    found = [finder.epoch(tiny.siamese(seed=epoch), epoch) for epoch in range(1, 6)]
    assert found[0][0].size == 0
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_array_equal(found[3], found[4])
    assert finder.searches == 2
    fresh = negatives(store, MiningSettings(1, every=1, from_epoch=1, margin=None))
    np.testing.assert_array_equal(fresh.epoch(tiny.siamese(seed=2), 7), found[1])


def test_things_are_never_negatives_of_themselves() -> None:
    store, model = distinct(tiny.store(40)), tiny.siamese()
    things = np.arange(len(store.items)) % 2
    left, right = HardNegatives(store, things, 0.5, USUAL).epoch(model, 1)
    assert left.size
    assert (things[left] != things[right]).all()


def test_a_search_changes_neither_the_model_nor_the_random_numbers() -> None:
    store, model = distinct(tiny.store(40)), tiny.siamese(layers=2, dropout=0.5).train()
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, second = (negatives(store).epoch(model, 1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert model.training
    assert torch.equal(torch.random.get_rng_state(), before)


def test_pairs_of_one_thing_have_no_negatives() -> None:
    store = distinct(tiny.store(20))
    finder = HardNegatives(store, np.zeros(len(store.items), dtype=np.int64), 0.5, USUAL)
    assert finder.epoch(tiny.siamese(), 1)[0].size == 0
