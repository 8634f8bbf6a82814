"""Matches of two lists against plain loops, and one-to-one against scipy's dense assignment."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from drawn import Drawn, scattered
from seqtwin.errors import ConfigError
from seqtwin.matching.link import link
from seqtwin.matching.one_to_one import matched


def lists_of(encoder: Drawn) -> tuple[list[str], list[str]]:
    texts = list(encoder.vectors)
    return texts[: len(texts) // 2], texts[len(texts) // 2 :]


@pytest.mark.parametrize("threshold", [-2.0, 0.5, 0.999])
@pytest.mark.parametrize("seed", range(4))
def test_best_next_margin_and_mutual_are_those_of_a_plain_loop(threshold: float, seed: int) -> None:
    encoder = scattered(50, seed)
    left, right = lists_of(encoder)
    found = link(encoder, left, right, threshold=threshold, k=3)
    scores = encoder.similarity(encoder.encode(left), encoder.encode(right))
    for row in range(len(left)):
        order = np.argsort(-scores[row], kind="stable")
        best = order[0] if scores[row, order[0]] >= threshold else -1
        follows = order[1] if best >= 0 else order[0]
        assert (found.rows[row, 0], found.next_rows[row]) == (best, follows)
        assert found.matched[row] == (best >= 0)
        if best >= 0:
            assert found.margins[row] == pytest.approx(scores[row, best] - scores[row, follows], abs=1e-6)
            assert found.mutual[row] == (scores[:, best].max() == scores[row, best])
        else:
            assert np.isnan(found.margins[row])
            assert not found.mutual[row]


@pytest.mark.parametrize("threshold", [-2.0, 0.5, 0.99])
@pytest.mark.parametrize(("lefts", "rights"), [(12, 12), (20, 7), (7, 20)])
def test_one_to_one_is_the_best_assignment(threshold: float, lefts: int, rights: int) -> None:
    encoder = scattered(lefts + rights, lefts)
    texts = list(encoder.vectors)
    left, right = texts[:lefts], texts[lefts:]
    found = link(encoder, left, right, threshold=threshold, one_to_one=True, k=100)
    used = found.rows[found.matched, 0]
    assert len(set(used.tolist())) == len(used)
    scores = encoder.similarity(encoder.encode(left), encoder.encode(right)).astype(np.float64)
    gains = np.where(scores >= threshold, scores - threshold, 0.0)
    best = gains[linear_sum_assignment(gains, maximize=True)].sum()
    np.testing.assert_allclose(found.scores[found.matched, 0], scores[found.matched, used], atol=1e-6)
    assert (scores[found.matched, used] - threshold).sum() == pytest.approx(best, abs=1e-5)


def test_a_small_matching_is_the_best_of_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        edges = [(int(a), int(b), float(g)) for a, b, g in zip(*rng.integers(0, 4, (2, 7)), rng.random(7), strict=True)]
        edges = list({edge[:2]: edge for edge in edges}.values())
        gains = {edge[:2]: edge[2] for edge in edges}
        best = max(
            sum(gains[pair] for pair in chosen)
            for size in range(5)
            for chosen in itertools.combinations(gains, size)
            if len({a for a, _ in chosen}) == len({b for _, b in chosen}) == size
        )
        assert sum(gains[pair] for pair in matched(4, edges)) == pytest.approx(best)


def test_a_match_is_given_up_where_both_rows_gain_by_it() -> None:
    # a is nearest to x, but b can have nothing else
    encoder = Drawn({"a": 0, "b": 30, "x": 5, "y": -20})
    assert link(encoder, ["a", "b"], ["x", "y"], threshold=0.8).rows[:, 0].tolist() == [0, 0]
    both = link(encoder, ["a", "b"], ["x", "y"], threshold=0.8, one_to_one=True)
    assert both.rows[:, 0].tolist() == [1, 0]
    assert both.margins[0] < 0 < both.margins[1]


def test_the_same_text_is_the_match_at_any_threshold() -> None:
    # "same" has the vector of "twin", which stands first in the list
    encoder = Drawn({"same": 0, "twin": 0, "near": 1})
    found = link(encoder, ["same", "near"], ["twin", "same"], threshold=5.0)
    assert found.rows[:, 0].tolist() == [1, -1]
    assert (found.next_rows[0], found.margins[0]) == (0, pytest.approx(0, abs=1e-6))
    assert found.mutual.tolist() == [True, False]
    assert sorted(encoder.asked) == ["near", "same", "twin"]


def test_rows_with_the_same_text_are_matched_row_by_row() -> None:
    encoder = Drawn({"a": 0, "b": 2})
    left, right = ["a", "a", "b", "a"], ["b", "a", "a"]
    one = link(encoder, left, right, one_to_one=True)
    assert one.rows[:, 0].tolist() == [1, 2, 0, -1]
    assert link(encoder, left, right).rows[:, 0].tolist() == [1, 1, 0, 1]
    spare = link(encoder, ["b", "b", "b"], ["a", "a"], one_to_one=True)
    assert sorted(spare.rows[:, 0].tolist()) == [-1, 0, 1]


def test_several_matches_are_kept_best_first() -> None:
    encoder = Drawn({"q": 0, "x": 5, "y": 10, "z": 100})
    found = link(encoder, ["q"], ["z", "y", "x"], keep=3)
    assert found.rows.tolist() == [[2, 1, -1]]
    assert np.isneginf(found.scores[0, 2])
    assert link(encoder, ["q"], ["x"], keep=5).rows[0, 0] == 0


@pytest.mark.parametrize("one_to_one", [False, True])
def test_empty_lists(one_to_one: bool) -> None:
    encoder = Drawn({"a": 0})
    for left, right in (([], ["a"]), (["a"], []), ([], [])):
        found = link(encoder, left, right, one_to_one=one_to_one)
        assert found.rows.shape[0] == len(found.mutual) == len(found.margins) == len(left)
        assert not found.matched.any()


def test_rows_that_multiply_are_refused() -> None:
    encoder = Drawn({"a": 0, "b": 2})
    with pytest.raises(ConfigError, match="9,000,000 pairs") as caught:
        link(encoder, ["a"] * 3000, ["b"] * 3000, one_to_one=True)
    assert caught.value.code == "LINK_TOO_MANY"
    assert link(encoder, ["a"] * 3000, ["b"] * 3000).matched.all()


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"keep": 0}, "BAD_COUNT"), ({"k": 0}, "BAD_COUNT"), ({"keep": 2, "one_to_one": True}, "LINK_KEEP")],
)
def test_settings_that_cannot_be(settings: dict[str, int], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        link(Drawn({"a": 0}), ["a"], ["a"], **settings)  # type: ignore[arg-type]
    assert caught.value.code == code
