"""From a config to a Siamese: the seed decides, the global generator stands still, misfits are refused."""

import json
import subprocess
import sys
from typing import Any

import pytest
import torch

from seqtwin.build import Blueprint, blueprint_of, build_siamese, trainable_numbers
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import SeriesInput, SpelledInput, TokenInput
from seqtwin.model.projections import PROJECTIONS
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.records import PairBatch, Sequences

PARTS = {"join": {"join": ["mean_output", {"name": "attention_output", "heads": 2}]}}
SMALL = {"embedding": 5, "hidden": 6}


def blueprint(inputs: str = "tokens", encoder: dict[str, Any] | None = None, **parts: Any) -> Blueprint:
    raw = {"data": {"name": "placenames"}, "encoder": {**SMALL, **(encoder or {})}, **parts}
    return blueprint_of(parse_run(raw), inputs, 8 if inputs == "tokens" else 3)


def weights(siamese: Siamese, part: str) -> dict[str, torch.Tensor]:
    return {name: w for name, w in siamese.state_dict().items() if name.startswith(f"{part}.")}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("name", REPRESENTATIONS)
@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_all_parts_go_together(name: str, projection: str, similarity: str, pairs: PairBatch) -> None:
    siamese = build_siamese(
        blueprint(representation=PARTS.get(name, name), projection=projection, similarity=similarity), seed=0
    )
    compared = siamese(pairs)
    assert compared.left.shape == (4, siamese.space.dim)
    assert compared.score.isfinite().all()
    assert siamese.space.similarity == similarity


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_one_seed_gives_one_encoder_under_every_representation_and_head(cell: str, layers: int) -> None:
    body = {"cell": cell, "layers": layers}
    plain = weights(build_siamese(blueprint(encoder=body, representation="mean_output"), seed=3), "encoder")
    for name in REPRESENTATIONS:
        if name != "final_cell" or cell == "lstm":
            other = blueprint(encoder=body, representation=PARTS.get(name, name), projection="mlp", similarity="dot")
            assert equal(weights(build_siamese(other, seed=3), "encoder"), plain)
    assert not equal(weights(build_siamese(blueprint(encoder=body), seed=4), "encoder"), plain)


def test_one_seed_gives_one_head_whatever_the_encoder_drew() -> None:
    parts: dict[str, Any] = {"representation": "attention_output", "projection": "linear", "similarity": "pair_scorer"}
    one, deep = (build_siamese(blueprint(encoder={"layers": n}, **parts), seed=3) for n in (1, 2))
    for part in ("representation", "projection", "similarity"):
        assert weights(one, part)
        assert equal(weights(one, part), weights(deep, part))


