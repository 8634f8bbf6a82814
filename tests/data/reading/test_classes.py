"""Readers of single sequences: splits that share nothing, repeats and leaks counted, bad rows named."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.data.reading.text_targets import read_texts, read_translations
from seqtwin.data.sets.example_sets import EXAMPLE_SETS
from seqtwin.data.sets.placenames import fold
from seqtwin.data.split_examples import Collected, cut, form, in_train
from seqtwin.errors import ConfigError, DataError

SPLITS = ("train", "dev", "test")


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def three(write):
    """A file per split, from the body of each."""

    def three(head, train, dev, test):
        bodies = dict(zip(SPLITS, (train, dev, test), strict=True))
        return {split: write(f"{head}\n{body}", f"{split}.csv") for split, body in bodies.items()}

    return three


def items(data, split):
    return [data.items[row] for row in data.rows(split)]


# --- classes -----------------------------------------------------------------------------------------------------


def test_one_file_is_cut_class_by_class(write):
    body = "".join(f"word {i},{'aab'[i % 3]}\n" for i in range(120))
    data = read_classes(write("text,label\n" + body))
    counts = Counter(zip(data.split, data.targets, strict=True))
    assert counts == {
        ("train", "a"): 56,
        ("dev", "a"): 12,
        ("test", "a"): 12,
        ("train", "b"): 28,
        ("dev", "b"): 6,
        ("test", "b"): 6,
    }
    assert data.kind == "classify"
    assert data.classes == ("a", "b")
    assert data.notes == ("split 70% / 15% / 15% within each class",)
    assert all({"a": i % 3 < 2, "b": i % 3 == 2}[t] for i, t in enumerate(data.targets))


def test_the_seed_decides(write):
    path = write("text,label\n" + "".join(f"word {i},{i % 2}\n" for i in range(40)))
    assert read_classes(path).fingerprint == read_classes(path).fingerprint
    assert read_classes(path).split_fingerprint != read_classes(path, seed=1).split_fingerprint


def test_a_repeated_text_stands_in_one_split(write):
    body = "".join(f"{text},{i % 2}\n" for i in range(30) for text in (f"Word  {i}", f"word {i}"))
    data = read_classes(write("text,label\n" + body))
    assert len(data.items) == 60  # spelled in two ways, they are two items
    assert all(data.split[i] == data.split[i + 1] for i in range(0, 60, 2))
    assert data.facts["leakage"]["test"]["items_in_train"] == 0


def test_repeats_are_left_out_or_counted(three):
    data = read_classes(three("text,label", "a,x\na,x\na,y\nb,y\n", "a,x\n", "c,y\n"))
    assert items(data, "train") == ["a", "a", "b"]
    assert "1 repeated items left out" in data.notes
    assert "1 items repeat an item of their split with another class; they are kept" in data.notes
    assert "leakage: 1 sequences of dev (100.0%) also occur in train" in data.notes
    assert (data.facts["repeated"], data.facts["with_two_classes"]) == (1, 1)


def test_classes_that_train_lacks_are_named(three):
    with pytest.raises(DataError, match=re.escape("dev: v, w; test: z")):
        read_classes(three("text,label", "a,x\nb,y\n", "c,v\nd,w\n", "e,z\n"))


@pytest.mark.parametrize(
    ("body", "words"),
    [("a,x\n ,x\nc,\n", "line 3.*empty.*line 4.*empty"), ("", "no rows"), ("a,x,1\n", "expected 2 fields")],
)
def test_bad_rows_are_named(body, words, write):
    with pytest.raises(DataError, match=f"(?s){words}"):
        read_classes(write("text,label\n" + body))


def test_a_missing_column_and_a_bad_policy(write):
    path = write("text,label\na,x\n")
    with pytest.raises(DataError, match="'kind' is missing"):
        read_classes(path, label="kind")
    with pytest.raises(ConfigError, match="empty"):
        read_classes(path, empty="never")
    with pytest.raises(ConfigError, match="split"):
        read_classes(path, fractions=(0.5, 0.5, 0.5))


def test_blank_texts_can_be_dropped_or_kept(write):
    body = "text,label\n" + "".join(f"{'' if i == 5 else i},x\n" for i in range(20))
    assert len(read_classes(write(body), empty="drop").items) == 19
    assert "" in read_classes(write(body), empty="unk").items
    with pytest.raises(DataError, match="every text is empty"):
        read_classes(write("text,label\n ,x\n"), empty="drop")


# --- series ------------------------------------------------------------------------------------------------------


def series_rows(count, label):
    return "".join(f"s{i},{t},{i}.5,{t},{label(i, t)}\n" for i in range(count) for t in range(1 + i % 3))


def test_series_with_a_class_each(write):
    path = write("series_id,t,ch0,ch1,label\n" + series_rows(40, lambda i, t: i % 2))
    data = read_series_classes(path)
    assert data.of_series
    assert Counter(data.split) == {"train": 28, "dev": 6, "test": 6}
    assert [len(one) for one in data.items[:4]] == [1, 2, 3, 1]
    np.testing.assert_array_equal(data.items[2], np.array([[2.5, 0], [2.5, 1], [2.5, 2]], np.float32))
    assert data.targets[:4] == ["0", "1", "0", "1"]


def test_series_with_a_class_a_step(write):
    path = write("series_id,t,ch0,ch1,label\n" + series_rows(30, lambda i, t: "ab"[t % 2]))
    data = read_series_steps(path)
    assert data.kind == "label_steps"
    assert data.targets[:3] == [["a"], ["a", "b"], ["a", "b", "a"]]
    assert data.items[2].shape == (3, 2)
    with pytest.raises(DataError, match="the first row of the series has"):
        read_series_classes(path)


def test_bad_series_are_named(write):
    path = write("series_id,t,ch0,label\ns,0,1,a\ns,0,x,\n")
    with pytest.raises(DataError, match=r"(?s)3 problems.*finite number.*time must increase.*label is empty"):
        read_series_steps(path)


# --- steps -------------------------------------------------------------------------------------------------------

HEAD = "sent_id,t,token,upos"


def sentences(count, words=lambda i: ("the", f"word{i}"), tags=("DET", "NOUN")):
    return "".join(f"s{i},{t},{w},{tags[t]}\n" for i in range(count) for t, w in enumerate(words(i)))


def test_words_with_a_tag_each(three):
    data = read_steps(three(HEAD, sentences(3), sentences(1), "x,0,The,DET\nx,1,word0,NOUN\n"), time="t")
    assert data.items[:2] == [["the", "word0"], ["the", "word1"]]
    assert data.targets[:2] == [["DET", "NOUN"]] * 2
    assert data.classes == ("DET", "NOUN")
    assert data.facts["steps"] == {"train": 6, "dev": 2, "test": 2}
    assert data.facts["leakage"]["test"]["items_in_train"] == 1  # whatever its case
    assert data.facts["leakage"]["test"]["items_in_dev"] == 1
    assert any("1 sequences of test (100.0%) also occur in dev" in note for note in data.notes)


def test_one_table_is_cut_by_sequences(write):
    data = read_steps(write(f"{HEAD}\n{sentences(40)}"))
    assert Counter(data.split) == {"train": 28, "dev": 6, "test": 6}
    again = read_steps(write(f"{HEAD}\n{sentences(40)}"), seed=1)
    assert again.split != data.split
    assert read_steps(write(f"{HEAD}\n{sentences(40, lambda i: ('the', 'word'))}")).facts["steps"].keys() == {"train"}


def test_train_gets_every_class(write):
    rare = "".join(f"r{i},0,odd{i},T{i}\n" for i in range(8))
    data = read_steps(write(f"{HEAD}\n{sentences(40)}{rare}"))
    assert {f"T{i}" for i in range(8)} <= set(data.classes)
    assert any("were moved to train" in note for note in data.notes)


def test_given_files_with_new_tags_are_refused(three):
    with pytest.raises(DataError, match="test: X"):
        read_steps(three(HEAD, sentences(3), sentences(1), "x,0,odd,X\n"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("s0,0,a,X\ns1,0,b,X\ns0,1,c,X\n", "line 4.*'s0' continues after another sequence"),
        ("s0,0,a,X\n,0,b,X\n", "line 3.*name of the sequence"),
        ("s0,0, ,X\n", "line 2.*'token'.*empty"),
        ("s0,0,a,\n", "line 2.*'upos'.*empty"),
        ("s0,1,a,X\ns0,1,b,X\n", "line 3.*time must increase"),
        ("s0,x,a,X\n", "line 2.*finite number"),
    ],
)
def test_bad_steps_are_named(body, words, write):
    with pytest.raises(DataError, match=f"(?s){words}"):
        read_steps(write(f"{HEAD}\n{body}"), time="t")


def test_without_a_time_the_file_decides(write):
    assert read_steps({"train": write(f"{HEAD}\ns0,9,a,X\ns0,1,b,Y\n")}).items == [["a", "b"]]


# --- texts to write ----------------------------------------------------------------------------------------------


def test_texts_of_test_are_unseen(three):
    data = read_texts(three("left,right", "a b,c\nc,d\n", "A  B,e\nf,E\n", "e,g\nD,h\nC,C\n"), texts=("left", "right"))
    assert data.items == data.targets
    assert (items(data, "train"), items(data, "dev"), items(data, "test")) == (
        ["a b", "c", "d"],
        ["e", "f", "E"],
        ["g", "h"],
    )
    assert data.facts["removed"] == {"dev": 1, "test": 3}
    assert "3 of 5 texts of test also occur in train or dev and were left out" in data.notes


def test_more_training_texts_are_never_those_of_test(three, write):
    files = three("text,other", "a,x\n", "b,x\n", "c,x\n")
    more = [write("text\nB\nz\nz\na\n", "more.csv"), write("other,text\n1,C\n2,y\n", "further.csv")]
    data = read_texts(files, texts=("text",), more=more)
    assert items(data, "train") == ["a", "z", "y"]
    assert "2 further training texts from 2 file(s)" in data.notes
    assert "2 of the further texts also occur in dev or test and were left out" in data.notes
    with pytest.raises(DataError, match="'text' is missing"):
        read_texts(files, texts=("text",), more=[write("words\na\n", "none.csv")])


def test_one_file_of_texts_is_cut(write):
    data = read_texts(write("text\n" + "".join(f"t{i}\nT{i}\n" for i in range(40))), texts=("text",))
    assert Counter(data.split) == {"train": 56, "dev": 12, "test": 12}
    assert data.facts["leakage"]["test"]["items_in_train"] == 0
    assert data.facts["removed"] == {"dev": 0, "test": 0}


def test_a_test_file_without_an_unseen_text_is_refused(three):
    with pytest.raises(DataError, match="all 2 texts of test"):
        read_texts(three("text", "a\nb\n", "c\n", "a\nB\n"), texts=("text",))


def test_blank_texts_are_not_written(three):
    files = three("text", 'a\n" "\n', "b\n", "c\n")
    with pytest.raises(DataError, match=r"line 3.*empty"):
        read_texts(files, texts=("text",))
    assert items(read_texts(files, texts=("text",), empty="unk"), "train") == ["a"]


def test_translations_of_pairs_that_are_the_same(three):
    files = three("left,right,label", "a,x\nb,y\n".replace("x", "x,1").replace("y", "y,0"), "a,z,yes\n", "c,w,same\n")
    data = read_translations(files, label="label")
    assert list(zip(data.items, data.targets, data.split, strict=True)) == [
        ("a", "x", "train"),
        ("a", "z", "dev"),
        ("c", "w", "test"),
    ]
    assert "leakage: 1 sequences of dev (100.0%) also occur in train" in data.notes
    assert len(read_translations(files).items) == 4
    with pytest.raises(DataError, match="or is different by"):
        read_translations({"train": three("left,right,label", "a,x,0\n", "", "")["train"]}, label="label")


def test_translations_of_one_file_share_no_left_text(write):
    data = read_translations(write("left,right\n" + "".join(f"l{i % 20},r{i % 40}\n" for i in range(80))))
    assert len(data.items) == 40
    assert "40 repeated pairs left out" in data.notes
    assert len(set(zip(data.items, data.split, strict=True))) == 20


@pytest.mark.parametrize("policy", ["unk", "drop"])
def test_nothing_is_written_of_a_blank_text(policy, write):
    path = write("left,right\na,x\n,y\nb, \n")
    wanted = {"unk": ["a", ""], "drop": ["a"]}
    assert read_translations({"train": path}, empty=policy).items == wanted[policy]


# --- what holds always -------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcdefghijAB"), min_size=1, max_size=30), st.integers(0, 3))
def test_a_missing_dev_is_cut_from_train_and_test_stays(texts, tested):
    split = ["train"] * len(texts) + ["test"] * tested
    rows = Collected(texts + ["t"] * tested, ["x"] * len(split), split)
    found, notes = cut(rows, rows.targets, (0.5, 0.25, 0.25), 0, what="")
    assert [name == "test" for name in found.split] == [name == "test" for name in split]
    assert found.items == rows.items
    assert notes == (["dev was split off train: 25%"] if tested else [])
    kept, dev = ({form(x) for x, s in zip(found.items, found.split, strict=True) if s == n} for n in ("train", "dev"))
    assert not kept & dev
    assert not tested or abs(len(dev) - len(kept | dev) / 4) <= 0.5


@given(st.lists(st.tuples(st.sampled_from("abcdefghijAB"), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_a_cut_shares_nothing(rows):
    texts, labels = [a for a, _ in rows], [b for _, b in rows]
    found, _ = cut(Collected(texts, labels, ["file"] * len(rows)), labels, (0.5, 0.25, 0.25), 0, what="")
    assert found.items == texts
    assert set(found.split) <= set(SPLITS)
    assert all(one["items_in_train"] == 0 for one in in_train(found).values())
    by_form = {}
    for item, split in zip(found.items, found.split, strict=True):
        assert by_form.setdefault(form(item), split) == split


def test_forms_of_series():
    one = np.array([[1.0, 2.0]], dtype=np.float32)
    assert form(one) == form(one.copy()) != form(one.reshape(2, 1))


# --- built-in sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, sets in EXAMPLE_SETS.items() for name in sets])
def test_built_in_sets_are_whole(kind, name):
    data = EXAMPLE_SETS[kind][name](seed=3)
    assert (data.kind, data.name, data.shareable) == (kind, name, True)
    assert all(len(data.rows(split)) > 20 for split in SPLITS)
    assert all(one["items_in_train"] == 0 for one in data.facts["leakage"].values())
    assert data.fingerprint == EXAMPLE_SETS[kind][name](seed=3).fingerprint != EXAMPLE_SETS[kind][name]().fingerprint


def test_digits_are_those_of_the_pairs():
    from seqtwin.data.sets.pair_sets import digits

    data, pairs = EXAMPLE_SETS["classify"]["digits"](seed=1), digits(pairs=100, seed=1)
    assert data.classes == tuple("0123456789")
    for side in ("left", "right"):
        assert [data.split[i] for i in pairs.frame[side]] == pairs.frame["split"].tolist()
    same = [data.targets[a] == data.targets[b] for a, b in zip(pairs.frame["left"], pairs.frame["right"], strict=True)]
    assert same == (pairs.frame["target"] == 1).tolist()


def test_places_of_one_split_stand_in_no_other():
    from seqtwin.data.sets.placenames import placenames

    data, pairs = EXAMPLE_SETS["decode"]["placenames"](pairs=300), placenames(pairs=200)
    assert Counter(data.split) == {"train": 300, "dev": 60, "test": 60}
    assert all(fold(name) != fold(english) for name, english in zip(data.items, data.targets, strict=True))
    english = {split: {data.targets[row] for row in data.rows(split)} for split in SPLITS}
    assert not english["train"] & english["test"]
    names = {split: {*pairs.part(split)["left"], *pairs.part(split)["right"]} for split in SPLITS}
    assert not set(items(data, "test")) & names["train"]  # the same places are held back as in the pairs


def test_a_new_name_of_a_known_place_is_like_none_that_training_has():
    data = EXAMPLE_SETS["decode"]["placenames"](unseen="name")
    forms = {split: {fold(data.items[row]) for row in data.rows(split)} for split in SPLITS}
    english = {split: {data.targets[row] for row in data.rows(split)} for split in SPLITS}
    assert not forms["train"] & forms["test"]
    assert not forms["dev"] & forms["test"]
    assert english["test"] <= english["train"]
    shares = np.array([len(data.rows(split)) for split in SPLITS]) / len(data.items)
    np.testing.assert_allclose(shares, (0.7, 0.15, 0.15), atol=0.01)


@pytest.mark.parametrize("options", [{"pairs": 3}, {"scripts": "runes"}, {"unseen": "city"}])
def test_options_that_cannot_be(options):
    with pytest.raises(ValueError, match="expected"):
        EXAMPLE_SETS["decode"]["placenames"](**options)
