"""Clusters of one list against a plain loop, and angles."""

import itertools
import math

import numpy as np
import pytest

from drawn import Drawn, scattered
from seqtwin.errors import ConfigError, DataError
from seqtwin.index.exact_search import Neighbours
from seqtwin.matching import nearest_texts
from seqtwin.matching.clusters import Pairs, central, components, forest, mutual
from seqtwin.matching.decisions import Decision
from seqtwin.matching.dedupe import dedupe
from seqtwin.matching.link import link


def plain_clusters(encoder: Drawn, texts: list[str], threshold: float, k: int) -> set[frozenset[int]]:
    """Rows joined where both texts are among the k nearest of each other; a plain loop over all pairs."""
    items = list(dict.fromkeys(texts))
    scores = {(a, b): float(encoder.vectors[a] @ encoder.vectors[b]) for a in items for b in items if a != b}
    near = {a: sorted((b for b in items if b != a), key=lambda b, a=a: -scores[a, b])[:k] for a in items}
    group = {a: {a} for a in items}
    for a, b in itertools.combinations(items, 2):
        if b in near[a] and a in near[b] and scores[a, b] >= threshold:
            joined = group[a] | group[b]
            for member in joined:
                group[member] = joined
    return {frozenset(row for row, text in enumerate(texts) if text in group[item]) for item in items}


def as_sets(cluster: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(cluster == c).tolist()) for c in np.unique(cluster)}


@pytest.mark.parametrize("threshold", [0.3, 0.95, 0.9999])
@pytest.mark.parametrize("k", [1, 3, 200])
@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_those_of_a_plain_loop(threshold: float, k: int, seed: int) -> None:
    encoder = scattered(60, seed)
    rng = np.random.default_rng(seed)
    texts = [f"t{n}" for n in rng.integers(0, 60, size=90)]
    found = dedupe(encoder, texts, threshold=threshold, k=k)
    assert as_sets(found.cluster) == plain_clusters(encoder, texts, threshold, k)
    assert len(encoder.asked) == len(set(texts))
    several = found.sizes[found.sizes > 1]
    assert found.at(threshold) == (len(several), several.sum(), found.sizes.max())
    firsts = [int(np.flatnonzero(found.cluster == c)[0]) for c in range(len(found.sizes))]
    assert firsts == sorted(firsts)


def test_nothing_one_row_and_identical_rows() -> None:
    encoder = Drawn({"a": 0, "ü\U0001f600" * 1000: 90})
    none = dedupe(encoder, [])
    assert (len(none.cluster), len(none.sizes), none.at(0.5), none.other_thresholds()) == (0, 0, (0, 0, 0), [])
    assert len(none.review()) == 0
    one = dedupe(encoder, ["a"])
    assert (one.cluster.tolist(), one.representative.tolist(), one.scores.tolist()) == ([0], [0], [1.0])
    again = dedupe(encoder, ["ü\U0001f600" * 1000, "a", "a", "a"], threshold=2.0)
    assert (again.cluster.tolist(), again.representative.tolist()) == ([0, 1, 1, 1], [0, 1, 1, 1])
    assert np.isnan(again.weakest).all()
    assert again.at(0.5) == again.at(100.0) == (1, 3, 3)


def test_the_middle_stands_for_the_rest_and_the_weakest_link_is_told() -> None:
    encoder = Drawn({"low": 0, "mid": 10, "high": 25, "far": 180})
    found = dedupe(encoder, ["low", "far", "high", "mid"], threshold=math.cos(math.radians(16)))
    assert found.cluster.tolist() == [0, 1, 0, 0]
    assert found.representative.tolist() == [3, 1, 3, 3]
    np.testing.assert_allclose(found.scores, np.cos(np.deg2rad([10, 0, 15, 0])), atol=1e-6)
    np.testing.assert_allclose(found.weakest, [math.cos(math.radians(15)), np.nan], atol=1e-6)


def test_the_frequent_spelling_stands_for_a_pair_and_the_first_of_equals() -> None:
    encoder = Drawn({"a": 0, "b": 5})
    assert set(dedupe(encoder, ["a", "b", "b"]).representative.tolist()) == {1}
    assert set(dedupe(encoder, ["b", "a"]).representative.tolist()) == {0}


