"""Words with their letters: the plain loop, the batch that changes nothing, and the invariants of `test_invariants`."""

from functools import cache

import pytest
import torch
from encoders import (
    CASES,
    EMBEDDING,
    LETTER_IDS,
    PLACES,
    SPELLING,
    VOCABULARY,
    Case,
    representation_of,
    rows,
    spelled,
    widened,
)
from hypothesis import given
from hypothesis import strategies as st
from plain_cells import plain_spelling
from torch import Tensor

from seqtwin.model.encoder import Encoder, SpelledInput
from seqtwin.model.letters import Spelling
from seqtwin.model.siamese import distinct_rows
from seqtwin.records import Sequences, States

TOLERANCE = 1e-6
TEXTS = spelled(tuple(torch.randint(1, 13, (24,), generator=torch.Generator().manual_seed(7)).tolist()))
NAMES = ("mean_output", "max_output", "last_output", "first_output", "final_hidden", "attention_output")

every_case = pytest.mark.parametrize("case", CASES, ids=str)
words = st.lists(st.integers(1, LETTER_IDS - 1), max_size=PLACES)


def seeded_spelling(dim: int = SPELLING) -> Spelling:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Spelling(LETTER_IDS, dim).double()


def written(found: list[list[int]], places: int = PLACES) -> Tensor:
    return torch.tensor([[*word, *[0] * (places - len(word))] for word in found])


@given(found=st.lists(words, min_size=1, max_size=5), more=st.integers(0, 3))
def test_the_spelling_is_the_plain_loop(found: list[list[int]], more: int) -> None:
    spelling = seeded_spelling()
    expected = torch.stack([plain_spelling(spelling, word) for word in found])
    torch.testing.assert_close(spelling(written(found, PLACES + more)), expected, rtol=0, atol=1e-12)


def test_a_word_without_letters_is_zeros_and_gives_no_gradient() -> None:
    spelling = seeded_spelling()
    vectors = spelling(written([[], [2]]))
    assert not vectors[0].any()
    vectors.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in spelling.parameters())
    assert not spelling.embedding.weight.grad[0].any()


def test_absent_letters_cannot_win_though_all_others_are_negative() -> None:
    spelling = seeded_spelling()
    with torch.no_grad():
        spelling.convolution.bias.fill_(-100.0)
    assert (spelling(written([[1], [1, 2, 3]])) < -90).all()


def spelled_input(dropout: float = 0.0) -> SpelledInput:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SpelledInput(VOCABULARY, EMBEDDING, LETTER_IDS, SPELLING, dropout)


def test_a_token_is_its_word_and_its_spelling() -> None:
    inputs = spelled_input()
    vectors = inputs(Sequences(torch.tensor([[[3, 1, 2, 0, 0], [3, 1, 4, 0, 0]]]), torch.tensor([2])))
    assert vectors.shape == (1, 2, inputs.dim) == (1, 2, EMBEDDING + SPELLING)
    assert torch.equal(vectors[0, 0, :EMBEDDING], inputs.embedding.weight[3])
    assert torch.equal(vectors[0, 1, :EMBEDDING], inputs.embedding.weight[3])
    assert not torch.allclose(vectors[0, 0, EMBEDDING:], vectors[0, 1, EMBEDDING:], atol=1e-3)


def test_word_vectors_start_the_word_part() -> None:
    inputs = spelled_input()
    inputs.set_vectors(torch.tensor([2]), torch.full((1, EMBEDDING), 7.0))
    vector = inputs(Sequences(torch.tensor([[[2, 1, 0, 0, 0]]]), torch.tensor([1])))[0, 0]
    assert (vector[:EMBEDDING] == 7).all()
    assert (vector[EMBEDDING:] != 7).all()


@given(found=st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=3), min_size=1))
def test_distinct_texts_lose_and_invent_nothing(found: list[list[tuple[int, int]]]) -> None:
    width = max(map(len, found))
    values = torch.tensor([[*text, *[(0, 0)] * (width - len(text))] for text in found])
    distinct, place = distinct_rows(Sequences(values, torch.tensor([len(text) for text in found])))
    held = [v[:n].tolist() for v, n in zip(distinct.values, distinct.lengths.tolist(), strict=True)]
    assert [held[p] for p in place.tolist()] == [[list(token) for token in text] for text in found]
    assert len(held) == len({tuple(text) for text in found})


# --- the invariants ----------------------------------------------------------------------------------------------


@cache
def encoder_of(case: Case, padding: str = "masked") -> Encoder:
    return case.build(padding=padding, spelled=True)


