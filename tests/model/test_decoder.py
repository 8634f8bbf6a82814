"""The decoder: teacher forcing against a loop over single cells, the bridge, its options, what it learns."""

from typing import Any

import numpy as np
import pytest
import torch
from decoders import END, READ, WRITTEN, alone, batch_of, decoder_of, drawn, mean_log_p, padded, siamese_of
from torch import Tensor, nn

from seqtwin.errors import ConfigError
from seqtwin.model.decoder import Decoder
from seqtwin.model.precision import can_autocast
from seqtwin.model.siamese import Siamese
from seqtwin.records import DecodeBatch, Sequences

CELLS = ["rnn", {"name": "rnn", "nonlinearity": "relu"}, "gru", "lstm", {"name": "lstm", "proj_size": 3}]
SINGLE = {"RNN_TANH": nn.RNNCell, "RNN_RELU": nn.RNNCell, "GRU": nn.GRUCell, "LSTM": nn.LSTMCell}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"feed": True},
    {"hidden": 6, "embedding": 3, "feed": True},
    {"hidden": 6, "tie": True},
]

every_cell = pytest.mark.parametrize(
    "cell", CELLS, ids=lambda c: c if isinstance(c, str) else "-".join(map(str, c.values()))
)
every_layers = pytest.mark.parametrize("layers", [1, 2])
both_directions = pytest.mark.parametrize("bidirectional", [False, True])


def single_cells(rnn: nn.RNNBase) -> list[Any]:
    """PyTorch's cells of one step, one a layer, with the weights of a unit."""
    kind = SINGLE[rnn.mode]
    extra = {"nonlinearity": rnn.nonlinearity} if isinstance(rnn, nn.RNN) else {}
    cells = []
    for layer in range(rnn.num_layers):
        own = {n.removesuffix(f"_l{layer}"): p for n, p in rnn.named_parameters() if n.endswith(f"_l{layer}")}
        cell = kind(own["weight_ih"].shape[1], rnn.hidden_size, **extra).double()
        cell.load_state_dict(own)
        cells.append(cell)
    return cells


def plain_logits(decoder: Decoder, model: Siamese, sequences: Sequences, text: list[int]) -> Tensor:
    """Logits of one text by a loop over steps and layers: [steps classes]."""
    v = model.encode(sequences)
    layers, width = decoder.rnn.num_layers, decoder.rnn.hidden_size
    h = torch.tanh(v @ decoder.bridge.hidden.weight.T + decoder.bridge.hidden.bias)
    h = [h[:, i * width : (i + 1) * width] for i in range(layers)]
    if decoder.rnn.mode == "LSTM":
        c = v @ decoder.bridge.cell.weight.T + decoder.bridge.cell.bias
        h = [(one, c[:, i * width : (i + 1) * width]) for i, one in enumerate(h)]
    found = []
    for token in [decoder.end, *text]:
        x = decoder.embedding.weight[token][None]
        x = torch.cat([x, v], 1) if decoder.feed else x
        for i, cell in enumerate(single_cells(decoder.rnn)):
            h[i] = cell(x, h[i])
            x = h[i][0] if isinstance(h[i], tuple) else h[i]
        weight = decoder.embedding.weight if decoder.weight is None else decoder.weight.weight
        found.append(weight @ x[0] + decoder.bias)
    return torch.stack(found)


@every_cell
@every_layers
@both_directions
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_teacher_forcing_is_a_loop_over_single_cells(
    cell: Any, layers: int, bidirectional: bool, options: dict[str, Any]
) -> None:
    model = siamese_of(cell=cell, layers=layers, bidirectional=bidirectional)
    decoder = decoder_of(model, **options)
    batch = batch_of((1, 3, 7, 2), (4, 0, 1, 6))
    texts = drawn((4, 0, 1, 6), WRITTEN, 1)
    expected = [plain_logits(decoder, model, alone(batch.sequences, i), text) for i, text in enumerate(texts)]
    logits = decoder(model, batch)
    assert logits.shape == (len(batch.target), WRITTEN + 1)
    torch.testing.assert_close(logits, torch.cat(expected), rtol=0, atol=1e-12)


