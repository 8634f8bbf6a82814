"""The Siamese: one encoder for both sides, the same text once, and what it says of its vectors."""

from typing import Any

import pytest
import torch
from encoders import CASES, FITTING, REPRESENTATION_OPTIONS, SPECS, Case, label, representation_of, series, texts
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.lookup import pick
from seqtwin.model.projections import PROJECTIONS
from seqtwin.model.siamese import Siamese, distinct_rows, joined
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import PairBatch, Sequences

every_spec = pytest.mark.parametrize("spec", SPECS, ids=label)
every_similarity = pytest.mark.parametrize("similarity", SIMILARITIES)
LSTM = Case("lstm", (), 1, 2)


def siamese_of(
    case: Case = LSTM, spec: Any = None, projection: Any = "identity", similarity: str = "cosine", **encoder: Any
) -> Siamese:
    body = case.build(**encoder)
    representation = representation_of(spec or {"name": "mean_output"}, body)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = pick(PROJECTIONS, projection, "projection", representation.out_dim, representation.bound)
        return Siamese(
            body, representation, head, pick(SIMILARITIES, similarity, "similarity", head.out_dim), similarity
        )


def pairs_of(left: Sequences, right: Sequences) -> PairBatch:
    count = len(left)
    return PairBatch(left, right, torch.arange(count) % 2 / 1.0, torch.arange(count))


def encoded_rows(siamese: Siamese) -> list[int]:
    """How many rows each later call of the encoder gets."""
    seen: list[int] = []
    siamese.encoder.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    return seen


@every_spec
@every_similarity
def test_pairs_are_compared_as_their_vectors_are(spec: dict[str, Any], similarity: str) -> None:
    siamese = siamese_of(spec=spec, projection={"name": "linear", "dim": 4}, similarity=similarity)
    left, right = texts((1, 3, 7, 2), 1), texts((4, 1, 2, 9), 2)
    compared = siamese(pairs_of(left, right))
    torch.testing.assert_close(compared.left, siamese.encode(left), rtol=0, atol=1e-6)
    torch.testing.assert_close(compared.right, siamese.encode(right), rtol=0, atol=1e-6)
    torch.testing.assert_close(compared.score, siamese.similarity(compared.left, compared.right))
    swapped = siamese(pairs_of(right, left))
    torch.testing.assert_close(swapped.score, compared.score, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell_serves_a_siamese(case: Case) -> None:
    siamese = siamese_of(case)
    compared = siamese(pairs_of(texts((1,), 1), texts((64,), 2)))
    assert compared.left.shape == (1, siamese.space.dim)
    compared.score.sum().backward()
    assert siamese.encoder.inputs.embedding.weight.grad.any()


def test_the_same_text_goes_through_the_encoder_once() -> None:
    siamese = siamese_of()
    text = texts((3, 5))
    seen = encoded_rows(siamese)
    both = siamese(pairs_of(text, Sequences(text.values.flip(0), text.lengths.flip(0))))
    assert seen == [2]
    torch.testing.assert_close(both.left, both.right.flip(0), rtol=0, atol=0)


def test_gradients_of_a_text_seen_twice_add_up() -> None:
    siamese = siamese_of().double()
    left, right = texts((3, 5, 2), 1), texts((4, 1, 6), 2)
    twice = torch.tensor([0, 1, 2, 0])

    def gradient(pairs: PairBatch) -> torch.Tensor:
        siamese.zero_grad()
        siamese(pairs).score.sum().backward()
        return siamese.encoder.inputs.embedding.weight.grad.clone()

    def rows(side: Sequences, wanted: torch.Tensor) -> Sequences:
        return Sequences(side.values[wanted], side.lengths[wanted])

    together = gradient(pairs_of(rows(left, twice), rows(right, twice)))
    apart = sum(gradient(pairs_of(rows(left, i[None]), rows(right, i[None]))) for i in twice)
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)


def test_a_pads_id_inside_a_text_is_not_a_pad() -> None:
    siamese = siamese_of()
    with_it = Sequences(torch.tensor([[3, 0]]), torch.tensor([2]))
    without = Sequences(torch.tensor([[3]]), torch.tensor([1]))
    seen = encoded_rows(siamese)
    compared = siamese(pairs_of(with_it, without))
    assert seen == [2]
    assert not torch.allclose(compared.left, compared.right, atol=1e-3)
    torch.testing.assert_close(compared.left, siamese.encode(with_it), rtol=0, atol=1e-6)
    torch.testing.assert_close(compared.right, siamese.encode(without), rtol=0, atol=1e-6)


