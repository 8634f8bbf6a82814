"""From a config to examples: the keys that each objective uses, and the error for others."""

import pytest

from headed import WITH_HEAD
from seqtwin.config import parse_run
from seqtwin.data.sets.example_sets import EXAMPLE_SETS
from seqtwin.errors import ConfigError
from seqtwin.model.heads import HEADS
from seqtwin.run.objectives.registry import OBJECTIVES

TEXTS = "text,label,other\n" + "".join(f"text {i},{i % 2},further {i}\n" for i in range(40))
STEPS = "s,w,tag,t\n" + "".join(f"s{i},w{i},{'XY'[t]},{t}\n" for i in range(40) for t in range(2))
SERIES = "series_id,t,ch0,label\n" + "".join(f"s{i},{t},{i},{i % 2}\n" for i in range(40) for t in range(2))
CONLLU = "\n".join(f"1\tw{i}\t_\tX\tY\t_\t_\t_\t_\t_\n2\tv\t_\tZ\tY\t_\t_\t_\t_\t_\n" for i in range(20))
FILES = {"texts.csv": TEXTS, "steps.csv": STEPS, "series.csv": SERIES, "steps.conllu": CONLLU}


def load(kind, config, empty="error"):
    return OBJECTIVES[kind].examples.load(config, empty)


@pytest.fixture
def data(tmp_path):
    """The data section of a config on one of the files, which are written."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def data(file, **keys):
        return parse_run({"data": {"file": str(tmp_path / file), **keys}}).data

    return data


@pytest.mark.parametrize(
    ("kind", "file", "keys"),
    [
        ("classify", "texts.csv", {"text": "text", "label": "label"}),
        ("classify", "series.csv", {"series": "series_id", "label": "label"}),
        ("classify", "series.csv", {"series": "series_id", "label": "label", "time": "t"}),
        ("label_steps", "steps.csv", {"sequence": "s", "token": "w", "label": "tag"}),
        ("label_steps", "steps.csv", {"sequence": "s", "token": "w", "label": "tag", "time": "t"}),
        ("label_steps", "series.csv", {"series": "series_id", "label": "label"}),
        ("label_steps", "steps.conllu", {}),
        ("label_steps", "steps.conllu", {"label": "xpos"}),
        ("decode", "texts.csv", {"left": "text", "right": "other"}),
        ("decode", "texts.csv", {"left": "text", "right": "other", "label": "label"}),
        ("decode", "texts.csv", {"texts": ["text", "other"]}),
        ("decode", "texts.csv", {"text": "other"}),
    ],
)
def test_every_way_leads_to_its_reader(kind, file, keys, data):
    found = load(kind, data(file, **keys, seed=2))
    assert found.kind == kind
    assert found.name == file.split(".")[0]
    assert set(found.split) == {"train", "dev", "test"}
    assert found.facts["seed"] == 2


def test_columns_that_are_named_are_read(data):
    assert load("label_steps", data("steps.conllu", label="xpos")).classes == ("Y",)
    assert load("label_steps", data("steps.conllu")).classes == ("X", "Z")
    assert len(load("decode", data("texts.csv", texts=["text", "other"])).items) == 80
    assert len(load("decode", data("texts.csv", left="text", right="other", label="label")).items) == 20


def test_further_files_are_read(data, tmp_path):
    (tmp_path / "more.csv").write_text("text\nnew\n", encoding="utf-8")
    section = data("texts.csv", text="text", more=[str(tmp_path / "more.csv")])
    assert "new" in load("decode", section).items


def test_the_policy_of_blank_texts_is_handed_on(data, tmp_path):
    (tmp_path / "texts.csv").write_text(TEXTS + ",1,x\n", encoding="utf-8")
    section = data("texts.csv", text="text", label="label")
    assert len(load("classify", section, "drop").items) == 40
    assert len(load("classify", section, "unk").items) == 41


@pytest.mark.parametrize(
    ("kind", "keys", "words"),
    [
        ("classify", {"left": "a", "right": "b"}, ["data.text + data.label", "leave out data.left, data.right"]),
        ("classify", {"text": "a"}, ["data.series + data.label", "names data.text"]),
        ("classify", {"text": "a", "label": "b", "pairs": 100}, ["leave out data.pairs"]),
        ("classify", {}, ["names no column"]),
        ("label_steps", {"text": "a", "label": "b"}, ["data.sequence + data.token + data.label (and data.time)"]),
        ("label_steps", {"series": "a", "token": "b", "label": "c"}, ["name the columns of one of them"]),
        ("decode", {"left": "a"}, ["data.left + data.right", "data.texts", "data.text"]),
        ("decode", {"text": "a", "texts": ["b"]}, ["names data.text, data.texts"]),
        ("decode", {"left": "a", "right": "b", "score": "c", "scale": [1, 5]}, ["leave out data.scale, data.score"]),
    ],
)
def test_what_does_not_fit_is_said(kind, keys, words, data):
    with pytest.raises(ConfigError) as caught:
        load(kind, data("texts.csv", **keys))
    assert all(word in str(caught.value) for word in words)


def test_built_in_sets():
    found = load("classify", parse_run({"data": {"name": "digits", "seed": 4}}).data)
    assert (found.name, found.facts["seed"]) == ("digits", 4)


@pytest.mark.parametrize(
    ("section", "kind", "words"),
    [
        ({"name": "placenames"}, "classify", "has no targets for objective classify; built-in sets that do: digits"),
        ({"name": "digits"}, "label_steps", "no built-in set does"),
        ({"name": "digitz"}, "classify", "did you mean 'digits'"),
        ({"name": "digits", "pairs": 30}, "classify", "unknown option 'pairs'"),
        ({"name": "placenames", "scripts": "runes"}, "decode", "latin or all"),
    ],
)
def test_built_in_sets_that_cannot_be(section, kind, words):
    with pytest.raises(ConfigError, match=words):
        load(kind, parse_run({"data": section}).data)


def test_every_objective_with_a_head_has_its_data():
    assert set(WITH_HEAD) == set(HEADS)
    assert set(OBJECTIVES) - {"pairs"} == set(EXAMPLE_SETS)