@torch.no_grad()
def states(case: Case, sequences: Sequences = TEXTS, padding: str = "masked") -> States:
    return encoder_of(case, padding)(sequences)


@torch.no_grad()
def read(case: Case, found: States) -> list[Tensor]:
    return [representation_of({"name": name}, encoder_of(case))(found) for name in NAMES]


def deviation(one: list[Tensor], other: list[Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))


@every_case
def test_e1_a_shuffled_batch_gives_shuffled_vectors(case: Case) -> None:
    order = torch.randperm(len(TEXTS), generator=torch.Generator().manual_seed(8))
    shuffled = read(case, states(case, rows(TEXTS, order)))
    assert deviation([v[order] for v in read(case, states(case))], shuffled) <= TOLERANCE


@every_case
def test_e2_a_text_alone_is_the_text_in_any_batch(case: Case) -> None:
    together = read(case, states(case))
    for size in (1, 7):
        parts = [read(case, states(case, rows(TEXTS, part))) for part in torch.arange(len(TEXTS)).split(size)]
        assert deviation(together, [torch.cat(found) for found in zip(*parts, strict=True)]) <= TOLERANCE


@every_case
def test_e3_more_pads_change_nothing(case: Case) -> None:
    assert deviation(read(case, states(case)), read(case, states(case, widened(TEXTS, 5)))) <= TOLERANCE


@every_case
def test_e3_the_pads_ids_inside_a_text_are_a_token(case: Case) -> None:
    token, pad = [3, 1, 2, 0, 0], [0] * 5
    both = Sequences(torch.tensor([[token, pad], [token, pad]]), torch.tensor([2, 1]))
    alone = Sequences(torch.tensor([[token]]), torch.tensor([1]))
    found = states(case, both)
    as_token, as_pad = states(case, rows(both, torch.tensor([0]))), states(case, alone)
    torch.testing.assert_close(found.hidden, torch.cat([as_token.hidden, as_pad.hidden]), rtol=0, atol=TOLERANCE)
    assert float((found.hidden[0] - found.hidden[1]).abs().max()) > 1e-3


@every_case
def test_e4_the_ends_of_a_text_are_where_its_states_end(case: Case) -> None:
    last, first, final = (
        read(case, states(case))[NAMES.index(n)] for n in ("last_output", "first_output", "final_hidden")
    )
    half = encoder_of(case).shape.width
    assert torch.equal(last[:, :half], final[:, :half])
    assert torch.equal((first if case.directions == 2 else last)[:, -half:], final[:, -half:])


@pytest.mark.parametrize("case", [case for case in CASES if (case.layers, case.directions) == (1, 2)], ids=str)
def test_e5_reversing_the_text_swaps_the_halves_when_the_weights_are_swapped(case: Case) -> None:
    mirrored = case.build(spelled=True)
    old = {name: parameter.clone() for name, parameter in mirrored.rnn.named_parameters()}
    with torch.no_grad():
        for name, parameter in mirrored.rnn.named_parameters():
            parameter.copy_(old[name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse"])
        values = TEXTS.values.clone()
        for row, length in zip(values, TEXTS.lengths.tolist(), strict=True):
            row[:length] = row[:length].flip(0)
        found = mirrored(Sequences(values, TEXTS.lengths)).hidden[:, 0]
    assert deviation([found], [states(case).hidden[:, 0].flip(1)]) <= TOLERANCE


@every_case
def test_e6_on_one_step_all_readings_of_outputs_are_one(case: Case) -> None:
    single = states(case, spelled((1,) * 20))
    mean, maximum, last, first, _, attention = read(case, single)
    assert deviation([mean] * 4, [maximum, last, first, attention]) <= TOLERANCE


@every_case
def test_e7_reading_pads_moves_the_vectors(case: Case) -> None:
    parts = [states(case, rows(TEXTS, part), "read") for part in torch.arange(len(TEXTS)).split(1)]
    alone = torch.cat([read(case, found)[0] for found in parts])
    together = read(case, states(case, padding="read"))[0]
    padded = read(case, states(case, widened(TEXTS, 5), "read"))[0]
    assert min(deviation([alone], [together]), deviation([together], [padded])) > 1e-3


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_words_with_letters_train_in_bfloat16(cell: str) -> None:
    encoder = Case(cell, (), 1, 2).build(spelled=True).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = encoder(TEXTS).outputs
    torch.testing.assert_close(rough.float(), encoder(TEXTS).outputs, rtol=0, atol=0.03)
    rough.float().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())
