"""Linked neighbours: close groups are whole, chains are not joined, and pairs that k leaves out are counted."""

import itertools

import numpy as np
import pytest

from drawn import Drawn
from seqtwin.index.exact_search import Neighbours, nearest
from seqtwin.matching.clusters import components, mutual
from seqtwin.matching.dedupe import dedupe
from seqtwin.matching.neighbour_links import close_groups, linked


class Vectors:
    """An encoder of texts "0", "1", ...: the rows of a table, compared by cosine."""

    threshold = 0.9

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.texts = [str(row) for row in range(len(vectors))]

    def encode(self, texts: list[str]) -> np.ndarray:
        return self.vectors[[int(text) for text in texts]]

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a @ b.T)


def around(centres: int, size: int, spread: float, seed: int, dim: int = 24) -> Vectors:
    """Groups of variants, each around a centre of its own, in mixed order of rows: row r is of group r % centres."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=(centres, dim))
    return Vectors(np.concatenate([middle + spread * rng.normal(size=middle.shape) for _ in range(size)]))


def found_in(encoder: Vectors, k: int = 16) -> Neighbours:
    rows = np.arange(len(encoder.vectors))
    return nearest(encoder.similarity, encoder.vectors, encoder.vectors, k, itself=rows)


@pytest.mark.parametrize("size", [5, 8, 10, 13, 16])
@pytest.mark.parametrize("centres", [1, 2, 40])
def test_a_group_of_variants_is_never_split(size: int, centres: int) -> None:
    split = 0
    for seed in range(5):
        encoder = around(centres, size, 0.12, seed)
        scores = encoder.vectors @ encoder.vectors.T
        own = np.arange(len(scores)) % centres
        inside = scores[own[:, None] == own].min()
        found = dedupe(encoder, encoder.texts, threshold=float(inside))
        assert len(np.unique(np.stack([found.cluster, own]), axis=1).T) == centres == len(found.sizes)
        assert found.cut.pairs == 0
        split += len(dedupe(encoder, encoder.texts, threshold=float(inside), k=3).sizes) > centres
    assert split or size < 8 or centres == 1, "the nearest three alone hold such groups: this test shows nothing"


def test_k_alone_splits_variants_and_says_how_many_links_it_cut() -> None:
    encoder = around(40, 8, 0.12, 0)
    scores = encoder.vectors @ encoder.vectors.T
    own = np.arange(320) % 40
    limit = float(scores[own[:, None] == own].min())
    found = dedupe(encoder, encoder.texts, threshold=limit, k=2)
    assert len(found.sizes) > 40
    apart = [(a, b) for a, b in itertools.combinations(range(320), 2) if found.cluster[a] != found.cluster[b]]
    assert found.cut.pairs == sum(scores[a, b] >= limit for a, b in apart)
    assert not found.cut.more
    whole = dedupe(encoder, encoder.texts, threshold=limit, k=found.cut.k)
    assert whole.cut.pairs == 0
    assert len(whole.sizes) == 40


def test_what_was_not_looked_at_is_said_to_be_more() -> None:
    rng = np.random.default_rng(0)
    encoder = Vectors(1.0 + 0.01 * rng.normal(size=(60, 4)))
    found = dedupe(encoder, encoder.texts, threshold=0.9, k=1)
    assert found.cut.more
    assert found.cut.pairs > 0
    assert found.cut.k > 1


@pytest.mark.parametrize("step", [1.0, 4.0])
def test_a_chain_is_no_close_group(step: float) -> None:
    # evenly spaced, each is as near to the next as to the last: no set is nearer inside than outside
    encoder = Drawn({f"t{n}": step * n for n in range(30)})
    rows = np.arange(30)
    vectors = encoder.encode([f"t{n}" for n in range(30)])
    found = nearest(encoder.similarity, vectors, vectors, 16, itself=rows)
    assert len(close_groups(found)[0]) == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_group_with_one_text_in_between_is_whole_or_its_cut_links_are_counted(seed: int) -> None:
    # a stranger is as near to one of eight variants as they are to each other, and to none of the others
    plain = around(3, 8, 0.12, seed)
    outwards = plain.vectors[0] - plain.vectors[::3].mean(axis=0)
    encoder = Vectors(np.vstack([plain.vectors, plain.vectors[0] + 0.8 * outwards]))
    scores = encoder.vectors @ encoder.vectors.T
    limit = float(scores[np.ix_(range(0, 24, 3), range(0, 24, 3))].min())
    found = dedupe(encoder, encoder.texts, threshold=limit)
    assert len(set(found.cluster[0:24:3].tolist())) == 1 or found.cut.pairs > 0


@pytest.mark.parametrize("seed", range(4))
def test_close_groups_are_those_of_a_plain_loop(seed: int) -> None:
    encoder = around(6, 7, 0.5, seed, dim=3)
    scores = (encoder.vectors @ encoder.vectors.T).astype(np.float32)
    np.fill_diagonal(scores, -np.inf)
    count = len(scores)
    expected = set()
    for row in range(count):
        order = np.argsort(-scores[row], kind="stable")
        for size in range(5, 17):
            group = [row, *order[: size - 1].tolist()]
            rest = [other for other in range(count) if other not in group]
            inside = min(scores[a, b] for a, b in itertools.permutations(group, 2))
            if inside > scores[np.ix_(group, rest)].max():
                expected.add(frozenset(group))
    holding, _ = close_groups(found_in(encoder))
    sizes: dict[tuple[int, float], set[int]] = {}
    for left, right, score in zip(holding.left.tolist(), holding.right.tolist(), holding.scores.tolist(), strict=True):
        sizes.setdefault((left, score), {left}).add(right)
    assert {frozenset(group) for group in sizes.values()} == expected


def test_each_pair_of_the_review_stands_once_with_its_own_score() -> None:
    encoder = around(10, 9, 0.12, 3)
    links = linked(found_in(encoder), None)
    keys = links.pairs.left * 1000 + links.pairs.right
    assert len(np.unique(keys)) == len(keys)
    scores = encoder.vectors @ encoder.vectors.T
    np.testing.assert_allclose(links.pairs.scores, scores[links.pairs.left, links.pairs.right], atol=1e-6)
    assert (np.diff(links.holding.scores) <= 0).all()


@pytest.mark.parametrize("k", [1, 2, 3, 7, 200])
def test_with_k_only_mutual_neighbours_are_linked(k: int) -> None:
    found = found_in(around(10, 9, 0.12, 3), k)
    links = linked(found, k)
    expected = mutual(Neighbours(found.rows[:, :k], found.scores[:, :k]))
    np.testing.assert_array_equal(components(90, links.holding), components(90, expected))


@pytest.mark.parametrize("count", range(8))
def test_few_texts(count: int) -> None:
    # all are nearer to each other than to anything else, as there is nothing else
    encoder = around(1, 8, 0.05, 0)
    found = dedupe(encoder, encoder.texts[:count], threshold=-1.0)
    assert len(found.sizes) == min(count, 1)
