"""Beam search against exhaustive search, greedy decoding and tables with a known answer."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from decoders import READ, alone, decoder_of, drawn, mean_log_p, padded, siamese_of
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqtwin.model import beam
from seqtwin.model.beam import State, Step, leading

# the pad and the unknown, which no step here offers; then tokens; then the end
TOKENS = 3
CLASSES = 2 + TOKENS + 1
END = CLASSES - 1
WRITABLE = range(2, END)


def of_table(tables: np.ndarray) -> tuple[Step, State]:
    """A step that looks up log-probabilities by the token before, each row in its own table [rows last next]."""
    found = torch.from_numpy(tables)

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        (own,) = state
        return found[own, tokens], state

    return step, (torch.arange(len(tables)),)


def search(step: Step, state: State, *, width: int, longest: int) -> list[np.ndarray]:
    return beam.search(step, state, end=END, width=width, longest=longest, dtype=torch.float64)


def random_tables(rows: int, seed: int, sharp: float = 2.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(rows, CLASSES, CLASSES)) * sharp
    logits[:, :, :2] = -math.inf
    return np.asarray(torch.from_numpy(logits).log_softmax(2))


def mean_of(table: np.ndarray, text: Sequence[int]) -> float:
    path = [END, *text, END]
    return float(np.mean([table[a, b] for a, b in itertools.pairwise(path)]))


def greedy(table: np.ndarray, longest: int) -> list[int]:
    text: list[int] = []
    while len(text) < longest:
        best = int(table[text[-1] if text else END].argmax())
        if best == END:
            break
        text.append(best)
    return text


def plain_beam(table: np.ndarray, width: int, longest: int) -> list[int]:
    """The search of one row with lists, to its very end."""
    live: list[tuple[float, list[int]]] = [(0.0, [])]
    best: tuple[float, list[int]] = (-math.inf, [])
    of_greedy = True
    for written in range(longest + 1):
        allowed = [*WRITABLE, END] if written < longest else [END]
        options = [
            (total + table[text[-1] if text else END, token], slot, token)
            for slot, (total, text) in enumerate(live)
            for token in allowed
        ]
        options.sort(key=lambda option: (-option[0], *option[1:]))
        options = [option for option in options if option[0] > -math.inf]
        if of_greedy:
            options.insert(0, options.pop(next(i for i, option in enumerate(options) if option[1] == 0)))
        kept = options[:width]
        of_greedy = of_greedy and kept[0][2] != END
        for total, slot, token in kept:
            if token == END:
                width -= 1
                best = max(best, (total / (written + 1), live[slot][1]), key=lambda found: found[0])
        live = [(total, [*live[slot][1], token]) for total, slot, token in kept if token != END]
    return best[1]


def all_texts(longest: int) -> list[tuple[int, ...]]:
    return [text for length in range(longest + 1) for text in itertools.product(WRITABLE, repeat=length)]


@given(seed=st.integers(0, 10_000), longest=st.integers(1, 3))
def test_a_beam_as_wide_as_everything_finds_the_best_of_all(seed: int, longest: int) -> None:
    tables = random_tables(3, seed)
    texts = all_texts(longest)
    step, state = of_table(tables)
    found = search(step, state, width=len(texts), longest=longest)
    best = [max(texts, key=lambda text: mean_of(table, text)) for table in tables]
    assert [tuple(one.tolist()) for one in found] == best


@given(seed=st.integers(0, 10_000), longest=st.integers(1, 12))
def test_a_beam_of_one_is_greedy(seed: int, longest: int) -> None:
    tables = random_tables(4, seed)
    found = search(*of_table(tables), width=1, longest=longest)
    assert [one.tolist() for one in found] == [greedy(table, longest) for table in tables]


@given(seed=st.integers(0, 10_000), width=st.integers(1, 6), longest=st.integers(1, 12), sharp=st.floats(0.1, 5.0))
def test_no_beam_is_worse_than_greedy(seed: int, width: int, longest: int, sharp: float) -> None:
    tables = random_tables(4, seed, sharp)
    found = search(*of_table(tables), width=width, longest=longest)
    for table, text in zip(tables, found, strict=True):
        assert mean_of(table, text.tolist()) >= mean_of(table, greedy(table, longest)) - 1e-12


@given(seed=st.integers(0, 10_000), width=st.integers(1, 6), longest=st.integers(1, 12), sharp=st.floats(0.1, 5.0))
def test_it_is_the_search_written_with_lists(seed: int, width: int, longest: int, sharp: float) -> None:
    tables = random_tables(3, seed, sharp)
    found = search(*of_table(tables), width=width, longest=longest)
    assert [one.tolist() for one in found] == [plain_beam(table, width, longest) for table in tables]


@given(seed=st.integers(0, 10_000), width=st.integers(1, 6))
def test_a_row_alone_is_searched_as_in_any_batch(seed: int, width: int) -> None:
    tables = random_tables(5, seed)
    together = search(*of_table(tables), width=width, longest=9)
    for row, text in enumerate(together):
        (own,) = search(*of_table(tables[row : row + 1]), width=width, longest=9)
        assert own.tolist() == text.tolist()


def probabilities(rows: dict[int, dict[int, float]]) -> np.ndarray:
    table = np.zeros((1, CLASSES, CLASSES))
    for last, following in rows.items():
        for token, share in following.items():
            table[0, last, token] = share
    with np.errstate(divide="ignore"):
        return np.log(table)


def test_a_beam_sees_past_a_tempting_first_token() -> None:
    table = probabilities({END: {2: 0.6, 3: 0.4}, 2: {3: 0.35, 4: 0.35, END: 0.3}, 3: {END: 1.0}, 4: {END: 1.0}})
    one, two = (search(*of_table(table), width=width, longest=5)[0].tolist() for width in (1, 2))
    assert one == [2, 3]  # 3 before 4: the lower id of two that are equal
    assert two == [3]
    assert mean_of(table[0], [3]) > mean_of(table[0], [2, 3])


def test_the_greedy_text_keeps_its_place() -> None:
    # both continuations of 3 are more probable than any of 2, so a plain beam of two loses the best text, the greedy
    rows = {END: {2: 0.52, 3: 0.48}, 2: {4: 0.34, 3: 0.33, END: 0.33}, 3: {2: 0.5, 3: 0.5}, 4: {END: 1.0}}
    table = probabilities(rows)
    (found,) = search(*of_table(table), width=2, longest=6)
    assert found.tolist() == greedy(table[0], 6) == [2, 4]
    assert mean_of(table[0], [2, 4]) > mean_of(table[0], [3, 2, 4])


def test_the_search_goes_on_after_the_end_of_the_greedy_text() -> None:
    table = probabilities({END: {END: 0.4, 2: 0.35, 3: 0.25}, 2: {3: 1.0}, 3: {END: 1.0}})
    one, two = (search(*of_table(table), width=width, longest=5)[0].tolist() for width in (1, 2))
    assert (one, two) == ([], [2, 3])


def test_equal_texts_are_told_apart_by_the_lower_id() -> None:
    even = probabilities({last: dict.fromkeys([*WRITABLE, END], 0.25) for last in [*WRITABLE, END]})
    for width in (1, 2, 4):
        (found,) = search(*of_table(even), width=width, longest=3)
        assert found.tolist() == ([2, 2, 2] if width < 4 else [])


def test_long_texts_are_not_worse_for_their_length() -> None:
    table = probabilities({END: {END: 0.3, 2: 0.7}, 2: {3: 0.8, END: 0.2}, 3: {4: 0.8, END: 0.2}, 4: {END: 1.0}})
    assert mean_of(table[0], [2, 3, 4]) > mean_of(table[0], [])
    assert math.exp(4 * mean_of(table[0], [2, 3, 4])) == pytest.approx(0.7 * 0.8 * 0.8)
    (found,) = search(*of_table(table), width=4, longest=8)
    assert found.tolist() == [2, 3, 4]


def test_a_row_that_is_done_is_not_asked_again() -> None:
    quick = probabilities({END: {END: 1.0}})
    slow = probabilities({END: {2: 1.0}, 2: {3: 1.0}, 3: {END: 1.0}})
    step, state = of_table(np.concatenate([quick, slow]))
    asked: list[int] = []

    def counting(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        asked.append(len(tokens))
        return step(tokens, state)

    found = search(counting, state, width=2, longest=9)
    assert [one.tolist() for one in found] == [[], [2, 3]]
    assert asked == [4, 2, 2]


def test_numbers_that_are_none_end_the_search() -> None:
    found = search(*of_table(np.full((2, CLASSES, CLASSES), math.nan)), width=2, longest=4)
    assert [len(one) for one in found] == [0, 0]


@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=4), count=st.integers(1, 5)
)
def test_leading_is_a_stable_sort(rows: list[list[int]], count: int) -> None:
    scores = torch.tensor(rows, dtype=torch.float64)
    expected = torch.sort(scores, dim=1, descending=True, stable=True).indices[:, :count]
    assert torch.equal(leading(scores, count), expected)


@pytest.mark.long
@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_a_decoders_beam_is_exhaustive_where_it_is_as_wide(seed: int) -> None:
    model = siamese_of(cell="lstm")
    decoder = decoder_of(model, seed=seed, size=4, sure=3.0, beam=15)
    read = padded(drawn((1, 4), READ, seed))
    texts = [text for length in range(4) for text in itertools.product((2, 3), repeat=length)]
    for row, found in enumerate(decoder.predict(model, read, 3)):
        means = {text: mean_log_p(decoder, model, alone(read, row), list(text)) for text in texts}
        assert tuple(found.tolist()) == max(means, key=means.__getitem__)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), width=st.integers(2, 5))
def test_a_decoders_beam_is_never_worse_than_greedy(seed: int, width: int) -> None:
    model = siamese_of(cell="gru", bidirectional=True)
    one, more = (decoder_of(model, seed=seed, sure=2.0, beam=places) for places in (1, width))
    read = padded(drawn((1, 6, 3), READ, seed))
    for row, texts in enumerate(zip(one.predict(model, read, 7), more.predict(model, read, 7), strict=True)):
        plain, found = (mean_log_p(one, model, alone(read, row), text.tolist()) for text in texts)
        assert found >= plain - 1e-9
