"""Configs: misspelt keys, overrides, paths, variables, studies."""

import json
from pathlib import Path
from typing import Any

import pytest

from seqtwin.config import (
    USUAL_GRID,
    RunConfig,
    each_path,
    json_schema,
    overridden,
    parse_run,
    parse_study,
    portable,
    read_run,
    read_study,
    study_of,
    usual_grid,
    vary,
)
from seqtwin.errors import ConfigError
from seqtwin.paths import expand

DIGITS = {"data": {"name": "digits"}}


def run_file(folder: Path, text: str, name: str = "run.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# misspelt keys and wrong values

MISSPELT: dict[str, tuple[dict[str, Any], str]] = {
    "top": ({**DIGITS, "encodr": {}}, r"unknown key 'encodr'; known: data, .*did you mean 'encoder'"),
    "encoder": ({**DIGITS, "encoder": {"hiden": 3}}, r"unknown key 'hiden' in encoder;.*did you mean 'hidden'"),
    "fit": ({**DIGITS, "fit": {"epoch": 3}}, r"unknown key 'epoch' in fit;.*did you mean 'epochs'"),
    "tokens": ({**DIGITS, "tokens": {"unti": "word"}}, r"unknown key 'unti' in tokens;.*did you mean 'unit'"),
    "data": ({"data": {"fil": "a.csv"}}, r"unknown key 'fil'; known: .*did you mean 'file'"),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no data": ({}, "data: is missing"),
    "data without a source": ({"data": {"left": "a"}}, "expected name, or file, or train and test"),
    "a missing split": ({"data": {"train": "a.csv", "dev": "b.csv"}}, "train and test"),
    "a word for a number": ({**DIGITS, "fit": {"epochs": "many"}}, r"fit.epochs: expected an integer; got 'many'"),
    "a large patience": (
        {**DIGITS, "fit": {"patience": 100_001}},
        r"expected at most 100000; got 100001",
    ),
    "a negative rate": ({**DIGITS, "fit": {"lr": -1}}, r"fit.lr: expected more than 0; got -1"),
    "an infinite rate": ({**DIGITS, "fit": {"lr": float("inf")}}, "fit.lr: .*finite"),
    "no number": ({**DIGITS, "data": {"name": "digits", "cut": float("nan")}}, "data.cut"),
    "an unknown choice": ({**DIGITS, "encoder": {"padding": "raed"}}, "encoder.padding: .*'masked' or 'read'"),
    "an unknown device": ({**DIGITS, "fit": {"device": "gpu"}}, "fit.device"),
    "a number as a part": ({**DIGITS, "loss": 3}, r"loss: expected a name or \{name: ..., option: ...\}; got 3"),
    "dropout without a place": ({**DIGITS, "encoder": {"dropout": 0.1}}, "dropout applies between layers"),
    "a seed too large": ({**DIGITS, "fit": {"seed": 2**64}}, "fit.seed"),
    "a key that is no text": ({**DIGITS, 1: 2}, "Keys should be strings"),
    "a list for a section": (
        {**DIGITS, "fit": [1]},
        r"fit: expected \{key: value\} with the keys epochs, batch, .*; got \[1\]",
    ),
    "a number for a section": ({**DIGITS, "fit": {"rates": 0.5}}, "fit.rates: expected .* with the keys embedding"),
    "a number for a list": ({**DIGITS, "data": {"name": "digits", "mix": 3}}, r"data.mix: expected a list, .*; got 3"),
    "a part of an epoch": ({**DIGITS, "fit": {"epochs": 1.5}}, "fit.epochs: expected an integer; got 1.5"),
    "a word for yes or no": ({**DIGITS, "encoder": {"bidirectional": "both"}}, "expected true or false; got 'both'"),
}


@pytest.mark.parametrize(("raw", "why"), [*MISSPELT.values(), *WRONG.values()], ids=[*MISSPELT, *WRONG])
def test_what_is_wrong_is_named(raw: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        parse_run(raw, place="run.yaml")
    assert caught.value.place == "run.yaml"
    assert caught.value.exit_code == 2


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_run({**DIGITS, "fit": {"epochs": 0, "lrr": 1}, "encoder": {"hidden": 0}})
    assert all(word in caught.value.cause for word in ("fit.epochs", "'lrr' in fit", "encoder.hidden"))


def test_misspelt_keys_of_a_study_are_named_with_their_level() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'sedes'.*did you mean 'seeds'"):
        parse_study({"base": DIGITS, "sedes": 3})
    with pytest.raises(ConfigError, match=r"unknown key 'hiden' in base.encoder"):
        parse_study({"base": {**DIGITS, "encoder": {"hiden": 1}}})
    with pytest.raises(ConfigError, match=r"grid.loss: .*list"):
        parse_study({"base": DIGITS, "grid": {"loss": "mse"}})


def test_what_a_study_declares_is_strict_too() -> None:
    published = {"source": "Mueller 2016", "metric": "pearson", "value": 0.8822, "scale": "1-5", "vectors": "word2vec"}
    raw = {"base": DIGITS, "published": [published], "allow_leakage": "the official split"}
    found = parse_study(raw)
    assert (found.published[0].value, found.published[0].split, found.allow_leakage) == (
        0.8822,
        "",
        "the official split",
    )
    with pytest.raises(ConfigError, match=r"unknown key 'sorce' in published.0.*did you mean 'source'"):
        parse_study({**raw, "published": [{**published, "sorce": "x"}]})
    with pytest.raises(ConfigError, match=r"published.0.value"):
        parse_study({**raw, "published": [{**published, "value": "high"}]})
    with pytest.raises(ConfigError, match=r"unknown key 'riht' in comparisons.0.*did you mean 'right'"):
        parse_study({"base": DIGITS, "comparisons": [{"left": {"a": 1}, "right": {"a": 2}, "riht": {}}]})


def test_tier_and_tune_of_a_study_can_be_overridden(tmp_path: Path) -> None:
    path = run_file(tmp_path, "base: {data: {name: digits}}\ntier: standard\n", "study.yaml")
    found = read_study(path, ["tier=strong", "tune=false", "seeds=[1, 2]"])
    assert (found.tier, found.tune, found.seeds) == ("strong", False, [1, 2])


def test_join_is_short_for_a_part_with_parts() -> None:
    found = parse_run({**DIGITS, "representation": {"join": ["mean_output", "max_output"]}})
    assert found.representation == {"name": "join", "parts": ["mean_output", "max_output"]}


def test_sum_is_short_for_a_loss_with_parts() -> None:
    found = parse_run({**DIGITS, "loss": {"sum": ["mse", "in_batch"], "weights": [1, 0.5]}})
    assert found.loss == {"name": "sum", "parts": ["mse", "in_batch"], "weights": [1, 0.5]}
    assert parse_run({**DIGITS, "loss": {"sum": ["mse", "bce"]}}).loss == {"name": "sum", "parts": ["mse", "bce"]}


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_run(DIGITS).fit.epochs = 3  # type: ignore[misc]


# overrides

OVERRIDES = [
    ("encoder.hidden=256", lambda c: c.encoder.hidden, 256),
    ("fit.lr=1e-3", lambda c: c.fit.lr, 0.001),
    ("fit.patience=100000", lambda c: c.fit.patience, 100_000),
    ("fit.patience=null", lambda c: c.fit.patience, None),
    ("loss=bce", lambda c: c.loss, "bce"),
    ("loss.margin=0.4", lambda c: c.loss, {"name": "contrastive", "margin": 0.4}),
    ("representation.heads=4", lambda c: c.representation, {"name": "max_output", "heads": 4}),
    ("encoder.cell.proj_size=4", lambda c: c.encoder.cell, {"name": "lstm", "proj_size": 4}),
    ("projection={name: linear, dim: 8}", lambda c: c.projection, {"name": "linear", "dim": 8}),
    ("similarity.tau=a=b", lambda c: c.similarity, {"name": "cosine", "tau": "a=b"}),
    ("data.pairs=60", lambda c: c.data.pairs, 60),
    ("fit.rates.embedding=0.1", lambda c: c.fit.rates.changed(), {"embedding": 0.1}),
    ("fit.average=ema", lambda c: c.fit.average, "ema"),
    ("fit.balance=0.3", lambda c: c.fit.balance, 0.3),
]


@pytest.mark.parametrize(("text", "read", "value"), OVERRIDES, ids=[o[0] for o in OVERRIDES])
def test_an_override_sets_what_it_names(tmp_path: Path, text: str, read: Any, value: object) -> None:
    path = run_file(tmp_path, "data: {name: digits}\nloss: contrastive\n")
    assert read(read_run(path, [text])) == value


def test_an_override_into_a_part_with_options_keeps_the_others(tmp_path: Path) -> None:
    path = run_file(tmp_path, "data: {name: digits}\nloss: {name: contrastive, margin: 1, distance: cosine}\n")
    assert read_run(path, ["loss.margin=2"]).loss == {"name": "contrastive", "margin": 2, "distance": "cosine"}


def test_later_overrides_win(tmp_path: Path) -> None:
    path = run_file(tmp_path, "data: {name: digits}")
    assert read_run(path, ["fit.epochs=2", "fit.epochs=3"]).fit.epochs == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("encoder.hiden=3", "unknown key 'hiden' in encoder.*did you mean 'hidden'"),
        ("encodr.hidden=3", "unknown key 'encodr'.*did you mean 'encoder'"),
        ("fit.lr.x=3", "fit.lr"),
        ("encoder.hidden", "expected key=value, got 'encoder.hidden'"),
        ("loss={name: [", "not valid YAML"),
        ("=3", "unknown key ''"),
    ],
)
def test_an_override_that_cannot_be_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_run(run_file(tmp_path, "data: {name: digits}"), [text])