def test_building_moves_no_global_generator_and_heeds_none() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = build_siamese(blueprint(), seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert equal(one.state_dict(), build_siamese(blueprint(), seed=3).state_dict())


def test_an_encoder_of_series_is_built_for_its_channels(ragged_series: Sequences) -> None:
    siamese = build_siamese(blueprint("series"), seed=0)
    assert isinstance(siamese.encoder.inputs, SeriesInput)
    assert siamese.encode(ragged_series).shape == (4, siamese.space.dim)
    assert isinstance(build_siamese(blueprint(), seed=0).encoder.inputs, TokenInput)


def test_every_setting_of_the_encoder_arrives() -> None:
    options = {"layers": 2, "bidirectional": False, "dropout": 0.25, "padding": "read"}
    encoder = build_siamese(blueprint(encoder={"cell": {"name": "lstm", "proj_size": 4}, **options}), seed=0).encoder
    assert (encoder.rnn.num_layers, encoder.rnn.bidirectional, encoder.rnn.dropout) == (2, False, 0.25)
    assert (encoder.rnn.input_size, encoder.rnn.hidden_size, encoder.rnn.proj_size) == (5, 6, 4)
    assert encoder.padding == "read"
    assert encoder.inputs.embedding.weight.shape == (8, 5)


def test_words_with_letters_are_wider_by_their_spelling() -> None:
    raw = {"data": {"name": "placenames"}, "encoder": {**SMALL, "spelling": 3, "input_dropout": 0.25}}
    encoder = build_siamese(blueprint_of(parse_run(raw), "tokens", 8, letters=7), seed=0).encoder
    assert isinstance(encoder.inputs, SpelledInput)
    assert encoder.rnn.input_size == encoder.inputs.dim == 5 + 3
    assert encoder.inputs.spelling.embedding.num_embeddings == 7
    assert encoder.inputs.dropout.p == 0.25


@pytest.mark.parametrize("inputs", ["tokens", "series"])
def test_dropout_of_inputs_arrives_and_draws_nothing(inputs: str) -> None:
    plain, dropping = (build_siamese(blueprint(inputs, {"input_dropout": p}), seed=0) for p in (0.0, 0.25))
    assert (plain.encoder.inputs.dropout.p, dropping.encoder.inputs.dropout.p) == (0.0, 0.25)
    assert equal(plain.state_dict(), dropping.state_dict())


def test_a_blueprint_survives_json_and_builds_the_same() -> None:
    mine = blueprint(representation=PARTS["join"], encoder={"cell": {"name": "rnn", "nonlinearity": "relu"}})
    again = Blueprint.model_validate(json.loads(json.dumps(mine.model_dump())))
    assert again == mine
    assert equal(build_siamese(again, seed=0).state_dict(), build_siamese(mine, seed=0).state_dict())


def test_word_vectors_are_no_part_of_a_blueprint() -> None:
    assert blueprint(encoder={"vectors": "somewhere.txt"}).encoder.vectors is None


def test_the_state_dict_goes_into_another_build_of_the_blueprint(pairs: PairBatch) -> None:
    parts: dict[str, Any] = {"representation": PARTS["join"], "similarity": {"name": "exp_manhattan", "tau": "learned"}}
    mine, other = (build_siamese(blueprint(**parts), seed=seed) for seed in (0, 1))
    other.load_state_dict(mine.state_dict())
    assert torch.equal(mine.eval()(pairs).score, other.eval()(pairs).score)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"encoder": {"cell": "ltsm"}}, "unknown cell 'ltsm'; known: rnn, gru, lstm, none (did you mean 'lstm'?)"),
        ({"representation": "mean_outptu"}, "(did you mean 'mean_output'?)"),
        ({"representation": {"join": ["mean_output", "max_outptu"]}}, "(did you mean 'max_output'?)"),
        (
            {"projection": "linaer"},
            "unknown projection 'linaer'; known: identity, linear, mlp (did you mean 'linear'?)",
        ),
        ({"similarity": "cosinus"}, "(did you mean 'cosine'?)"),
        ({"similarity": {"name": "exp_manhattan", "temperature": 1.0}}, "known: tau"),
        ({"encoder": {"cell": "gru"}, "representation": "final_cell"}, "cell gru has none"),
        ({"encoder": {"cell": "rnn"}, "representation": {"join": ["max_output", "final_cell"]}}, "cell rnn has none"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_siamese(blueprint(**parts), seed=0)
    assert said in str(caught.value)


WRONG_KINDS = {
    "heads: expected a positive integer, got 1.5": {"representation": {"name": "attention_output", "heads": 1.5}},
    "dim: expected a positive integer, got '64'": {"projection": {"name": "linear", "dim": "64"}},
    "join: expected a list of representations, got 'max_output'": {"representation": {"join": "max_output"}},
    "missing 1 required positional argument: 'parts'": {"representation": "join"},
    "tau: expected a positive number, 'width' or 'learned', got 'wide'": {
        "similarity": {"name": "exp_manhattan", "tau": "wide"}
    },
    "cell 'lstm': ": {"encoder": {"cell": {"name": "lstm", "proj_size": 1.5}}},
}
UNCHECKED = """
import json, sys
from seqtwin.build import blueprint_of, build_siamese
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError, ResourceError
for parts in json.load(sys.stdin):
    try:
        build_siamese(blueprint_of(parse_run({"data": {"name": "placenames"}, **parts}), "tokens", 8), seed=0)
        print("built")
    except ConfigError as error:
        print(json.dumps(str(error)))
"""


def test_settings_of_a_wrong_kind_are_refused_where_no_test_checks_types() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNCHECKED],
        input=json.dumps(list(WRONG_KINDS.values())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for said, expected in zip(done.stdout.splitlines(), WRONG_KINDS, strict=True):
        assert expected in said


def test_fresh_embeddings_have_the_deviation_asked_for_and_nothing_else_changes() -> None:
    usual, small = (build_siamese(blueprint(encoder={"embedding_std": std}), seed=3) for std in (1.0, 0.1))
    torch.testing.assert_close(
        small.encoder.inputs.embedding.weight, 0.1 * usual.encoder.inputs.embedding.weight, rtol=0, atol=0
    )
    assert equal(weights(small, "encoder.rnn"), weights(usual, "encoder.rnn"))


def test_a_model_beyond_the_memory_is_refused_before_it_is_built() -> None:
    match = r"training .* weights or more needs at least"
    with pytest.raises(ResourceError, match=match) as caught, trainable_numbers(lambda: 10_000):
        build_siamese(blueprint_of(parse_run({"data": {"name": "digits"}}), "series", 3), seed=0)
    assert caught.value.exit_code == 5
    with trainable_numbers(lambda: 10**9):
        build_siamese(blueprint_of(parse_run({"data": {"name": "digits"}}), "series", 3), seed=0)


def test_absurd_widths_are_refused_at_once() -> None:
    encoder = {"hidden": 65_536, "embedding": 65_536, "layers": 64}
    config = parse_run({"data": {"name": "digits"}, "encoder": encoder})
    with pytest.raises(ResourceError), trainable_numbers(lambda: 2**35):
        build_siamese(blueprint_of(config, "tokens", 3), seed=0)
