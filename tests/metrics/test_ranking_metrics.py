"""Rankings: against plain loops and scikit-learn, with negative scores and ties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from seqtwin.errors import ConfigError
from seqtwin.metrics import RANKINGS, Undefined, measure_ranking, rank

NAMES = ["hit_rate@3", "precision@3", "recall@3", "mrr", "r_precision", "map_at_r", "ndcg@3"]


def by_hand(scores: list[float], relevant: set[int]) -> list[float]:
    """All metrics of one query with loops alone, at k = 3."""
    order = sorted(range(len(scores)), key=lambda item: (-scores[item], item))
    places = [place for place, item in enumerate(order, 1) if item in relevant]
    total = len(relevant)
    first3 = sum(p <= 3 for p in places)
    precision_at_hit = [(nth / p) for nth, p in enumerate(places, 1) if p <= total]
    ideal = sum(1 / math.log2(i + 1) for i in range(1, min(3, total) + 1))
    gain = sum(1 / math.log2(p + 1) for p in places if p <= 3)
    r_precision = sum(p <= total for p in places) / total
    return [
        float(first3 > 0),
        first3 / 3,
        first3 / total,
        1 / places[0],
        r_precision,
        sum(precision_at_hit) / total,
        gain / ideal,
    ]


QUERY = st.tuples(st.lists(st.integers(-3, 3), min_size=6, max_size=6), st.sets(st.integers(0, 5), min_size=1))


@given(st.lists(QUERY, min_size=1, max_size=5))
def test_equal_to_plain_loops(queries: list[tuple[list[int], set[int]]]) -> None:
    scores, relevant = [q[0] for q in queries], [q[1] for q in queries]
    values, left_out = measure_ranking(scores, relevant, NAMES)
    expected = np.mean([by_hand(s, r) for s, r in queries], axis=0)
    assert left_out == 0
    assert [values[name] for name in NAMES] == pytest.approx(expected.tolist())


def test_ndcg_equals_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(4, 20))
    marked = draw.random((4, 20)) < 0.3
    values, _ = measure_ranking(scores, [set(np.flatnonzero(row)) for row in marked], ["ndcg@10"])
    assert values["ndcg@10"] == pytest.approx(ndcg_score(marked, scores, k=10))


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8), st.integers(-100, 100))
def test_a_shift_below_zero_changes_nothing(scores: list[int], shift: int) -> None:
    moved = [s + shift for s in scores]
    assert measure_ranking([scores], [{0}], NAMES) == measure_ranking([moved], [{0}], NAMES)


@pytest.mark.parametrize("total", [1, 3])
def test_perfect_rankings_give_one(total: int) -> None:
    scores = [[-1.0] * total + [-2.0] * 5]
    names = [n for n in NAMES if n != "precision@3"] + [f"precision@{total}"]
    values, _ = measure_ranking(scores, [range(total)], names)
    assert set(values.values()) == {1.0}


def test_ties_go_by_item_id() -> None:
    assert rank([[0.0, 0.0, 1.0], [2.0, 2.0, 2.0]]).tolist() == [[2, 0, 1], [0, 1, 2]]


def test_queries_with_nothing_relevant_are_left_out_and_counted() -> None:
    values, left_out = measure_ranking([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [{0}, [], {0}], ["recall@1"])
    assert (values["recall@1"], left_out) == (0.5, 1)
    with pytest.raises(Undefined, match="no query"):
        measure_ranking([[1.0]], [set()])


def test_depths_beyond_the_corpus_and_a_corpus_of_one() -> None:
    values, _ = measure_ranking([[-0.3]], [{0}], ["recall@10", "ndcg@10", "hit_rate@10", "mrr"])
    assert set(values.values()) == {1.0}


@pytest.mark.parametrize("name", ["recall", "recall@0", "recall@-1", "recall@x", "mrr@3", "recal@3"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        measure_ranking([[1.0]], [{0}], [name])


def test_shapes_and_nan_are_refused() -> None:
    with pytest.raises(ValueError, match="queries x corpus"):
        measure_ranking([[1.0]], [{0}, {0}])
    with pytest.raises(ValueError, match="NaN"):
        rank([0.0, float("nan")])


def test_every_member_is_tested() -> None:
    assert {name.partition("@")[0] for name in NAMES} == RANKINGS.keys()