def test_overrides_of_a_study_reach_the_study_or_its_base(tmp_path: Path) -> None:
    path = run_file(tmp_path, "base: {data: {name: digits}}\ngrid: {representation: [mean_output]}\n", "study.yaml")
    found = read_study(path, ["seeds=3", "fit.epochs=2", "grid.encoder.hidden=[4, 8]", "question=why?"])
    assert (found.seeds, found.base.fit.epochs, found.question) == (3, 2, "why?")
    assert found.grid == {"representation": ["mean_output"], "encoder.hidden": [4, 8]}


@pytest.mark.parametrize("text", ["representation=max_output", "representation.heads=2", "encoder.cell.proj_size=2"])
def test_an_override_that_the_grid_would_hide_is_refused(tmp_path: Path, text: str) -> None:
    grid = "grid: {representation: [mean_output], encoder.cell: [lstm]}"
    path = run_file(tmp_path, f"base: {{data: {{name: digits}}}}\n{grid}\n", "study.yaml")
    with pytest.raises(ConfigError, match="has no effect because the grid varies") as caught:
        read_study(path, [text])
    assert caught.value.remedy.startswith("set the values of the factor: grid.")


def test_overrides_do_not_change_the_usual_grid(tmp_path: Path) -> None:
    before = json.dumps(USUAL_GRID)
    found = read_study(run_file(tmp_path, "data: {name: digits}"), ["grid.loss=[bce]"])
    assert found.grid["loss"] == ["bce"]
    assert json.dumps(USUAL_GRID) == before


