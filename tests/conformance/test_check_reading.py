"""`check_reading` passes right networks of any form, and finds each usual mistake with its cause and its fix."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import seqtwin
from seqtwin.conformance.check_reading import READING_CHECKS
from seqtwin.conformance.own_network import TIME_FIRST
from seqtwin.errors import ConfigError
from seqtwin.model.representations import REPRESENTATIONS


class Network(nn.Module):
    """Packs, and pools by a function of (output, state, lengths). Each network below differs in one thing."""

    def __init__(self, pool: Any, kind: Any = nn.GRU, *, pack: bool = True, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(20, 5, padding_idx=3)
        self.rnn = kind(5, 4, **{"batch_first": True, "bidirectional": True, **options})
        self.pool, self.pack = pool, pack

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        steps = self.embed(x)
        if not self.pack:
            return self.pool(*self.rnn(steps), lengths)
        given = pack_padded_sequence(steps, lengths, batch_first=self.rnn.batch_first, enforce_sorted=False)
        output, state = self.rnn(given)
        return self.pool(pad_packed_sequence(output, batch_first=self.rnn.batch_first)[0], state, lengths)


def mask(lengths: Tensor) -> Tensor:
    return (torch.arange(int(lengths.max())) < lengths[:, None])[..., None]


RIGHT = {
    "both ends": Network(lambda o, h, n: torch.cat([h[-2], h[-1]], 1)),
    "mean": Network(lambda o, h, n: o.sum(1) / n[:, None]),
    "max": Network(lambda o, h, n: o.masked_fill(~mask(n), -torch.inf).amax(1)),
    "every layer": Network(lambda o, h, n: h[0].transpose(0, 1).flatten(1), nn.LSTM, num_layers=3),
    "one direction over pads": Network(lambda o, h, n: o[torch.arange(len(n)), n - 1], pack=False, bidirectional=False),
    "time first": Network(lambda o, h, n: torch.cat([h[-2], h[-1]], 1), batch_first=False),
    "a score": Network(lambda o, h, n: h[-2:].sum((0, 2))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_network_passes(name: str) -> None:
    results = seqtwin.check_reading(RIGHT[name])
    assert [result.name for result in results] == list(READING_CHECKS)
    assert all(result.passed and result.found and not result.remedy for result in results)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_every_reader_passes_but_for_the_ends_that_read_one_token(kind: Any) -> None:
    for name in set(REPRESENTATIONS) - {"join"}:
        if name == "final_cell" and kind is not nn.LSTM:
            continue
        reader = seqtwin.Reader(kind(3, 4, 2, batch_first=True, bidirectional=True), name)
        failed = [result.name for result in seqtwin.check_reading(reader, raise_error=False) if not result.passed]
        assert failed == (["directions"] if name in {"last_output", "first_output"} else []), name


@pytest.mark.parametrize("seed", [1552, 2426])
def test_the_largest_outputs_can_all_be_those_of_the_first_step(seed: int) -> None:
    """With these weights they are, for the sequences that are looked at first."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        reader = seqtwin.Reader(nn.GRU(3, 4, 2, batch_first=True, bidirectional=True), "max_output")
    assert all(result.passed for result in seqtwin.check_reading(reader))