def test_only_mutual_neighbours_are_linked() -> None:
    # b's nearest is c, so with k = 1 the link from a is not returned
    encoder = Drawn({"a": 0, "b": 10, "c": 15})
    assert dedupe(encoder, ["a", "b", "c"], k=1).cluster.tolist() == [0, 1, 1]
    assert dedupe(encoder, ["a", "b", "c"], k=2).cluster.tolist() == [0, 0, 0]


# decisions


ANGLES = {"a": 0, "b": 5, "c": 11, "z": 180}


def test_decisions_come_before_scores() -> None:
    encoder = Drawn(ANGLES)
    joined = dedupe(encoder, ["a", "b", "c", "z"], decisions=[Decision("a", "z", True)])
    assert joined.cluster.tolist() == [0, 0, 0, 0]
    # the better link wins: b stays with a, and c is kept away from a
    apart = dedupe(encoder, ["a", "b", "c", "z"], decisions=[Decision("c", "a", False)])
    assert apart.cluster.tolist() == [0, 0, 1, 2]
    both = dedupe(encoder, ["a", "b", "c", "z"], decisions=[Decision("a", "z", True), Decision("z", "c", False)])
    assert both.cluster.tolist() == [0, 0, 1, 0]
    assert both.at(both.threshold) == (1, 3, 3)