@every_cell
@every_layers
@both_directions
def test_it_is_of_the_encoders_cell_and_as_wide(cell: Any, layers: int, bidirectional: bool) -> None:
    model = siamese_of(cell=cell, layers=layers, bidirectional=bidirectional)
    decoder = decoder_of(model)
    assert decoder.rnn.mode == model.encoder.rnn.mode
    assert decoder.rnn.num_layers == layers
    assert not decoder.rnn.bidirectional
    assert decoder.rnn.hidden_size == model.encoder.shape.joined
    assert decoder.rnn.input_size == model.encoder.rnn.input_size


@pytest.mark.parametrize("length", [1, 5])
def test_one_sequence_alone(length: int) -> None:
    model = siamese_of()
    decoder = decoder_of(model)
    assert decoder(model, batch_of((length,), (0,))).shape == (1, WRITTEN + 1)
    assert decoder(model, batch_of((length,), (length,))).shape == (length + 1, WRITTEN + 1)


def test_what_is_told_later_changes_nothing_before() -> None:
    model = siamese_of()
    decoder = decoder_of(model)
    read = padded(drawn((3,), READ))
    one, other = (DecodeBatch(read, padded([[2, 3, last, END]]), torch.arange(1)) for last in (4, 5))
    changed = (decoder(model, one) - decoder(model, other)).abs().amax(1)
    # the third token is what the fourth is written after
    assert changed[:3].max() == 0
    assert changed[3] > 1e-6


def test_logits_stand_where_the_targets_stand() -> None:
    model = siamese_of()
    decoder = decoder_of(model)
    batch = batch_of((1, 3, 2), (2, 0, 3))
    texts = drawn((2, 0, 3), WRITTEN, 1)
    log_p = decoder(model, batch).log_softmax(1)
    picked = log_p[torch.arange(len(log_p)), batch.target].split([3, 1, 4])
    for row, (text, part) in enumerate(zip(texts, picked, strict=True)):
        assert float(part.detach().mean()) == pytest.approx(
            mean_log_p(decoder, model, alone(batch.sequences, row), text)
        )


# --- the bridge --------------------------------------------------------------------------------------------------


def identity_bridge(decoder: Decoder) -> None:
    """Every coordinate of the vector to its own place of the start."""
    with torch.no_grad():
        for part in (decoder.bridge.hidden, decoder.bridge.cell):
            if part is not None:
                part.weight.copy_(torch.eye(*part.weight.shape, dtype=part.weight.dtype))
                part.bias.zero_()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@both_directions
def test_identity_weights_hand_on_the_last_state_squashed(cell: str, bidirectional: bool) -> None:
    model = siamese_of("final_hidden", cell=cell, bidirectional=bidirectional)
    decoder = decoder_of(model)
    identity_bridge(decoder)
    read = padded(drawn((1, 3, 7), READ))
    h_n = model.encoder(read).hidden[:, -1].flatten(1)
    h_0 = decoder.bridge(model.encode(read))[0][:, 0]
    torch.testing.assert_close(h_0, torch.tanh(h_n), rtol=0, atol=0)
    torch.testing.assert_close(torch.atanh(h_0), h_n, rtol=0, atol=1e-12)


def test_identity_weights_hand_on_every_layer_to_its_own() -> None:
    model = siamese_of("all_hidden", layers=2)
    decoder = decoder_of(model)
    identity_bridge(decoder)
    read = padded(drawn((1, 3), READ))
    h_n = model.encoder(read).hidden[:, :, 0]
    torch.testing.assert_close(decoder.bridge(model.encode(read))[0], torch.tanh(h_n), rtol=0, atol=0)


def test_identity_weights_hand_on_the_memory_itself() -> None:
    model = siamese_of("final_cell", cell="lstm")
    decoder = decoder_of(model)
    identity_bridge(decoder)
    read = padded(drawn((1, 3, 7), READ))
    c_n = model.encoder(read).cell
    assert c_n is not None
    torch.testing.assert_close(decoder.bridge(model.encode(read))[1], c_n[:, :, 0], rtol=0, atol=0)


REPRESENTATIONS: list[Any] = [
    "last_output",
    "mean_output",
    {"name": "join", "parts": ["final_hidden", "final_cell"]},
    {"name": "attention_output", "heads": 2},
]


@pytest.mark.parametrize("representation", REPRESENTATIONS, ids=str)
@pytest.mark.parametrize("projection", ["identity", {"name": "linear", "dim": 3}], ids=str)
def test_every_vector_can_be_written_from(representation: Any, projection: Any) -> None:
    model = siamese_of(representation, projection=projection, cell="lstm", layers=2, bidirectional=True)
    decoder = decoder_of(model, feed=True)
    batch = batch_of((1, 3), (2, 5))
    nn.functional.cross_entropy(decoder(model, batch), batch.target).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in decoder.parameters())
    assert model.encoder.inputs.embedding.weight.grad.any()