def test_a_run_file_becomes_a_study_of_the_usual_grid(tmp_path: Path) -> None:
    found = read_study(run_file(tmp_path, "data: {name: digits}\nfit: {epochs: 2}"))
    assert found.grid == USUAL_GRID
    assert found.base.fit.epochs == 2


def test_vary_changes_dotted_keys_and_nothing_else() -> None:
    base = parse_run({**DIGITS, "loss": {"name": "contrastive", "margin": 1.0}, "fit": {"epochs": 4}})
    found = vary(base, {"fit.lr": 0.5, "loss.margin": 2.0, "encoder.cell": "gru"})
    assert (found.fit.lr, found.fit.epochs, found.encoder.cell) == (0.5, 4, "gru")
    assert found.loss == {"name": "contrastive", "margin": 2.0}
    assert base.loss == {"name": "contrastive", "margin": 1.0}
    assert vary(base, {}) == base


# paths

FILES = 'data: {train: a/train.csv, dev: /abs/dev.csv, test: "${SOME_ROOT}/test.csv", label: train.csv}\n'


def test_relative_paths_are_counted_from_the_file_of_the_config(tmp_path: Path, monkeypatch: Any) -> None:
    path = run_file(tmp_path / "configs", FILES + "encoder: {vectors: glove.txt}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = read_run(path)
    assert found.data.train == str(tmp_path / "configs/a/train.csv")
    assert found.data.dev == "/abs/dev.csv"
    assert found.data.test == "${SOME_ROOT}/test.csv"
    assert found.data.label == "train.csv"
    assert found.encoder.vectors == str(tmp_path / "configs/glove.txt")


def test_paths_given_on_the_command_line_are_counted_from_here(tmp_path: Path, monkeypatch: Any) -> None:
    path = run_file(tmp_path / "configs", FILES)
    monkeypatch.chdir(tmp_path)
    found = read_run(path, ["data.train=my.csv", "encoder.vectors=v.txt", "data.left=my.csv"])
    assert found.data.train == str(tmp_path / "my.csv")
    assert found.encoder.vectors == str(tmp_path / "v.txt")
    assert found.data.left == "my.csv"
    assert read_run(path, ["data={file: my.csv}"]).data.file == str(tmp_path / "my.csv")


def test_the_base_of_a_study_and_paths_in_its_grid_are_counted_from_their_own_files(tmp_path: Path) -> None:
    run_file(tmp_path / "configs", "data: {file: pairs.csv, label: y}", "base.yaml")
    grid = "grid: {data.file: [one.csv, /two.csv], encoder.vectors: [null, v.txt], data: [{file: x.csv}]}"
    path = run_file(tmp_path / "study", f"base: ../configs/base.yaml\n{grid}\n", "study.yaml")
    found = read_study(path)
    assert Path(str(found.base.data.file)).resolve() == tmp_path / "configs/pairs.csv"
    assert found.grid["data.file"] == [str(tmp_path / "study/one.csv"), "/two.csv"]
    assert found.grid["encoder.vectors"] == [None, str(tmp_path / "study/v.txt")]
    assert found.grid["data"] == [{"file": str(tmp_path / "study/x.csv")}]


def test_a_mapping_is_a_study_as_a_file_is(tmp_path: Path) -> None:
    run_file(tmp_path, "data: {name: digits}", "base.yaml")
    by_name = parse_study(study_of({"base": "base.yaml", "seeds": 2}, tmp_path))
    assert by_name == parse_study({"base": DIGITS, "seeds": 2})
    assert parse_study(study_of(DIGITS, tmp_path)).grid == USUAL_GRID


def test_a_study_may_change_keys_of_a_base_that_lies_elsewhere(tmp_path: Path) -> None:
    run_file(tmp_path / "configs", "data: {file: pairs.csv, label: y}\nfit: {epochs: 9}\nloss: bce", "base.yaml")
    text = "base: ../configs/base.yaml\nset: {fit.epochs: 2, encoder.vectors: v.txt, loss.scale: 3, fit.batch: 8}\n"
    found = read_study(run_file(tmp_path / "study", text, "study.yaml"), ["fit.batch=4"]).base
    assert (found.fit.epochs, found.fit.batch, found.loss) == (2, 4, {"name": "bce", "scale": 3})
    assert found.encoder.vectors == str(tmp_path / "study/v.txt")
    raw: dict[str, Any] = {"base": {"data": {"name": "digits"}}, "set": {"fit.epochs": 2}}
    assert parse_study(study_of(raw, tmp_path)).base.fit.epochs == 2
    assert raw == {"base": {"data": {"name": "digits"}}, "set": {"fit.epochs": 2}}
    with pytest.raises(ConfigError, match=r"unknown key 'epoch' in base.fit.*did you mean 'epochs'"):
        parse_study(study_of({**raw, "set": {"fit.epoch": 2}}, tmp_path))
    for wrong in ({**raw, "set": 3}, {"grid": {}, "set": {"fit.epochs": 2}}, {"base": 3, "set": {"fit.epochs": 2}}):
        with pytest.raises(ConfigError, match="set: expected"):
            study_of(wrong, tmp_path)


def test_anchoring_leaves_what_it_was_given_alone() -> None:
    raw = {"base": {"data": {"file": "a.csv"}}, "grid": {"data.file": ["b.csv"]}}
    study_of(raw, Path("/x"))
    assert raw == {"base": {"data": {"file": "a.csv"}}, "grid": {"data.file": ["b.csv"]}}


def test_variables_expand_in_paths_only(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SOME_ROOT", str(tmp_path))
    text = "data: {name: digits}\nloss: {name: pml, loss: '${SOME_ROOT}'}\n"
    assert read_run(run_file(tmp_path, text)).loss == {"name": "pml", "loss": "${SOME_ROOT}"}
    assert expand("${SOME_ROOT}/${SOME_ROOT}/a.csv") == Path(f"{tmp_path}/{tmp_path}/a.csv")
    assert expand("plain$HOME.csv") == Path("plain$HOME.csv")


def test_a_variable_that_is_not_set_is_named(monkeypatch: Any) -> None:
    monkeypatch.delenv("NOT_SET_AT_ALL", raising=False)
    with pytest.raises(ConfigError, match="the variable NOT_SET_AT_ALL is not set") as caught:
        expand("${NOT_SET_AT_ALL}/train.csv")
    assert "export NOT_SET_AT_ALL=" in caught.value.remedy


def test_home_is_expanded(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("~/a.csv") == tmp_path / "a.csv"


# the rest


def test_the_schema_knows_every_section_and_is_json() -> None:
    schema = json.loads(json.dumps(json_schema(), allow_nan=False))
    assert set(schema["properties"]) == set(RunConfig.model_fields)
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_options_of_a_built_in_set_are_those_that_were_written() -> None:
    assert parse_run({"data": {"name": "digits", "pairs": 30, "seed": 1}}).data.options() == {"pairs": 30, "seed": 1}


def test_overridden_sets_a_section_that_was_not_there() -> None:
    assert overridden({}, ["fit.epochs=2", "loss.margin=1"]) == {
        "fit": {"epochs": 2},
        "loss": {"name": "mse", "margin": 1},
    }


# what a run starts from, and what each objective compares

START = {**DIGITS, "encoder": {"from": "runs/first"}}


def test_from_is_called_from_wherever_it_is_seen() -> None:
    found = parse_run(START)
    assert found.encoder.start == "runs/first"
    for dumped in (found.model_dump(), json.loads(found.model_dump_json()), found.model_dump(exclude_unset=True)):
        assert dumped["encoder"]["from"] == "runs/first"
        assert "start" not in dumped["encoder"]
    properties = json_schema()["$defs"]["EncoderConfig"]["properties"]
    assert "from" in properties
    assert "start" not in properties
    assert parse_run(found.model_dump()) == found
    assert vary(found, {"fit.seed": 3}).encoder.start == "runs/first"
    assert vary(found, {"encoder.from": None}).encoder.start is None


def test_errors_call_from_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'form' in encoder; known: from, .*did you mean 'from'"):
        parse_run({**DIGITS, "encoder": {"form": "a"}})
    with pytest.raises(ConfigError, match=r"unknown key 'start' in encoder; known: from, "):
        parse_run({**DIGITS, "encoder": {"start": "a"}})
    with pytest.raises(ConfigError, match=r"encoder\.from: expected a text"):
        parse_run({**DIGITS, "encoder": {"from": 3}})


SENSELESS: dict[str, tuple[dict[str, Any], str]] = {
    "frozen without from": ({"encoder": {"frozen": True}}, "frozen: true requires `from`"),
    "two sources of word vectors": (
        {"encoder": {"from": "a", "vectors": "v.txt"}},
        "vectors cannot be combined with `from`",
    ),
    "letters of letters": ({"tokens": {"characters": True}}, "requires unit: word, got unit: char"),
    "letters of byte pairs": ({"tokens": {"characters": True, "unit": "bpe"}}, "got unit: bpe"),
    "no rate below the head": ({"fit": {"layer_decay": 0}}, "fit.layer_decay"),
    "a rate that grows": ({"fit": {"layer_decay": 1.5}}, "fit.layer_decay"),
    "a rate of nothing": ({"fit": {"rates": {"embedding": 0}}}, "fit.rates.embedding"),
    "a rate of an unknown part": (
        {"fit": {"rates": {"embeding": 0.1}}},
        r"unknown key 'embeding' in fit.rates; known: embedding, recurrent, .*head, loss.*did you mean 'embedding'",
    ),
    "a batch of same pairs alone": ({"fit": {"balance": 1}}, "fit.balance"),
    "a batch without same pairs": ({"fit": {"balance": 0.0}}, "fit.balance"),
    "an average without a name": ({"fit": {"average": 0.99}}, r"fit.average.*expected a name or \{name"),
    "all inputs dropped": ({"encoder": {"input_dropout": 1.0}}, "encoder.input_dropout"),
    "an unknown scaling": ({"encoder": {"scaling": "minmax"}}, "'standard' or 'none'"),
    "one text more than none": ({"data": {"name": "digits", "substituted": -1}}, "data.substituted"),
}


@pytest.mark.parametrize(("raw", "why"), SENSELESS.values(), ids=SENSELESS)
def test_what_would_mean_nothing_is_refused(raw: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_run({**DIGITS, **raw})


def test_what_goes_together_is_read() -> None:
    tokens = {"unit": "word", "characters": True}
    found = parse_run({**DIGITS, "tokens": tokens, "encoder": {"from": "a", "frozen": True}})
    assert (found.tokens.characters, found.encoder.frozen) == (True, True)
    assert parse_run(DIGITS).objective == "pairs"


def test_paths_in_a_list_and_of_a_start_count_from_their_file(tmp_path: Path, monkeypatch: Any) -> None:
    text = "data: {file: a.csv, text: t, more: [b.csv, /c.csv]}\nobjective: decode\nencoder: {from: ../first}\n"
    found = read_run(run_file(tmp_path / "configs", text))
    assert found.data.more == (str(tmp_path / "configs/b.csv"), "/c.csv")
    assert Path(str(found.encoder.start)).resolve() == tmp_path / "first"
    back = portable(found, tmp_path / "configs")
    assert (back.data.more[0], back.encoder.start) == ("b.csv", "../first")
    monkeypatch.chdir(tmp_path)
    changed = read_run(tmp_path / "configs/run.yaml", ["data.more=[d.csv]", "encoder.from=runs/x"])
    assert changed.data.more == (str(tmp_path / "d.csv"),)
    assert changed.encoder.start == str(tmp_path / "runs/x")


def test_paths_in_a_grid_count_from_its_file(tmp_path: Path) -> None:
    text = "base: {data: {name: digits}}\ngrid: {encoder.from: [null, runs/a], data.more: [[], [m.csv]]}\n"
    grid = read_study(run_file(tmp_path, text, "study.yaml")).grid
    assert grid == {"encoder.from": [None, str(tmp_path / "runs/a")], "data.more": [[], [str(tmp_path / "m.csv")]]}


def test_each_path_turns_paths_and_leaves_the_rest() -> None:
    assert each_path("a", str.upper) == "A"
    assert each_path(("a", ["b", 3], None), str.upper) == ["A", ["B", 3], None]


@pytest.mark.parametrize(
    ("objective", "factors"),
    [
        ("pairs", ["representation", "loss"]),
        ("classify", ["representation", "objective.layers"]),
        ({"name": "classify", "dropout": 0.1}, ["representation", "objective.layers"]),
        ("label_steps", ["objective.reads"]),
        ({"name": "decode"}, ["representation"]),
    ],
)
def test_what_is_compared_where_a_study_does_not_say(objective: Any, factors: list[str], tmp_path: Path) -> None:
    assert list(usual_grid(objective)) == factors
    text = json.dumps({**DIGITS, "objective": objective})
    assert list(read_study(run_file(tmp_path, text)).grid) == factors


def test_the_usual_grid_is_a_copy() -> None:
    usual_grid("pairs").clear()
    assert usual_grid("pairs") == USUAL_GRID
