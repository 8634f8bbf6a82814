"""Examples to stores: they hold what the file says, in its order, with one fact a judged row."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_examples as toy
from headed import WITH_HEAD
from seqtwin.config import parse_run
from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore
from seqtwin.data.pairs import SPLITS
from seqtwin.data.tokens.decoded_text import text_of
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.prepare import prepare, prepare_pairs
from seqtwin.run.prepared_data import PreparedExamples, data_facts

KINDS = tuple(toy.COLUMNS)


def prepared_of(kind: str, file: Path, **sections: Any) -> PreparedExamples:
    found = prepare(parse_run(toy.raw_run(kind, file, **sections)))
    assert isinstance(found, PreparedExamples)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("examples")
    for kind in KINDS:
        toy.write(kind, found / f"{kind}.csv")
    return found


@pytest.fixture(scope="module")
def ready(folder: Path) -> dict[str, PreparedExamples]:
    return {kind: prepared_of(kind, folder / f"{kind}.csv") for kind in KINDS}


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def items(ragged: Ragged) -> list[np.ndarray]:
    return np.split(ragged.steps, ragged.starts[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_every_sequence_stands_in_one_split_and_all_are_there(kind: str, ready: dict[str, PreparedExamples]) -> None:
    found = ready[kind]
    sizes = {split: len(found.stores[split]) for split in SPLITS}
    assert sum(sizes.values()) == len(found.data.items)
    assert min(sizes.values()) > 0
    assert sizes == {split: len(found.data.rows(split)) for split in SPLITS}


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_cluster_and_one_fact_a_judged_row(kind: str, ready: dict[str, PreparedExamples]) -> None:
    found = ready[kind]
    for split in ("dev", "test"):
        facts, judged = found.pair_facts[split], len(found.stores[split].target)
        assert [len(x) for x in (found.clusters[split], facts.length, facts.pad_share, facts.seen)] == [judged] * 4
        assert facts.overlap is None
        assert len(np.unique(found.clusters[split])) == len(found.stores[split]), "a cluster is an item"
        assert facts.pad_share.min() == 0 <= facts.pad_share.max() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_report_and_a_study_ask_is_there(kind: str, ready: dict[str, PreparedExamples]) -> None:
    found = ready[kind]
    config = parse_run(toy.raw_run(kind, Path("unused.csv")))
    facts = {**data_facts(found), **objective_of(config).judged_facts(found)}
    assert facts["objective"] == config.objective == found.data.kind
    assert found.primary == WITH_HEAD[found.data.kind].examples.primary
    assert facts["classes"] == list(found.classes)
    assert (facts["clusters"], facts["graded"], facts["start"]) == ("each of its own", False, "")
    assert facts["pairs"] == {split: len(store) for split, store in found.stores.items()}
    assert ("counts" in facts) == (facts["objective"] == "classify")
    for split, counts in facts.get("counts", {}).items():
        assert (list(counts), sum(counts.values())) == (list(found.classes), len(found.stores[split]))
    assert facts["judged"] == {
        "classes": "texts", "series": "series", "steps": "tokens", "series_steps": "steps",
        "texts": "texts", "translations": "texts",
    }[kind]  # fmt: skip
    assert (found.inputs, found.size) == (
        ("series", 2) if kind.startswith("series") else ("tokens", found.tokens.size if found.tokens else 0)
    )
    assert found.outputs == (found.written.size if found.written else len(found.classes))


def test_classes_of_texts_are_those_of_the_file(folder: Path, ready: dict[str, PreparedExamples]) -> None:
    found = ready["classes"]
    label = {row["text"]: row["label"] for row in rows_of(folder / "classes.csv")}
    seen = []
    for store in found.stores.values():
        assert isinstance(store, ClassStore)
        assert found.tokens is not None
        for ids, target in zip(items(store.items), store.target, strict=True):
            text = "".join(found.tokens.vocabulary[i] for i in ids)
            assert label[text] == found.classes[target]
            seen.append(text)
    assert sorted(seen) == sorted(label)
    assert found.classes == toy.CLASSES


def test_series_are_those_of_the_file_as_float32(ready: dict[str, PreparedExamples]) -> None:
    found, drawn = ready["series"], toy.drawn_series()
    label = {one.astype(np.float32).tobytes(): "zpn"[row % 3] for row, one in enumerate(drawn)}
    for store in found.stores.values():
        assert store.items.steps.dtype == np.float32
        for one, target in zip(items(store.items), store.target, strict=True):
            assert label.pop(one.tobytes()) == found.classes[target]
    assert not label


def test_each_word_keeps_its_tag(folder: Path, ready: dict[str, PreparedExamples]) -> None:
    found = ready["steps"]
    assert found.tokens is not None
    pairs = Counter()
    for store in found.stores.values():
        assert isinstance(store, StepStore)
        np.testing.assert_array_equal(store.items.lengths, store.classes.lengths)
        words = [found.tokens.vocabulary[i] for i in store.items.steps]
        pairs.update(zip(words, (found.classes[i] for i in store.target), strict=True))
    known = Counter((row["w"], row["tag"]) for row in rows_of(folder / "steps.csv"))
    assert {pair: count for pair, count in pairs.items() if pair[0] != "[UNK]"}.items() <= known.items()
    assert pairs.total() == known.total()


def test_all_steps_of_a_sequence_share_its_cluster(ready: dict[str, PreparedExamples]) -> None:
    for kind in ("steps", "series_steps"):
        store, clusters = ready[kind].stores["test"], ready[kind].clusters["test"]
        np.testing.assert_array_equal(clusters, np.repeat(np.arange(len(store)), store.items.lengths))
        np.testing.assert_array_equal(ready[kind].pair_facts["test"].length, store.items.lengths[clusters])


def test_an_auto_encoder_writes_what_it_reads(ready: dict[str, PreparedExamples]) -> None:
    found = ready["texts"]
    assert found.written is not None
    assert found.tokens is not None
    assert found.written.vocabulary == found.tokens.vocabulary
    for store in found.stores.values():
        assert isinstance(store, DecodeStore)
        for read, written in zip(items(store.items), items(store.written), strict=True):
            np.testing.assert_array_equal(written, [*read, found.written.size])  # then the end token
        assert store.target.tolist() == [1] * len(store)


def test_a_translation_writes_the_other_text(ready: dict[str, PreparedExamples]) -> None:
    found = ready["translations"]
    assert found.written is not None
    assert found.tokens is not None
    for store in found.stores.values():
        for read, written in zip(items(store.items), items(store.written), strict=True):
            assert text_of(found.written, written[:-1]) == text_of(found.tokens, read)[::-1]


def test_letters_are_read_but_not_written(tmp_path: Path) -> None:
    train = [[text, ""] for text in ("ab ba", "ba", "ab")]
    files = split_files(
        tmp_path, ["text", "other"], train=train, dev=[["ab ab", ""]], test=[["ba ab", ""], ["q ab", ""]]
    )
    found = prepared_of("texts", tmp_path, data=files, tokens={"unit": "word", "characters": True})
    assert found.tokens is not None
    assert found.written is not None
    assert (found.tokens.letters is None, found.written.letters) == (False, None)
    assert found.stores["train"].items.steps.ndim == 2
    assert found.stores["train"].written.steps.ndim == 1
    assert found.unknown_share == 0.25, "the letters of a word are not counted"


def split_files(folder: Path, header: list[str], **rows: list[list[str]]) -> dict[str, Any]:
    return {"file": None, **{split: str(toy.table(folder / f"{split}.csv", header, rows[split])) for split in SPLITS}}


def test_the_unknown_share_is_that_of_the_test_tokens(tmp_path: Path) -> None:
    train = [["a b", "x"], ["b a", "y"], ["a", "x"]]
    files = split_files(tmp_path, ["text", "label"], train=train, dev=[["b", "x"]], test=[["a q", "x"], ["b b", "y"]])
    found = prepared_of("classes", tmp_path, data=files, tokens={"unit": "word"})
    assert found.unknown_share == 0.25
    assert "25.0 % of the tokens of the test texts are unknown" in found.notes
    assert found.pair_facts["dev"].seen.tolist() == [0]


def test_what_train_holds_too_is_seen_whatever_its_case(tmp_path: Path) -> None:
    train = [["Ab", "x"], ["b", "y"]]
    files = split_files(tmp_path, ["text", "label"], train=train, dev=[["b", "y"]], test=[["aB ", "x"], ["c", "y"]])
    found = prepared_of("classes", tmp_path, data=files)
    assert found.pair_facts["test"].seen.tolist() == [1, 0]
    assert data_facts(found)["leakage"] == {"pairs": 1, "share": 0.5}


def test_texts_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    train = [[text, ""] for text in ("ab", "ba", "a", "b")]
    files = split_files(tmp_path, ["text", "other"], train=train, dev=[["aa", ""]], test=[["bb", ""], ["qa", ""]])
    found = prepared_of("texts", tmp_path, data=files)
    assert any(note.startswith("50.0 % of the test texts contain a token that train lacks") for note in found.notes)


def test_sequences_that_are_too_long_are_cut_with_their_classes(folder: Path) -> None:
    whole = prepared_of("steps", folder / "steps.csv")
    found = prepared_of("steps", folder / "steps.csv", tokens={"max_length": 2})
    for split, store in found.stores.items():
        assert store.items.lengths.max() == 2
        for cut, all_of_it in zip(items(store.classes), items(whole.stores[split].classes), strict=True):
            np.testing.assert_array_equal(cut, all_of_it[:2])
        assert len(store.target) == store.items.lengths.sum()
    assert len(found.clusters["test"]) == len(found.stores["test"].target)
    assert "20 sequences have more than 2 words and were cut, and their classes with them" in found.notes
    assert not [note for note in whole.notes if "cut, and" in note]


def test_texts_that_are_too_long_are_cut(folder: Path) -> None:
    found = prepared_of("classes", folder / "classes.csv", tokens={"max_length": 2})
    assert found.stores["train"].items.lengths.max() == 2


@pytest.mark.parametrize("kind", ["classes", "steps"])
def test_one_class_alone_is_refused(kind: str, tmp_path: Path) -> None:
    header = {"classes": ["text", "label"], "steps": ["s", "w", "tag"]}[kind]
    rows = [
        [text, "same"] if kind == "classes" else [f"s{n}", text, "same"] for n, text in enumerate(toy.drawn_texts())
    ]
    with pytest.raises(DataError, match="all training rows have the class 'same'") as caught:
        prepared_of(kind, toy.table(tmp_path / "one.csv", header, rows))
    assert caught.value.code == "DATA_ONE_CLASS"


def test_a_class_that_train_lacks_is_refused(tmp_path: Path) -> None:
    train = [["a", "x"], ["b", "y"]]
    files = split_files(tmp_path, ["text", "label"], train=train, dev=[["c", "x"]], test=[["d", "new"]])
    with pytest.raises(DataError, match="classes without training rows: test: new"):
        prepared_of("classes", tmp_path, data=files)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    train = [["a", "x"], ["b", "y"]]
    files = split_files(tmp_path, ["text", "label"], train=train, dev=[["c", "x"]], test=[])
    with pytest.raises(DataError):
        prepared_of("classes", tmp_path, data=files)


def test_copies_with_other_words_go_to_train_alone(folder: Path) -> None:
    plain = prepared_of("texts", folder / "texts.csv")
    found = prepared_of("texts", folder / "texts.csv", data={"substituted": 2})
    assert len(found.stores["train"]) == 3 * len(plain.stores["train"])
    for split in ("dev", "test"):
        told = [[one.data.items[row] for row in one.data.rows(split)] for one in (plain, found)]
        assert told[0] == told[1]


def test_what_is_not_its_own_text_is_not_substituted(folder: Path) -> None:
    with pytest.raises(ConfigError, match="substituted"):
        prepared_of("translations", folder / "translations.csv", data={"substituted": 1})


def test_pairs_are_not_read_where_a_head_is_trained(folder: Path) -> None:
    config = parse_run(toy.raw_run("classes", folder / "classes.csv"))
    with pytest.raises(ConfigError, match="expected objective pairs, got classify"):
        prepare_pairs(config)
    with pytest.raises(ConfigError, match=r"objective pairs does not use data\.sequence, data\.token"):
        prepare(parse_run({**toy.raw_run("steps", folder / "steps.csv"), "objective": "pairs"}))