# --- options -----------------------------------------------------------------------------------------------------


def inputs_seen(decoder: Decoder, _model: Siamese, batch: DecodeBatch) -> Tensor:
    """The tokens the decoder was told."""
    return decoder._previous(batch.written)


def test_a_shared_table_is_the_encoders_own_and_the_end_beside_it() -> None:
    model = siamese_of()
    size = model.encoder.inputs.embedding.num_embeddings
    decoder = Decoder(model, size, share=True).double()
    batch = batch_of((1, 3), (2, 5))
    assert decoder.embedding.num_embeddings == 1
    assert not any(p is model.encoder.inputs.embedding.weight for p in decoder.parameters())
    before = decoder(model, batch).detach()
    with torch.no_grad():
        model.encoder.inputs.embedding.weight[2] += 1.0
    after = decoder(model, batch).detach()
    assert not torch.equal(before[:, 2], after[:, 2])
    assert before.shape == (len(batch.target), size + 1)
    nn.functional.cross_entropy(decoder(model, batch), batch.target).backward()
    assert all(p.grad is not None for p in decoder.parameters())
    with pytest.raises(ValueError, match="the decoder generates"):
        Decoder(model, size + 1, share=True)
    with pytest.raises(ValueError, match="tie"):
        Decoder(model, size, share=True, tie=True)


def test_dropped_words_are_inputs_in_training_alone() -> None:
    model = siamese_of()
    decoder = decoder_of(model, word_dropout=0.5)
    batch = batch_of((3,) * 40, (6,) * 40)
    true = torch.cat([torch.full((40, 1), END), batch.written.values[:, :-1]], 1)
    before = batch.target.clone()
    assert torch.equal(inputs_seen(decoder, model, batch), true)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        told = inputs_seen(decoder.train(), model, batch)
    dropped = told != true
    assert (told[dropped] == 1).all()
    assert not dropped[:, 0].any()
    assert 0.4 < float(dropped[:, 1:].double().mean()) < 0.6
    assert torch.equal(batch.target, before)


def test_dropped_inputs_change_training_alone() -> None:
    model = siamese_of()
    plain, dropping = decoder_of(model), decoder_of(model, input_dropout=0.5)
    batch = batch_of((3, 2), (6, 4))
    assert torch.equal(plain(model, batch), dropping(model, batch))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert not torch.allclose(plain(model, batch), dropping.train()(model, batch))


def test_a_tied_decoder_has_its_weights_once() -> None:
    decoder = decoder_of(siamese_of(), tie=True)
    assert decoder.embedding.weight.shape == (WRITTEN + 1, 4)
    assert "weight.weight" not in decoder.state_dict()


