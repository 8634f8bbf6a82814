"""Class-labelled texts to pairs."""

from dataclasses import replace

import pytest

from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.errors import ConfigError, DataError


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("text,label\n" + "".join(f"word {i},{'abc'[i % 3]}\n" for i in range(90)), encoding="utf-8")
    return path


def test_pairs_are_balanced_and_right(items):
    data = read_items(items, pairs=100)
    assert data.part("train").shape[0] == 100
    assert data.frame["target"].mean() == 0.5
    assert data.facts["leakage"]["test"]["texts_in_train"] == 0
    for left, right, target in data.frame[["left", "right", "target"]].itertuples(index=False):
        assert (int(left.split()[1]) % 3 == int(right.split()[1]) % 3) == bool(target)


def test_the_seed_decides(items):
    assert read_items(items, pairs=40).fingerprint == read_items(items, pairs=40).fingerprint
    assert read_items(items, pairs=40).fingerprint != read_items(items, pairs=40, seed=1).fingerprint


def test_fewer_pairs_than_asked_are_said(items):
    data = read_items({"train": items}, pairs=100_000)
    assert f"{len(data.frame)} training pairs instead of 100000" in data.notes[0]


def test_repeated_texts_are_left_out(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("text,label\n" + "same,a\nsame,a\nx,a\ny,b\nz,b\n", encoding="utf-8")
    data = read_items({"train": path})
    assert "1 repeated texts left out" in data.notes
    assert (data.frame["left"] != data.frame["right"]).all()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("a,x\nb,x\nc,x\nd,x\n", "1 class"),
        ("a,x\nb,y\nc,z\n", "no pairs can be drawn"),
        ("a,x\n ,x\nc,\n", "line 3.*empty"),
    ],
)
def test_items_without_pairs_are_refused(body, words, tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("text,label\n" + body, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_items({"train": path})


def test_too_few_pairs_asked(items):
    with pytest.raises(ConfigError, match="20 or more"):
        read_items(items, pairs=2)


def test_test_texts_look_for_their_class(items):
    data = read_items(items, pairs=100)
    task = data.retrieval
    label = [int(text.split()[1]) % 3 for text in task.corpus]
    assert not set(task.corpus) & {*data.part("train")["left"], *data.part("train")["right"]}
    for query, itself, answers in zip(task.queries, task.itself, task.relevant, strict=True):
        assert task.corpus[itself] == query
        assert answers == {i for i, other in enumerate(label) if other == label[itself] and i != itself}


def test_the_search_moves_neither_pairs_nor_fingerprint(items):
    data = read_items(items, pairs=40)
    assert replace(data, retrieval=None).fingerprint == data.fingerprint


def test_files_without_a_test_part_have_no_search(items):
    assert read_items({"train": items}, pairs=40).retrieval is None


def test_a_missing_dev_is_cut_from_train_within_each_class(items, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("text,label\n" + "".join(f"other {i},{'abc'[i % 3]}\n" for i in range(12)), encoding="utf-8")
    data = read_items({"train": items, "test": test}, pairs=100)
    texts = {split: {*data.part(split)["left"], *data.part(split)["right"]} for split in ("train", "dev", "test")}
    assert len(texts["dev"]) <= 15, "15 % of 90 texts"
    assert not texts["train"] & texts["dev"]
    assert all(text.startswith("other") for text in texts["test"])
    assert "dev was split off train: 15%" in data.notes
