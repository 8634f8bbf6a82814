"""CELLS and the encoder: its shape, its inputs, its states batch-first."""

from random import Random

import pytest
import torch
from encoders import (
    CASES,
    CHANNELS,
    EMBEDDING,
    HIDDEN,
    LETTER_IDS,
    ODD_SHAPES,
    SPELLING,
    VOCABULARY,
    Case,
    series,
    spelled,
    texts,
)
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import UNKNOWN, Encoder, SeriesInput, SpelledInput, TokenInput
from seqtwin.model.run_cell import run_packed, run_stepwise
from seqtwin.records import Sequences

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
@pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)
def test_states_are_as_wide_as_the_shape_says(case: Case, lengths: tuple[int, ...]) -> None:
    encoder = case.build()
    states, shape = encoder(texts(lengths)), encoder.shape
    assert (shape.layers, shape.directions) == (case.layers, case.directions)
    assert states.outputs.shape == (len(lengths), max(lengths), shape.joined)
    assert states.hidden.shape == (len(lengths), shape.layers, shape.directions, shape.width)
    if shape.memory:
        assert states.cell.shape == (len(lengths), shape.layers, shape.directions, shape.memory)
        assert shape.memory == HIDDEN
    else:
        assert states.cell is None


@every_case
def test_states_keep_the_declared_bound(case: Case) -> None:
    encoder = case.build()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.mul_(10)
    states = encoder(texts((1, 3, 7, 2)))
    if encoder.shape.bound is None:
        assert states.hidden.abs().max() > 1
    else:
        assert max(states.outputs.abs().max(), states.hidden.abs().max()) <= encoder.shape.bound


def test_a_projected_lstm_keeps_the_width_of_its_memory() -> None:
    shape = Case("lstm", (("proj_size", 4),), 1, 2).build().shape
    assert (shape.width, shape.joined, shape.memory, shape.bound) == (4, 8, HIDDEN, None)


@every_case
def test_weights_travel_by_their_state_dict(case: Case) -> None:
    mine, other = case.build(seed=0), case.build(seed=1)
    assert not torch.equal(mine(texts((3, 1))).outputs, other(texts((3, 1))).outputs)
    other.load_state_dict(mine.state_dict())
    assert torch.equal(mine(texts((3, 1))).outputs, other(texts((3, 1))).outputs)


@every_case
def test_series_come_in_by_one_linear_map(case: Case) -> None:
    encoder, sequences = case.build(series=True).double(), series((1, 3, 7, 2))
    states = encoder(sequences)
    assert states.outputs.shape == (4, 7, encoder.shape.joined)
    states.outputs.sum().backward()
    assert encoder.inputs.projection.weight.grad.any()


def test_inputs_have_the_width_asked_for() -> None:
    assert TokenInput(VOCABULARY, EMBEDDING)(texts((3, 1))).shape == (2, 3, EMBEDDING)
    assert SeriesInput(CHANNELS, EMBEDDING).double()(series((3, 1))).shape == (2, 3, EMBEDDING)


def test_word_vectors_start_the_rows_they_name_and_no_other() -> None:
    tokens = TokenInput(VOCABULARY, EMBEDDING)
    before, vectors = tokens.embedding.weight.detach().clone(), torch.full((2, EMBEDDING), 7.0)
    tokens.set_vectors(torch.tensor([2, 5]), vectors)
    assert torch.equal(tokens.embedding.weight[[2, 5]], vectors)
    assert torch.equal(tokens.embedding.weight[[0, 1, 3, 4, 6, 7, 8]], before[[0, 1, 3, 4, 6, 7, 8]])
    assert tokens.embedding.weight.requires_grad


# rows that training leaves as they are