def test_what_was_decided_is_not_asked_again_and_strangers_are_counted() -> None:
    encoder = Drawn(ANGLES)
    found = dedupe(encoder, list("abcz"), decisions=[Decision("a", "b", True), Decision("a", "q", True)])
    assert found.strangers == 1
    asked = found.review()
    assert {(a, b) for a, b in zip(asked.left.tolist(), asked.right.tolist(), strict=True)} == {
        (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("decisions", "lines"),
    [
        ([("a", "b", True), ("b", "a", False)], "line 3: .* by line 2"),
        ([("a", "b", True), ("b", "c", True), ("c", "z", True), ("a", "z", False)], "line 5: .* by lines 2, 3, 4"),
        ([("a", "a", False)], "line 2: 'a' and 'a' are the same text"),
        ([("q", "r", True), ("r", "q", False)], "line 3"),
    ],
)
def test_decisions_that_disagree_are_named(decisions: list[tuple[str, str, bool]], lines: str) -> None:
    listed = [Decision(*decision, line) for line, decision in enumerate(decisions, start=2)]
    with pytest.raises(DataError, match=lines) as caught:
        dedupe(Drawn(ANGLES), list("abcz"), decisions=listed)
    assert caught.value.code == "DECISIONS_DISAGREE"


@pytest.mark.parametrize("seed", range(6))
def test_different_items_are_never_in_one_cluster(seed: int) -> None:
    rng = np.random.default_rng(seed)
    encoder = scattered(40, seed)
    pairs = [rng.choice(40, size=2, replace=False) for _ in range(25)]
    decisions = [Decision(f"t{a}", f"t{b}", False) for a, b in pairs]
    found = dedupe(encoder, [f"t{n}" for n in range(40)], threshold=0.5, decisions=decisions)
    assert all(found.cluster[a] != found.cluster[b] for a, b in pairs)
    assert len(found.sizes) < 40


def test_review_asks_on_both_sides_of_the_threshold() -> None:
    encoder = scattered(80, 1)
    found = dedupe(encoder, [f"t{n}" for n in range(80)], threshold=0.999)
    asked = found.review(10)
    assert len(asked) == 10
    assert (np.diff(asked.scores) <= 0).all()
    assert (asked.scores >= 0.999).sum() == 5
    every = found.doubtful.scores
    assert set(asked.scores[:5]) == set(np.sort(every[every >= 0.999])[:5])
    below = found.cluster[asked.left[5:]] != found.cluster[asked.right[5:]]
    assert below.all()


def test_progress_and_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, texts = scattered(50, 3), [f"t{n}" for n in range(50)]
    whole = dedupe(encoder, texts, threshold=0.9)
    monkeypatch.setattr(nearest_texts, "AT_ONCE", 7)
    heard: list[tuple[int, int]] = []
    parts = dedupe(encoder, texts, threshold=0.9, on_rows=lambda done, total: heard.append((done, total)))
    np.testing.assert_array_equal(parts.cluster, whole.cluster)
    assert heard[-1] == (100, 100)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    linked: list[tuple[int, int]] = []
    again = link(encoder, texts[:20], texts[20:], on_rows=lambda done, total: linked.append((done, total)))
    assert linked[-1][0] <= linked[-1][1]
    monkeypatch.undo()
    np.testing.assert_array_equal(again.rows, link(encoder, texts[:20], texts[20:]).rows)


def test_the_lowest_threshold_without_a_lump() -> None:
    # a chain of 60 that is one lump, held by a link that is weaker in its middle, and twins far away
    angles = {f"t{n}": 0.5 * n + (1.0 if n >= 30 else 0.0) for n in range(60)} | {"x": 200.0, "y": 200.1}
    encoder = Drawn(angles)
    found = dedupe(encoder, list(angles), threshold=0.5)
    assert found.lumped
    lowest = found.lowest_without_lump()
    assert lowest is not None
    assert found.at(lowest)[2] == 30
    assert found.at(math.cos(math.radians(1.6)))[2] == 60
    calm = dedupe(encoder, list(angles), threshold=lowest)
    assert not calm.lumped


# settings


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"k": 0}, "BAD_COUNT"), ({"threshold": float("nan")}, "BAD_THRESHOLD"), ({}, "NO_THRESHOLD")],
)
def test_settings_that_cannot_be(settings: dict[str, float], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dedupe(Drawn(ANGLES, None if code == "NO_THRESHOLD" else 0.5), ["a"], **settings)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.remedy or code != "NO_THRESHOLD"


@pytest.mark.parametrize("texts", ["abc", None, ["a", 3], [b"a"], [["a"]], [0.5]])
def test_what_is_no_list_of_texts(texts: object) -> None:
    with pytest.raises(DataError) as caught:
        dedupe(Drawn(ANGLES), texts)  # type: ignore[arg-type]
    assert caught.value.code == "MATCH_TYPE"


# parts


def test_a_giant_and_many_small_clusters_have_their_middles() -> None:
    rng = np.random.default_rng(0)
    cluster = np.concatenate([np.zeros(1300, dtype=np.int64), 1 + rng.integers(0, 300, size=900)])
    cluster = np.unique(rng.permutation(cluster), return_inverse=True)[1]
    vectors, weights = rng.normal(size=(2200, 3)).astype(np.float32), rng.integers(1, 4, size=2200)
    middle, scores = central(lambda a, b: a @ b.T, vectors, cluster, weights)
    for number in range(cluster.max() + 1):
        own = np.flatnonzero(cluster == number)
        mean = (vectors[own].astype(float) @ vectors[own].T.astype(float)) @ weights[own] / weights[own].sum()
        [chosen] = set(middle[own].tolist())
        assert mean[own.tolist().index(chosen)] >= mean.max() - 2e-5
        np.testing.assert_allclose(scores[own], vectors[own] @ vectors[chosen], atol=1e-5)


def test_a_lump_is_asked_at_some_of_its_members() -> None:
    rng = np.random.default_rng(2)
    vectors, weights = rng.normal(size=(5000, 3)).astype(np.float32), np.ones(5000)
    cluster = np.where(np.arange(5000) < 4990, 0, 1)
    middle, scores = central(lambda a, b: a @ b.T, vectors, cluster, weights)
    [chosen] = set(middle[:4990].tolist())
    means = vectors[:4990] @ vectors[:4990:3].mean(axis=0)
    assert means[chosen] == pytest.approx(means.max(), abs=2e-5)
    np.testing.assert_allclose(scores[:4990], vectors[:4990] @ vectors[chosen], atol=1e-5)
    assert set(middle[4990:].tolist()) <= set(range(4990, 5000))


def test_the_forest_has_the_components_of_all_links_at_every_threshold() -> None:
    rng = np.random.default_rng(5)
    a, b = np.sort(rng.integers(0, 50, size=(2, 120)), axis=0)
    scores = np.sort(rng.random(120))[::-1]
    links = Pairs(a, b, scores)
    tree = forest(50, links)
    assert len(tree) < 50
    for threshold in (0.0, 0.3, 0.7, 2.0):
        every, few = (part.take(part.scores >= threshold) for part in (links, tree))
        np.testing.assert_array_equal(components(50, every), components(50, few))


def test_mutual_leaves_out_what_has_no_neighbour() -> None:
    assert len(mutual(Neighbours(np.full((3, 2), -1), np.full((3, 2), -np.inf)))) == 0
    assert len(mutual(Neighbours(np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2))))) == 0