def test_the_siamese_is_not_a_part_of_the_decoder() -> None:
    model = siamese_of()
    own = {id(p) for p in decoder_of(model).parameters()}
    assert not own & {id(p) for p in model.parameters()}


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": 0},
        {"embedding": 0},
        {"beam": 0},
        {"beam": True},
        {"longest": 0},
        {"input_dropout": 1.0},
        {"word_dropout": -0.1},
        {"word_dropout": float("nan")},
        {"feed": "no"},
        {"tie": True, "embedding": 3},
        {"attend": True},
    ],
    ids=str,
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        decoder_of(siamese_of(), **options)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_it_trains_in_bfloat16(cell: str) -> None:
    model = siamese_of(cell=cell, layers=2).float()
    decoder = decoder_of(model, feed=True).float()
    if not can_autocast(decoder):
        pytest.skip("PyTorch has no bfloat16 LSTM for this processor; fit then trains in fp32")
    batch = batch_of((1, 3, 7), (2, 5, 0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = decoder(model, batch)
    torch.testing.assert_close(logits.float(), decoder(model, batch), rtol=0, atol=0.05)
    nn.functional.cross_entropy(logits.float(), batch.target).backward()
    assert all(p.grad.isfinite().all() for p in decoder.parameters() if p.grad is not None)


# --- what it writes ----------------------------------------------------------------------------------------------


def greedy_by_hand(decoder: Decoder, model: Siamese, sequences: Sequences, longest: int) -> list[int]:
    """The most probable next token after all tokens so far, again and again, by the forward pass alone."""
    text: list[int] = []
    while len(text) < longest:
        told = DecodeBatch(sequences, padded([[*text, END]]), torch.arange(1))
        last = decoder(model, told)[-1].detach()
        best = max([*range(2, WRITTEN), END], key=lambda token: float(last[token]))
        if best == END:
            break
        text.append(best)
    return text


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("feed", [False, True])
def test_a_beam_of_one_is_greedy(cell: str, feed: bool, seed: int) -> None:
    model = siamese_of(cell=cell, layers=2, bidirectional=True)
    decoder = decoder_of(model, seed=seed, sure=3.0, feed=feed)
    read = padded(drawn((1, 3, 7, 2), READ, seed))
    written = decoder.predict(model, read, 8)
    assert [one.dtype for one in written] == [np.dtype(np.int64)] * 4
    assert [one.tolist() for one in written] == [greedy_by_hand(decoder, model, alone(read, i), 8) for i in range(4)]


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("seed", range(4))
def test_a_text_is_written_alone_as_in_any_batch(beam: int, seed: int) -> None:
    model = siamese_of(cell="lstm", bidirectional=True)
    decoder = decoder_of(model, seed=seed, sure=3.0, beam=beam)
    read = padded(drawn((1, 9, 3, 1, 5), READ, seed))
    together = [one.tolist() for one in decoder.predict(model, read, 12)]
    assert together == [decoder.predict(model, alone(read, row), 12)[0].tolist() for row in range(5)]


@pytest.mark.parametrize("beam", [1, 3])
def test_pads_and_unknowns_are_never_written(beam: int) -> None:
    model = siamese_of()
    decoder = decoder_of(model, beam=beam)
    with torch.no_grad():
        decoder.bias[:2] += 100
        decoder.bias[END] -= 3
    written = np.concatenate(decoder.predict(model, padded(drawn((1, 3, 7, 2), READ)), 20))
    assert len(written)
    assert ((written >= 2) & (written < WRITTEN)).all()


@pytest.mark.parametrize("beam", [1, 3])
def test_what_never_ends_is_cut(beam: int) -> None:
    model = siamese_of()
    read = padded(drawn((2, 3), READ))
    for longest, given, expected in ((None, None, 200), (5, None, 5), (5, 3, 3)):
        decoder = decoder_of(model, beam=beam, longest=longest)
        with torch.no_grad():
            decoder.bias[END] = -1000
        assert [len(one) for one in decoder.predict(model, read, given)] == [expected] * 2


def test_nothing_may_be_written() -> None:
    model = siamese_of()
    decoder = decoder_of(model, beam=2)
    with torch.no_grad():
        decoder.bias[END] = 1000
    assert [one.tolist() for one in decoder.predict(model, padded(drawn((1, 3), READ)))] == [[], []]


def test_writing_drops_nothing_and_leaves_training_as_it_was() -> None:
    model = siamese_of(layers=2, dropout=0.5)
    decoder = decoder_of(model, input_dropout=0.5, word_dropout=0.5, sure=3.0)
    read = padded(drawn((1, 3, 7, 2), READ))
    before = [one.tolist() for one in decoder.predict(model, read, 8)]
    state = torch.random.get_rng_state()
    model.train(), decoder.train()
    assert [one.tolist() for one in decoder.predict(model, read, 8)] == before
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training
    assert decoder.rnn.training


def test_the_encoder_runs_once_a_batch() -> None:
    model = siamese_of()
    seen: list[int] = []
    model.encoder.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    decoder_of(model, beam=3).predict(model, padded(drawn((1, 3), READ)), 6)
    assert seen == [2]


@pytest.mark.long
@pytest.mark.parametrize("beam", [1, 3])
def test_ten_texts_are_learnt_by_heart(beam: int) -> None:
    texts = drawn((3, 4, 5, 6, 3, 4, 5, 6, 3, 4), WRITTEN, 5)
    batch = DecodeBatch(padded(texts), padded([[*text, END] for text in texts]), torch.arange(10))
    model = siamese_of(hidden=24).float().train()
    decoder = decoder_of(model, beam=beam).float().train()
    optimizer = torch.optim.Adam([*model.parameters(), *decoder.parameters()], 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.cross_entropy(decoder(model, batch), batch.target).backward()
        optimizer.step()
    assert [one.tolist() for one in decoder.predict(model, batch.sequences)] == texts