def fixed_input(rows: list[int]) -> tuple[TokenInput, torch.Tensor]:
    """An input with these rows fixed, and its whole table."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tokens, vectors = TokenInput(VOCABULARY, EMBEDDING), torch.randn(len(rows), EMBEDDING)
    table = torch.zeros(max(VOCABULARY, max(rows) + 1), EMBEDDING)
    table[:VOCABULARY] = tokens.embedding.weight.detach()
    table[rows] = vectors
    tokens.fix_vectors(torch.tensor(rows), vectors)
    return tokens, table


@given(st.sets(st.integers(1, VOCABULARY - 1), min_size=1), st.integers(0, 3), st.randoms())
def test_fixed_and_trained_rows_are_one_table(rows: set[int], beyond: int, random: Random) -> None:
    chosen = [*rows, *range(VOCABULARY, VOCABULARY + beyond)]
    random.shuffle(chosen)
    tokens, table = fixed_input(chosen)
    ids = torch.arange(len(table))[None]
    whole = Sequences(ids, torch.tensor([len(table)]))
    assert torch.equal(tokens(whole)[0], table)
    vectors, places = tokens.table(whole)
    assert torch.equal(vectors[places][0], table)
    tokens.join_fixed()
    assert torch.equal(tokens.embedding.weight, table)
    assert torch.equal(tokens(whole)[0], table)


def test_no_optimizer_moves_a_fixed_row() -> None:
    rows = [3, 5, VOCABULARY, VOCABULARY + 1]
    tokens, table = fixed_input(rows)
    optimizer = torch.optim.AdamW(tokens.parameters(), lr=0.1, weight_decay=0.5)
    whole = Sequences(torch.arange(len(table))[None], torch.tensor([len(table)]))
    for _ in range(3):
        optimizer.zero_grad()
        tokens(whole).square().sum().backward()
        optimizer.step()
    assert sum(p.numel() for p in tokens.parameters()) == (VOCABULARY - 2) * EMBEDDING
    tokens.join_fixed()
    moved = (tokens.embedding.weight != table).any(dim=1)
    assert moved.nonzero()[:, 0].tolist() == [row for row in range(VOCABULARY) if row not in rows]


@pytest.mark.parametrize("rows", [[VOCABULARY + 1], list(range(VOCABULARY))], ids=["a gap", "all"])
def test_rows_that_cannot_be_fixed_are_refused(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="expected rows of the vocabulary and all rows that follow it"):
        fixed_input(rows)


# words that training reads as unknown


def dropping(share: float, *, letters: bool = False) -> TokenInput | SpelledInput:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if letters:
            return SpelledInput(VOCABULARY, EMBEDDING, LETTER_IDS, SPELLING, word_dropout=share)
        return TokenInput(VOCABULARY, EMBEDDING, word_dropout=share)


def read_by(inputs: TokenInput | SpelledInput, sequences: Sequences, seed: int = 0) -> torch.Tensor:
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return inputs(sequences)


def test_a_dropped_word_is_read_as_the_unknown_and_the_others_as_they_are() -> None:
    inputs, sequences = dropping(0.25).train(), texts((200,) * 10)
    plain, unknown = inputs.embedding(sequences.values), inputs.embedding.weight[UNKNOWN]
    found = read_by(inputs, sequences)
    as_it_is, as_unknown = ((found == one).all(2) for one in (plain, unknown))
    assert (as_it_is | as_unknown).all()
    known = sequences.values != UNKNOWN
    # of 2000 draws at .25 the standard deviation of the share is .01
    assert float(as_unknown[known].double().mean()) == pytest.approx(0.25, abs=0.04)
    # one word is dropped here and kept there
    word = sequences.values == 4
    assert as_unknown[word].any()
    assert as_it_is[word].any()


@pytest.mark.parametrize("letters", [False, True])
def test_words_are_dropped_in_training_alone(letters: bool) -> None:
    sequences = (spelled if letters else texts)((9, 1, 5))
    plain, inputs = dropping(0.0, letters=letters), dropping(0.5, letters=letters)
    expected = read_by(plain, sequences)
    assert torch.equal(read_by(inputs.eval(), sequences), expected)
    assert torch.equal(read_by(plain.train(), sequences), expected)
    drawn = [read_by(inputs.train(), sequences, seed) for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], expected)
    assert list(inputs.state_dict()) == list(plain.state_dict())


def test_an_unknown_word_keeps_its_letters() -> None:
    sequences = spelled((9, 1, 5))
    whole, dropped = (read_by(dropping(share, letters=True).train(), sequences) for share in (0.0, 0.5))
    assert torch.equal(whole[..., EMBEDDING:], dropped[..., EMBEDDING:])
    assert not torch.equal(whole[..., :EMBEDDING], dropped[..., :EMBEDDING])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("letters", [False, True])
def test_both_roads_drop_the_same_words(letters: bool, training: bool) -> None:
    inputs, sequences = dropping(0.5, letters=letters), (spelled if letters else texts)((9, 1, 5))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = pick(CELLS, "lstm", "cell", inputs.dim, HIDDEN, 1, True, 0.0)
    encoder = Encoder(inputs, "lstm", rnn).double().train(training)
    found = []
    for road in (run_stepwise, run_packed):
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            found.append(road(encoder.inputs, encoder.rnn, sequences).outputs)
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


def test_what_is_dropped_trains_the_unknown() -> None:
    inputs = dropping(0.5).train()
    known = Sequences(torch.full((1, 40), 5), torch.tensor([40]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs(known).sum().backward()
    assert inputs.embedding.weight.grad.any(1).nonzero().flatten().tolist() == [UNKNOWN, 5]


def test_a_long_text_beside_a_short_one() -> None:
    encoder = Case("lstm", (), 1, 2).build()
    together = encoder(texts((1, 4096)))
    alone = encoder(Sequences(texts((1, 4096)).values[:1, :1], torch.tensor([1])))
    assert torch.allclose(together.hidden[0], alone.hidden[0], atol=1e-6)
    assert together.outputs.isfinite().all()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("lstn", "unknown cell 'lstn'; known: rnn, gru, lstm, none (did you mean 'lstm'?)"),
        ({"name": "rnn", "nonlinearty": "relu"}, "(did you mean 'nonlinearity'?)"),
        ({"name": "gru", "proj_size": 3}, "unknown option 'proj_size' of cell 'gru'; known: none"),
        ({"name": "rnn", "nonlinearity": "sigmoid"}, "cell 'rnn': Unknown nonlinearity 'sigmoid'"),
        ({"name": "lstm", "proj_size": 6}, "cell 'lstm': proj_size has to be smaller than hidden_size"),
        ({"name": "lstm", "proj_size": -1}, "cell 'lstm': proj_size"),
        ({"name": "lstm", "proj_size": 1.5}, "cell 'lstm': "),
    ],
)
def test_a_cell_that_cannot_be_built_says_why(spec, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pick(CELLS, spec, "cell", 5, 6, 1, True, 0.0)
    assert said in str(caught.value)
