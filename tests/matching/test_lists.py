"""Blank rows and equal texts in lists: dedupe, link and index, with an encoder that reads tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from drawn import Drawn
from seqtwin.data.tokens.equal_texts import Reading
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.errors import ConfigError, DataError
from seqtwin.index.index import Index
from seqtwin.inference.load import load as load_any
from seqtwin.inference.trained_encoder import load
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.matching.decisions import Decision
from seqtwin.matching.dedupe import Deduped, dedupe
from seqtwin.matching.link import link
from seqtwin.matching.mine import mine


class Read:
    """An encoder with tokens: a random vector for each sequence of ids. Equal ids have equal vectors."""

    def __init__(self, tokens: TextTokens, threshold: float | None = 0.5) -> None:
        self.tokens, self.threshold = tokens, threshold
        self.asked: list[str] = []

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        return self.tokens.readings(texts)

    def encode(self, texts: Sequence[Any]) -> np.ndarray:
        self.asked += texts
        found = [np.random.default_rng(ids.tolist()).normal(size=16) for ids in self.tokens.encode(texts)]
        vectors = np.array(found, dtype=np.float32).reshape(len(texts), 16)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a) @ np.asarray(b).T


WORDS = ["amber lamp", "birch chair", "cedar table"]


def words(threshold: float = 0.99, **settings: Any) -> Read:
    return Read(train_tokenizer(WORDS, **{"unit": "word", "empty": "unk", **settings}), threshold)


def groups(found: Deduped) -> list[int]:
    return [int(number) for number in found.cluster]


CASES = ["amber lamp", "Amber lamp", "AMBER lamp", "amber Lamp", "Amber Lamp", "AMBER LAMP", "aMBER lamp"]
CASES += ["AmBer lamp", "amber LAMP", " amber  LAMP"]


# blank rows


@pytest.mark.parametrize("blank", ["", " ", "\t \n", None, float("nan"), pd.NA, "\u00a0", "\x1c"])
def test_blank_rows_stay_alone(blank: Any) -> None:
    encoder = words()
    found = dedupe(encoder, [blank, "amber lamp", blank, "Amber lamp", "birch chair", blank])
    assert groups(found) == [0, 1, 2, 1, 3, 4]
    assert found.representative.tolist() == [0, 1, 2, 1, 4, 5]
    assert np.isnan(found.scores).tolist() == [True, False, True, False, False, True]
    assert found.blank == 3
    assert found.at(-1.0)[1] == 3
    assert all(text.strip() for text in encoder.asked)
    assert not set(found.doubtful.left.tolist() + found.doubtful.right.tolist()) & {0, 2, 5}


def test_a_text_without_a_token_is_blank() -> None:
    encoder = words(normalize="fold")
    found = dedupe(encoder, ["\u0301", "amber", "\u0302", "\u00e1mber"])
    assert (groups(found), found.blank) == ([0, 1, 2, 1], 2)


def test_a_list_of_blank_rows_alone() -> None:
    found = dedupe(words(), ["", None, " "])
    assert (groups(found), found.blank, found.at(0.5)) == ([0, 1, 2], 3, (0, 0, 1))
    assert found.other_thresholds() == []
    assert link(words(), ["", None], ["", " "]).rows.tolist() == [[-1], [-1]]


@pytest.mark.parametrize("text", ["None", "nan", "-", "0", "N/A", "."])
def test_what_looks_blank_and_is_not(text: str) -> None:
    found = dedupe(words(), [text, text, ""])
    assert (groups(found), found.blank) == ([0, 0, 1], 1)


@pytest.mark.parametrize("wrong", [3, 0.5, b"a", ["a"], True])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    for call in (lambda: dedupe(words(), ["a", wrong]), lambda: link(words(), ["a"], [wrong])):
        with pytest.raises(DataError, match="expected a text or None") as caught:
            call()
        assert caught.value.code == "MATCH_TYPE"


@pytest.mark.parametrize(("one_to_one", "keep"), [(False, 1), (True, 1), (False, 3)])
def test_blank_rows_have_no_match_and_are_none(one_to_one: bool, keep: int) -> None:
    left, right = ["", "amber lamp", None, "cedar table"], [" ", "cedar table", "", "Amber lamp", None]
    found = link(words(), left, right, threshold=-2.0, one_to_one=one_to_one, keep=keep)
    assert found.rows[:, 0].tolist() == [-1, 3, -1, 1]
    assert not np.isin(found.rows, [0, 2, 4]).any()
    assert found.next_rows.tolist() == [-1, 1, -1, 3]
    assert found.mutual.tolist() == [False, True, False, True]
    assert found.blank == (2, 3)


def test_decisions_do_not_join_blank_rows() -> None:
    found = dedupe(words(), ["", "amber", "", "birch"], decisions=[Decision("", "amber", True)])
    assert (groups(found), found.strangers) == ([0, 1, 2, 3], 1)


@pytest.mark.parametrize("policy", ["error", "unk", "drop"])
def test_an_index_leaves_blank_rows_out_and_keeps_ids_and_metadata_aligned(tmp_path: Path, policy: str) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", empty=policy))
    texts = ["abc", "", "fed", None, " ", "cab"]
    index = Index.build(encoder, texts, metadata={"n": list(range(6))})
    assert index.ids == ["0", "2", "5"]
    assert [(item.text, item.metadata["n"]) for item in index.items] == [("abc", 0), ("fed", 2), ("cab", 5)]
    index.add(["", "fee"], metadata={"n": [6, 7]})
    assert index.ids[-1] == "7"
    named = Index.build(encoder, texts, ids=["a", "x", "b", "x", "", "c"])
    assert named.ids == ["a", "b", "c"]
    vectors = np.full((6, encoder.dim), np.nan, dtype=np.float32)
    vectors[[0, 2, 5]] = encoder.encode(["abc", "fed", "cab"])
    given = Index.build(encoder, texts, vectors=vectors)
    np.testing.assert_allclose(given.vectors, index.vectors[:3], atol=1e-6)


def test_what_an_index_with_blank_rows_refuses(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder"))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"texts": ["", None]}, "no texts"),
        ({"texts": ["a", "", "b"], "ids": ["x", "y", "x"]}, "is used twice"),
        ({"texts": ["a", "", "b"], "ids": ["x", "y"]}, "expected 3 ids, got 2"),
        ({"texts": ["a", "", "b"], "metadata": {"n": [1, 2]}}, "expected 3 values, got 2"),
        ({"texts": ["a", "", 3]}, r"item 2: expected a text, got an object of type int"),
        ({"texts": ["a", "", "b"], "vectors": np.zeros((2, encoder.dim))}, r"expected vectors \[3, "),
        ({"texts": ["a", ""], "vectors": np.full((2, encoder.dim), np.nan)}, "finite"),
    ]
    for arguments, message in wrong:
        with pytest.raises((DataError, ConfigError), match=message):
            Index.build(encoder, **arguments)


# equal texts


@pytest.mark.parametrize("k", [None, 1, 3])
def test_case_variants_are_one_text(k: int | None) -> None:
    encoder = words(threshold=0.99999)
    found = dedupe(encoder, [*CASES, "birch chair"], k=k)
    assert groups(found) == [0] * 10 + [1]
    assert encoder.asked == ["amber lamp", "birch chair"]
    assert found.cut.pairs == 0


def test_equal_texts_hold_at_any_threshold_as_identical_ones_do() -> None:
    found = dedupe(words(), CASES, threshold=2.0)
    assert found.at(2.0) == found.at(100.0) == (1, 10, 10)
    assert np.isnan(found.weakest).all()


@pytest.mark.parametrize(
    ("settings", "one", "other"),
    [
        ({}, "zebra", "quagga"),
        ({}, "zebra gnu", "quagga gnu"),
        ({"unit": "char"}, "\u03b1\u03b2", "\u03b3\u03b4"),
        ({"unit": "char"}, "AMBER", "BIRCH"),  # no capital is known
        ({"characters": True}, "\u03b1", "\u03b2"),
    ],
)
def test_texts_without_a_known_token_are_not_merged(settings: dict[str, Any], one: str, other: str) -> None:
    found = dedupe(words(**settings), [one, other, one, "amber lamp"], threshold=0.5)
    assert groups(found) == [0, 1, 0, 2]
    assert found.unread == 3
    both = link(words(**settings), [one, other], [other, "amber lamp"], threshold=0.5)
    assert both.rows[:, 0].tolist() == [-1, 0]
    assert both.unread == 3


def test_many_unseen_words_make_no_lump() -> None:
    unseen = [f"zz{n}" for n in range(60)]
    found = dedupe(words(), [*unseen, "amber lamp", "Amber Lamp"], threshold=0.5)
    assert sorted(found.sizes.tolist()) == [1] * 60 + [2]
    assert not found.lumped


def test_a_text_that_is_cut_is_not_the_one_it_is_cut_to() -> None:
    encoder = words(max_length=2)
    found = dedupe(encoder, ["amber lamp birch", "amber lamp", "amber lamp chair", "Amber Lamp Birch"], threshold=2.0)
    assert groups(found) == [0, 1, 2, 0]


def test_an_encoder_without_tokens_compares_characters() -> None:
    encoder = Drawn({"a": 0, "A": 0, "b": 90})
    assert groups(dedupe(encoder, ["a", "A", "a", "b"], threshold=2.0)) == [0, 1, 0, 2]


def test_an_onnx_encoder_has_the_same_equal_texts(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    export_onnx(load(folder), tmp_path / "onnx")
    texts = ["abc", " abc ", "abc", "", "\u03b1", "\u03b2", "Abc"]
    one, other = load_any(folder), load_any(tmp_path / "onnx", backend="onnx")
    assert one.readings(texts) == other.readings(texts)
    assert groups(dedupe(one, texts, threshold=2.0)) == groups(dedupe(other, texts, threshold=2.0)) == [
        0, 0, 0, 1, 2, 3, 4,
    ]  # fmt: skip


# decisions about equal texts


def test_a_person_can_tell_equal_texts_apart() -> None:
    found = dedupe(words(), ["amber lamp", "AMBER LAMP", "Amber lamp"], decisions=[
        Decision("amber lamp", "AMBER LAMP", False, 2)
    ])  # fmt: skip
    assert found.cluster[0] != found.cluster[1]


def test_a_decision_about_one_spelling_counts_for_the_others() -> None:
    texts = ["amber lamp", "Amber Lamp", "birch chair"]
    found = dedupe(words(), texts, decisions=[Decision("Amber Lamp", "birch chair", True)], threshold=2.0)
    assert (groups(found), found.strangers) == ([0, 0, 0], 0)


def test_decisions_that_disagree_over_equal_texts_are_named() -> None:
    texts = ["amber lamp", "Amber Lamp", "birch chair"]
    decisions = [Decision("amber lamp", "birch chair", True, 2), Decision("Amber Lamp", "birch chair", False, 3)]
    with pytest.raises(DataError, match=r"line 3: .* by line 2"):
        dedupe(words(), texts, decisions=decisions)


# links between equal texts


def test_equal_texts_match_at_any_threshold_with_the_score_of_identical_ones() -> None:
    found = link(words(), ["AMBER lamp", "birch chair"], ["cedar table", "amber LAMP", "birch chair"], threshold=5.0)
    assert found.rows[:, 0].tolist() == [1, 2]
    assert found.scores[0, 0] == pytest.approx(found.scores[1, 0])


def test_the_same_characters_come_before_the_same_tokens() -> None:
    right = ["Amber lamp", "AMBER LAMP", "amber lamp", "birch chair"]
    found = link(words(), ["amber lamp", "AMBER LAMP", "aMBER lamp"], right)
    assert found.rows[:, 0].tolist() == [2, 1, 0]
    single = link(words(), ["aMBER lamp", "amber lamp", "AMBER LAMP"], right, one_to_one=True)
    assert single.rows[:, 0].tolist() == [0, 2, 1]
    fewer = link(words(), ["amber lamp", "amber lamp"], ["AMBER lamp", "amber lamp"], one_to_one=True)
    assert fewer.rows[:, 0].tolist() == [1, 0]


def test_rows_that_k_leaves_without_a_match_are_counted() -> None:
    encoder = Drawn({"a": 0, "b": 1, "c": 2, "x": 0.5, "y": 3, "z": 4})
    found = link(encoder, ["a", "b", "c"], ["x", "y", "z"], threshold=0.9, one_to_one=True, k=1)
    assert int(found.matched.sum()) + found.cut == 3
    assert found.cut > 0
    assert link(encoder, ["a", "b", "c"], ["x", "y", "z"], threshold=0.9, one_to_one=True, k=3).cut == 0


def test_equal_texts_are_no_hard_negatives() -> None:
    texts = ["amber lamp", "AMBER LAMP", "\u00e4mber lamp", "birch chair", "cedar table"]
    found = mine(words(normalize="fold"), ["amber lamp", "birch chair"], ["cedar table", texts[2]], [True, False])
    negatives = {(a, b) for a, b, _ in [*found.negatives, *found.suspects]}
    assert not any({a, b} <= {texts[0], texts[1], texts[2]} for a, b in negatives)
    with pytest.raises(DataError, match="blank texts: 1") as caught:
        mine(words(), ["amber", ""], ["birch", "cedar"], [True, False])
    assert caught.value.code == "MINE_BLANK"


@pytest.mark.parametrize("k", [1.5, "3", float("nan"), True])
def test_a_k_that_is_no_whole_number_is_refused(k: Any, tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder"))
    for work in (lambda: dedupe(encoder, ["a", "b"], k=k), lambda: link(encoder, ["a"], ["b"], k=k)):
        with pytest.raises(ConfigError, match="expected an integer"):
            work()
    assert len(dedupe(encoder, ["a", "b"], k=np.int64(1)).cluster) == 2


def test_a_threshold_that_is_no_number_is_refused(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder"))
    with pytest.raises(ConfigError, match="finite number"):
        dedupe(encoder, ["a", "b"], threshold="0.5")  # type: ignore[arg-type]