def test_series_are_compared_as_texts_are() -> None:
    siamese = siamese_of(series=True).double()
    left, right = series((1, 3, 7), 1), series((4, 1, 2), 2)
    compared = siamese(pairs_of(left, right))
    torch.testing.assert_close(compared.left, siamese.encode(left), rtol=0, atol=1e-12)
    torch.testing.assert_close(compared.right, siamese.encode(right), rtol=0, atol=1e-12)


@given(
    rows=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), min_size=2, max_size=8).filter(
        lambda rows: len(rows) % 2 == 0
    )
)
def test_distinct_rows_lose_and_invent_nothing(rows: list[list[int]]) -> None:
    width = max(map(len, rows))
    values = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    distinct, place = distinct_rows(Sequences(values, torch.tensor([len(row) for row in rows])))
    held = [v[:n].tolist() for v, n in zip(distinct.values, distinct.lengths.tolist(), strict=True)]
    assert [held[p] for p in place.tolist()] == rows
    assert sorted(held) == sorted([list(row) for row in {tuple(row) for row in rows}])


@pytest.mark.parametrize("of", [texts, series])
def test_joining_puts_the_left_rows_first_and_pads_the_narrow_side(of) -> None:
    left, right = of((2, 1), 1), of((5, 3), 2)
    for both in (joined(left, right), joined(right, left)):
        assert both.values.shape[:2] == (4, 5)
    both = joined(left, right)
    assert both.lengths.tolist() == [2, 1, 5, 3]
    assert torch.equal(both.values[:2, :2], left.values)
    assert torch.equal(both.values[2:], right.values)
    assert not both.values[:2, 2:].any()


@pytest.mark.parametrize(
    ("spec", "projection", "similarity", "space"),
    [
        ("mean_output", "identity", "cosine", VectorSpace(12, 1.0, False, "cosine", -1.0, 1.0)),
        ("final_cell", "identity", "exp_manhattan", VectorSpace(12, None, False, "exp_manhattan", 0.0, 1.0)),
        (
            "final_cell",
            {"name": "linear", "dim": 3, "normalize": True},
            "dot",
            VectorSpace(3, 1.0, True, "dot", -torch.inf, torch.inf),
        ),
    ],
)
def test_it_knows_its_space_before_training(spec: str, projection: Any, similarity: str, space: VectorSpace) -> None:
    assert siamese_of(spec={"name": spec}, projection=projection, similarity=similarity).space == space


@every_spec
def test_all_weights_travel_by_one_state_dict(spec: dict[str, Any]) -> None:
    mine, other = siamese_of(spec=spec, seed=0), siamese_of(spec=spec, seed=1)
    pairs = pairs_of(texts((1, 3), 1), texts((4, 1), 2))
    assert not torch.equal(mine(pairs).left, other(pairs).left)
    other.load_state_dict(mine.state_dict())
    assert torch.equal(mine(pairs).score, other(pairs).score)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_representation_trains_in_bfloat16(case: Case) -> None:
    pairs = pairs_of(texts((1, 3, 7), 1), texts((4, 1, 2), 2))
    for spec in (s for c, s in FITTING if c == case):
        siamese = siamese_of(case, spec, {"name": "linear", "dim": 4})
        with torch.autocast("cpu", dtype=torch.bfloat16):
            compared = siamese(pairs)
        exact = siamese(pairs)
        torch.testing.assert_close(compared.left.float(), exact.left, rtol=0, atol=0.03)
        compared.score.float().sum().backward()
        assert all(p.grad.isfinite().all() for p in siamese.parameters() if p.grad is not None)


@every_similarity
def test_every_similarity_scores_in_bfloat16(similarity: str) -> None:
    siamese = siamese_of(similarity=similarity)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        compared = siamese(pairs_of(texts((1, 3, 7), 1), texts((4, 1, 2), 2)))
    assert compared.score.isfinite().all()


def test_reading_pads_makes_a_pair_depend_on_its_batch() -> None:
    siamese = siamese_of(padding="read")
    pairs = pairs_of(texts((2,), 1), texts((2,), 2))
    beside_a_long_one = pairs_of(joined(pairs.left, texts((9,), 3)), joined(pairs.right, texts((9,), 4)))
    assert abs(float((siamese(pairs).score[0] - siamese(beside_a_long_one).score[0]).detach())) > 1e-3


def test_every_option_tested_names_a_member() -> None:
    assert set(REPRESENTATION_OPTIONS) <= {spec["name"] for spec in SPECS}