# a network, the checks that fail, a part of the finding, a part of the remedy
MISTAKES: dict[str, tuple[Network, set[str], str, str]] = {
    "last column of an unpacked output": (
        Network(lambda o, h, n: o[:, -1], bidirectional=False), {"alone"},
        "output[:, -1] is such a step", "lengths - 1",
    ),
    "mean over the width": (
        Network(lambda o, h, n: o.mean(1)), {"alone"}, "it is 2/8 of the right one", "output.sum(1) / lengths",
    ),
    "maximum with zeros": (
        Network(lambda o, h, n: o.amax(1)), {"alone"}, "its negative values are 0", "masked_fill",
    ),
    "h_n over pads": (
        Network(lambda o, h, n: torch.cat([h[-2], h[-1]], 1), pack=False), {"alone", "more_pads"},
        "runs over the pads", "pack_padded_sequence",
    ),
    "reshaped h_n": (
        Network(lambda o, h, n: h.reshape(len(n), -1)), {"alone", "other_rows", "order"},
        "mixes the sequences", "h_n.transpose(0, 1).flatten(1)",
    ),
    "last output of two directions": (
        Network(lambda o, h, n: o[torch.arange(len(n)), n - 1]), {"directions"},
        "layer 1, backward direction made one step only", "torch.cat([h_n[-2], h_n[-1]], 1)",
    ),
    "one direction of two": (
        Network(lambda o, h, n: h[-1]), {"directions"},
        "layer 1, forward direction is not used", "torch.cat([h_n[-2], h_n[-1]], 1)",
    ),
    "last sequence of the batch": (
        Network(lambda o, h, n: o[-1]), {"one_vector"}, "[8, 8] for 5 sequences", "lengths - 1",
    ),
    "every step": (
        Network(lambda o, h, n: o.sum(2)[:, :, None].transpose(0, 1)), {"one_vector"}, "[8, 5, 1]", "lengths - 1",
    ),
    "a tuple": (Network(lambda o, h, n: (o, h)), {"one_vector"}, "returned tuple", "call="),
    "centred on the batch": (
        Network(lambda o, h, n: h[-2:].sum(0) - h[-2:].sum(0).mean(0)), {"alone", "other_rows", "order"},
        "when only the others changed", "",
    ),
    "the place in the batch": (
        Network(lambda o, h, n: h[-2:].sum(0) * torch.arange(1, len(n) + 1)[:, None]), {"alone", "order"}, "", "",
    ),
    "random in eval mode": (
        Network(lambda o, h, n: nn.functional.dropout(h[-2:].sum(0))), {"one_vector"},
        "two calls in eval mode differ", "nn.Dropout",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_with_its_cause_and_fix(name: str) -> None:
    network, checks, cause, fix = MISTAKES[name]
    failed = [result for result in seqtwin.check_reading(network, raise_error=False) if not result.passed]
    assert {result.name for result in failed} == checks
    assert cause in failed[0].found
    assert fix in failed[0].remedy
    assert all(result.remedy for result in failed)
    with pytest.raises(ConfigError) as caught:
        seqtwin.check_reading(network)
    assert (caught.value.code, caught.value.place) == ("PART_CHECKS", "Network")


class Bare(nn.Module):
    """A layer for series, without lengths."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 4, **options)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[1][-1]


def test_a_network_without_lengths_and_one_along_the_batch() -> None:
    names = [one.name for one in seqtwin.check_reading(Bare(batch_first=True), raise_error=False) if not one.passed]
    assert names == ["alone", "more_pads"]
    x, lengths = torch.randn(4, 6, 3), [6, 5, 3, 6]

    class Along(Bare):
        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x)[0][:, -1]

    # without a batch, the network gets the order of its layer, and the forgotten batch_first=True is named
    [guessed] = seqtwin.check_reading(Along(), raise_error=False)
    assert (guessed.name, guessed.remedy) == ("one_vector", TIME_FIRST)
    assert TIME_FIRST.startswith("the layer has no batch_first=True")
    failed = [one for one in seqtwin.check_reading(Along(), x, lengths, raise_error=False) if not one.passed]
    assert "it may run along the batch" in next(one.found for one in failed if one.name == "other_rows")


def test_sorting_that_is_not_undone_and_sorting_that_is_expected_are_found() -> None:
    class Sorts(Network):
        def forward(self, x: Tensor, lengths: Tensor) -> Any:
            order = lengths.argsort(descending=True)
            return super().forward(x[order], lengths[order])

    class Expects(Network):
        def forward(self, x: Tensor, lengths: Tensor) -> Any:
            return self.pool(*self.rnn(pack_padded_sequence(self.embed(x), lengths, batch_first=True)), lengths)

    for kind in (Sorts, Expects):
        network = kind(lambda o, h, n: torch.cat([h[-2], h[-1]], 1))
        [failed] = [one for one in seqtwin.check_reading(network, raise_error=False) if not one.passed]
        assert failed.name == "order"
        assert "enforce_sorted=False" in failed.remedy


def test_another_call_and_a_given_batch() -> None:
    lstm = nn.LSTM(3, 4, bidirectional=True)

    def ends(x: Tensor, lengths: Tensor) -> Tensor:
        h_n = lstm(pack_padded_sequence(x, lengths, enforce_sorted=False))[1][0]
        return torch.cat([h_n[-2], h_n[-1]], 1)

    assert len(seqtwin.check_reading(lstm, call=ends)) == len(READING_CHECKS)
    assert len(seqtwin.check_reading(lstm, torch.randn(9, 30, 3), [*range(1, 10)] * 3 + [9, 2, 1], call=ends)) == 5


def test_inputs_that_cannot_be_guessed_or_do_not_fit_are_refused() -> None:
    for module, x, lengths, cause in (
        (nn.Linear(2, 2), None, None, "cannot be guessed"),
        (lambda x: x, None, None, "expected an nn.Module"),
        (Bare(), torch.zeros(5, 2, 3), None, "x needs lengths"),
        (Bare(), torch.zeros(5, 2, 3), [5, 5], "two sequences of different lengths"),
    ):
        with pytest.raises(ConfigError, match=cause) as caught:
            seqtwin.check_reading(module, x, lengths)  # type: ignore[arg-type]
        assert caught.value.code == "READ_NETWORK"


def test_the_network_is_left_as_it_was() -> None:
    network = Network(lambda o, h, n: torch.cat([h[-2], h[-1]], 1))
    network.train()
    network.embed.eval()
    network.rnn.requires_grad_(False)
    before = torch.random.get_rng_state()
    assert "every direction" in {one.name: one.found for one in seqtwin.check_reading(network)}["directions"]
    assert network.training
    assert not network.embed.training
    assert not any(weight.requires_grad for weight in network.rnn.parameters())
    assert all(weight.grad is None for weight in network.parameters())
    assert torch.equal(before, torch.random.get_rng_state())
