"""What is known of pairs before training, against plain loops over the texts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.config import parse_run
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.pairs import PairData
from seqtwin.data.splits import leakage, seen_in_train
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import data_facts
from seqtwin.run.row_facts import describe_pairs, leakage_of, token_overlap

texts = st.lists(st.integers(0, 5), min_size=1, max_size=6)


@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
def test_overlap_is_that_of_plain_sets(pairs: list[tuple[list[int], list[int]]]) -> None:
    items = Ragged.of([np.array(text) for pair in pairs for text in pair])
    places = np.arange(2 * len(pairs))
    found = token_overlap(PairStore(items, places[::2], places[1::2], np.zeros(len(pairs))))
    expected = [len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in pairs]
    np.testing.assert_allclose(found, expected)


@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
def test_letters_are_no_part_of_the_overlap(pairs: list[tuple[list[int], list[int]]]) -> None:
    words = [np.array(text) for pair in pairs for text in pair]
    spelled = [np.column_stack([text, np.arange(len(text))]) for text in words]
    places = np.arange(2 * len(pairs))
    alone, with_letters = (
        token_overlap(PairStore(Ragged.of(items), places[::2], places[1::2], np.zeros(len(pairs))))
        for items in (words, spelled)
    )
    np.testing.assert_array_equal(alone, with_letters)


def test_lengths_pads_and_overlap_of_texts(tmp_path: Path) -> None:
    prepared = prepare(parse_run(tiny.raw_run(tiny.write_pairs(tmp_path))))
    for split in ("dev", "test"):
        part, facts = prepared.data.part(split), prepared.pair_facts[split]
        lengths = np.array([[len(row["left"]), len(row["right"])] for _, row in part.iterrows()])
        np.testing.assert_allclose(facts.length, lengths.mean(1))
        np.testing.assert_allclose(facts.pad_share, 1 - lengths.mean(1) / lengths.max())
        known = {*prepared.data.part("train")["left"], *prepared.data.part("train")["right"]}
        seen = [int(row["left"] in known) + int(row["right"] in known) for _, row in part.iterrows()]
        assert facts.seen.tolist() == seen
    assert len(set(prepared.pair_facts["test"].seen.tolist())) > 1


def test_series_have_no_overlap() -> None:
    prepared = prepare(parse_run({"data": {"name": "digits", "pairs": 60}}))
    facts = prepared.pair_facts["test"]
    assert facts.overlap is None
    assert facts.seen.tolist() == [0] * len(facts.seen)
    assert data_facts(prepared)["leakage"] == {"pairs": 0, "share": 0.0}
    longest = max(len(prepared.data.series[i]) for i in prepared.data.part("test")["left"])  # type: ignore[index]
    assert facts.length.max() <= longest


def leaking() -> PairData:
    return PairData.of(
        left=["a b", "c", "A  B", "q", "c", "z"],
        right=["b", "d", "e", "r", "d", "z"],
        target=[1, 0, 1, 0, 1, 0],
        split=["train", "train", "test", "test", "test", "dev"],
        name="leaking",
    )


def test_items_seen_in_training_are_counted_a_pair() -> None:
    frame = leaking().frame
    assert seen_in_train(frame, "test").tolist() == [1, 0, 2]
    assert seen_in_train(frame, "dev").tolist() == [0]
    assert leakage(frame)["test"]["texts_in_train"] == 3


def test_leakage_is_the_share_of_test_pairs_with_a_known_item() -> None:
    data = leaking()
    stores = {
        split: PairStore(Ragged.of([np.array([1])]), *np.zeros((2, len(part)), int), part["target"].to_numpy())
        for split, part in ((split, data.part(split)) for split in ("dev", "test"))
    }
    assert leakage_of(describe_pairs(data, stores)) == {"pairs": 2, "share": pytest.approx(2 / 3)}


def test_a_split_without_training_pairs_has_seen_nothing() -> None:
    frame = pd.DataFrame({"left": ["a"], "right": ["a"], "target": [1.0], "split": ["test"]})
    assert seen_in_train(frame, "test").tolist() == [0]
