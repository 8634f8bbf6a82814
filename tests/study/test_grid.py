"""From a study's config to its cells: any key is a factor, ids are readable and unique, nonsense is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqtwin.config import parse_run, parse_study
from seqtwin.errors import ConfigError
from seqtwin.paths import check_folder_name
from seqtwin.run.data_files import data_name
from seqtwin.run.part_labels import label
from seqtwin.study.grid import Grid, canonical, expand_grid

BASE: dict[str, Any] = {"data": {"name": "placenames"}, "encoder": {"embedding": 4, "hidden": 4}}


def grid(factors: dict[str, list[Any]], seeds: Any = 1, **base: Any) -> Grid:
    raw = {**BASE, **base, "encoder": {**BASE["encoder"], **base.get("encoder", {})}}
    return expand_grid(parse_study({"base": raw, "grid": factors, "seeds": seeds}))


def ids(found: Grid) -> list[str]:
    return [cell.id for cell in found.cells]


# expansion


def test_every_combination_times_the_seeds() -> None:
    contrastive = {"name": "contrastive", "distance": "cosine", "margin": "auto"}
    found = grid({"representation": ["mean_output", "max_output"], "loss": ["mse", contrastive]}, [0, 3])
    assert ids(found) == [
        "placenames.lstm.mean_output.mse.s0",
        "placenames.lstm.mean_output.mse.s3",
        "placenames.lstm.mean_output.contrastive-cosine-auto.s0",
        "placenames.lstm.mean_output.contrastive-cosine-auto.s3",
        "placenames.lstm.max_output.mse.s0",
        "placenames.lstm.max_output.mse.s3",
        "placenames.lstm.max_output.contrastive-cosine-auto.s0",
        "placenames.lstm.max_output.contrastive-cosine-auto.s3",
    ]
    cell = found.cells[3]
    assert (cell.config.representation, cell.config.loss, cell.config.fit.seed) == ("mean_output", contrastive, 3)
    assert cell.factors == {"representation": "mean_output", "loss": "contrastive-cosine-auto", "seed": 3}
    assert found.factors == {
        "representation": ["mean_output", "max_output"],
        "loss": ["mse", "contrastive-cosine-auto"],
    }
    assert found.merged == []


@pytest.mark.parametrize(
    ("key", "values", "labels"),
    [
        ("encoder.hidden", [4, 8], ["4", "8"]),
        ("encoder.cell", ["rnn", "gru", "lstm"], ["rnn", "gru", "lstm"]),
        ("encoder.bidirectional", [True, False], ["True", "False"]),
        ("fit.lr", [1e-3, 0.002, 1e30, 1e-30], ["0.001", "0.002", "1e30", "1e-30"]),
        ("fit.clip", [None, 1.0], ["None", "1.0"]),
        ("data.pairs", [100, 200], ["100", "200"]),
        ("data", [{"name": "placenames"}, {"name": "placenames", "pairs": 9}], ["placenames", "placenames-pairs9"]),
        ("tokens", [{"unit": "char"}, {"unit": "word"}], ["{'unit': 'char'}", "{'unit': 'word'}"]),
        ("similarity", ["cosine", {"name": "exp_manhattan", "tau": "width"}], ["cosine", "exp_manhattan-width"]),
        ("projection", ["identity", {"name": "linear", "dim": 3}], ["identity", "linear-dim3"]),
    ],
)
def test_any_key_can_be_a_factor(key: str, values: list[Any], labels: list[str]) -> None:
    found = grid({key: values})
    assert [cell.factors[key] for cell in found.cells] == labels
    assert found.factors[key] == labels
    assert len(set(ids(found))) == len(values)
    for id_ in ids(found):
        check_folder_name(Path(id_))


def test_an_option_of_a_part_can_be_a_factor() -> None:
    found = grid({"loss.margin": [0.3, 0.6]}, loss="contrastive")
    assert [cell.config.loss for cell in found.cells] == [{"name": "contrastive", "margin": m} for m in (0.3, 0.6)]
    assert ids(found) == [f"placenames.lstm.max_output.contrastive-margin0-{m}.margin-0-{m}.s0" for m in (3, 6)]


def test_cells_that_differ_in_an_option_alone_have_ids_of_their_own() -> None:
    found = grid({"encoder.cell": [{"name": "rnn", "nonlinearity": "tanh"}, {"name": "rnn", "nonlinearity": "relu"}]})
    assert ids(found) == [f"placenames.rnn-{kind}.max_output.mse.s0" for kind in ("tanh", "relu")]


def test_a_study_without_factors_is_its_base() -> None:
    assert ids(grid({}, 2)) == ["placenames.lstm.max_output.mse.s0", "placenames.lstm.max_output.mse.s1"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"name": "digits"}, "digits"),
        ({"file": "/a/b/pairs.csv", "label": "y"}, "pairs"),
        ({"train": "/x/sick/train.csv", "dev": "d", "test": "t", "label": "y"}, "sick"),
        ({"train": "${ROOT}/train.csv", "dev": "d", "test": "t", "label": "y"}, "train"),
        ({"train": "/x/my.train.csv", "dev": "d", "test": "t", "label": "y"}, "my.train"),
    ],
)
def test_the_name_of_the_data(data: dict[str, Any], name: str) -> None:
    assert data_name(parse_run({"data": data}).data) == name


SOME_TEXT = st.text(max_size=200) | st.sampled_from(["a/b", "..", "..\\x", "\u0627\u0644", "CON", " "])


# the seed of tuning trials is refused
@given(
    st.lists(SOME_TEXT, min_size=1, max_size=4, unique=True), st.integers(0, 2**63 - 2).filter(lambda s: s != 10_000)
)
def test_an_id_is_always_a_name_that_can_be_published(questions: list[str], seed: int) -> None:
    # any text may be the value of some factor; data.left takes all of them
    raw = {**BASE, "data": {"file": "/x/\u0444.csv", "label": "y"}}
    try:
        found = expand_grid(parse_study({"base": raw, "grid": {"data.left": questions}, "seeds": [seed]}))
    except ConfigError as error:
        assume(error.code != "GRID_TWINS")  # some of the texts become one when they are made fit for a name
        raise
    assert len(set(ids(found))) == len(questions)
    for id_ in ids(found):
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", id_)
        assert not id_.startswith(".")
        assert id_.endswith(f".s{seed}")


def test_long_names_are_cut_and_still_differ() -> None:
    found = grid(
        {"loss": [{"name": "bce", "scale": 1.0}], "data.left": ["x" * 200 + "a", "x" * 200 + "b"]},
        data={"file": "/x/p.csv", "label": "y"},
    )
    assert len(set(ids(found))) == 2
    assert all(len(id_) <= 128 for id_ in ids(found))


def test_labels_are_short_and_readable() -> None:
    assert label("mse") == "mse"
    assert label({"name": "attention_output", "heads": 4}) == "attention_output-heads4"
    assert label({"name": "join", "parts": ["mean_output", {"name": "attention_output", "heads": 2}]}) == (
        "mean_output+attention_output-heads2"
    )


# refusals


def test_impossible_combinations_are_refused_together_with_their_reasons() -> None:
    with pytest.raises(ConfigError) as caught:
        grid(
            {
                "encoder.cell": ["gru", "lstm"],
                "representation": ["final_cell", "mean_output"],
                "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": 5}],
            }
        )
    error = caught.value
    assert error.code == "GRID_IMPOSSIBLE"
    assert error.cause.startswith("5 of 8 combinations are impossible\n")
    assert error.cause.count("representation=final_cell") == 3
    assert "'final_cell'" in error.cause
    assert error.cause.count("margin") >= 4
    assert "encoder.cell=lstm, representation=final_cell, loss=mse:" not in error.cause


@pytest.mark.parametrize(
    ("factors", "seeds", "why"),
    [
        ({"encoder.hiden": [4]}, 1, r"unknown key 'hiden' in encoder; .*did you mean 'hidden'"),
        ({"representaton": ["mean_output"]}, 1, r"unknown key 'representaton'; .*did you mean 'representation'"),
        ({"representation": ["mean_outptu"]}, 1, r"representation=mean_outptu: .*did you mean 'mean_output'"),
        ({"representation": [{"heads": 2}]}, 1, "expected a name"),
        ({"loss": [{"name": "mse", "margin": 1}]}, 1, "unknown option 'margin'"),
        ({"similarity": ["negative_euclidean"]}, 1, "targets go from 0 to 1"),
        ({"fit.lr": [0.1, -0.1]}, 1, r"fit.lr: .*expected more than 0"),
        ({"fit.seed": [1, 2]}, 1, "fit.seed cannot be a factor"),
        ({"loss": []}, 1, "expected at least one value for loss"),
        ({}, 0, "no seeds to train with"),
        ({}, [], "no seeds to train with"),
        ({}, [1, 1], r"expected distinct seeds"),
        ({"encoder.vectors": ["/nowhere/glove.txt"]}, 1, "tokens.unit is not word"),
        ({"fit.device": ["cpu", "mps:7"]}, 1, "fit.device"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(factors: dict[str, list[Any]], seeds: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        grid(factors, seeds)


def test_two_cells_never_share_an_id() -> None:
    data = {"file": "/x/p.csv", "label": "y"}
    with pytest.raises(ConfigError, match="two cells have the id") as caught:
        grid({"data.left": ["a b", "a-b"]}, data=data)
    assert caught.value.code == "GRID_TWINS"


# merging


def merged(found: Grid) -> list[tuple[str, str]]:
    return [(left_out, stands) for left_out, stands, _ in found.merged]


def test_in_one_direction_the_last_output_is_the_final_hidden_state() -> None:
    factors = {"representation": ["last_output", "mean_output", "final_hidden"], "loss": ["mse", "bce"]}
    found = grid(factors, 2, encoder={"bidirectional": False})
    assert found.factors["representation"] == ["mean_output", "final_hidden"]
    assert merged(found) == [("last_output", "final_hidden")]
    assert "one direction" in found.merged[0][2]
    assert len(found.cells) == 8
    both = grid(factors, 2)
    assert merged(both) == []
    assert len(both.cells) == 12


def test_with_one_layer_all_hidden_states_are_the_final_one() -> None:
    factors: dict[str, list[Any]] = {"representation": ["final_hidden", "all_hidden"]}
    assert merged(grid(factors)) == [("all_hidden", "final_hidden")]
    assert merged(grid(factors, encoder={"layers": 2})) == []


def test_only_equal_cells_are_merged() -> None:
    factors: dict[str, list[Any]] = {"representation": ["final_hidden", "all_hidden"], "encoder.layers": [1, 2]}
    found = grid(factors)
    assert [c.factors["representation"] + c.factors["encoder.layers"] for c in found.cells] == [  # type: ignore[operator]
        "final_hidden1",
        "final_hidden2",
        "all_hidden2",
    ]


def test_pads_that_are_read_make_them_different() -> None:
    factors: dict[str, list[Any]] = {"representation": ["final_hidden", "last_output"]}
    encoder = {"bidirectional": False, "padding": "read"}
    assert len(grid(factors, encoder=encoder).cells) == 2


def test_alone_it_keeps_its_own_name() -> None:
    found = grid({"representation": ["last_output"]}, encoder={"bidirectional": False})
    assert ids(found) == ["placenames.lstm.last_output.mse.s0"]
    assert canonical(found.cells[0].config)[0] == "final_hidden"


def test_a_value_named_twice_is_trained_once() -> None:
    found = grid({"representation": ["mean_output", "mean_output"]})
    assert len(found.cells) == 1
    assert found.merged[0][2] == "named twice"


@pytest.mark.parametrize(("name", "data"), [("kernels", "digits"), ("lexical", "placenames")])
def test_representations_are_not_compared_without_a_network(name: str, data: str) -> None:
    raw = {"data": {"name": data}, "encoder": {name: {"share": 1}}}
    with pytest.raises(ConfigError, match=rf"all the same with encoder\.{name}\.share: 1"):
        parse_study({"base": raw, "grid": {"representation": ["mean_output", "max_output"]}})
    varied = {"representation": ["mean_output", "max_output"], f"encoder.{name}": [None, {"share": 0.5}]}
    assert parse_study({"base": raw, "grid": varied}).grid
    assert parse_study({"base": raw, "grid": {"fit.lr": [0.1, 0.2]}}).grid
