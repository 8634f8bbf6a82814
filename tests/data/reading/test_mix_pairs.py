"""Further files of training pairs: each with its own scale, without texts of dev and test."""

from pathlib import Path

import pandas as pd
import pytest

import tiny
from seqtwin.config import parse_run
from seqtwin.data.pairs import MixedPairs, PairData
from seqtwin.data.reading.mix_pairs import FurtherPairs, with_mixed
from seqtwin.data.splits import leakage
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.load_pairs import load_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.write_pairs(tmp_path)
    (tmp_path / "stars.csv").write_text("one,two,stars\nxx,yy,5\nxx,zz,1\nyy,ZZ,3\n", encoding="utf-8")
    (tmp_path / "words.csv").write_text("left,right,kind\nqq,rr,duplicate\nqq,ss,other\n", encoding="utf-8")
    return tmp_path


def raw(folder: Path, *mix: dict[str, object]) -> dict[str, object]:
    return tiny.raw_run(folder, data={"mix": list(mix)})


def test_each_file_has_its_own_columns_and_its_own_scale(folder: Path) -> None:
    stars = {"train": str(folder / "stars.csv"), "left": "one", "right": "two", "score": "stars", "scale": [1, 5]}
    words = {"train": str(folder / "words.csv"), "label": "kind", "labels": {"duplicate": 1, "other": 0}, "share": 0.2}
    data, plain = (load_data(parse_run(r)) for r in (raw(folder, stars, words), raw(folder)))
    pd.testing.assert_frame_equal(data.frame.iloc[: len(plain.frame)], plain.frame)
    rest = data.frame.iloc[len(plain.frame) :]
    assert rest["target"].tolist() == [1.0, 0.0, 0.5, 1.0, 0.0]
    assert set(rest["split"]) == {"train"}
    assert data.mixed == (MixedPairs("stars.csv", 3, None), MixedPairs("words.csv", 2, 0.2))
    assert data.notes[-2:] == (
        "3 further training pairs from stars.csv, all in every epoch",
        "2 further training pairs from words.csv, 20% of the pairs of an epoch, drawn anew",
    )
    assert (data.graded, data.own_targets.tolist()) == (False, plain.frame["target"].tolist())
    assert data.fingerprint != plain.fingerprint


def test_pairs_with_a_text_of_dev_or_test_are_left_out_and_counted(folder: Path) -> None:
    dev, test = (pd.read_csv(folder / f"{split}.csv").iloc[0] for split in ("dev", "test"))
    rows = [("new", "newer", 1), (dev["left"].upper(), "new", 0), ("new", f" {test['right']} ", 1)]
    pd.DataFrame(rows, columns=["left", "right", "label"]).to_csv(folder / "more.csv", index=False)
    data = load_data(parse_run(raw(folder, {"train": str(folder / "more.csv"), "label": "label"})))
    assert data.frame.iloc[-1][["left", "right"]].tolist() == ["new", "newer"]
    assert data.facts["mix"] == [{"file": "more.csv", "pairs": 1, "share": None, "left_out": 2}]
    assert data.notes[-1].endswith("; 2 left out: a text of theirs occurs in dev or test")
    assert leakage(data.frame) == leakage(load_data(parse_run(raw(folder))).frame)


def test_a_file_without_pairs_left_is_an_error() -> None:
    own = PairData.of(left=["a", "b"], right=["c", "d"], target=[1, 0], split=["train", "test"], name="own")
    seen = FurtherPairs("seen.csv", pd.DataFrame({"left": ["b"], "right": ["x"], "target": [1.0]}), None)
    with pytest.raises(DataError, match="all 1 pairs have a text that occurs in dev or test") as caught:
        with_mixed(own, [seen])
    assert caught.value.place == "seen.csv"
    assert with_mixed(own, []) is own


def test_further_files_can_have_the_class_that_train_lacks(folder: Path) -> None:
    tiny.write_pairs(folder, only={"train": 1})
    words = {"train": str(folder / "words.csv"), "label": "kind", "labels": {"duplicate": 1, "other": 0}}
    plain, mixed = load_data(parse_run(raw(folder))), load_data(parse_run(raw(folder, words)))
    one_class = "all pairs of train are the same: only losses such as in_batch and triplet learn from them"
    assert one_class in plain.notes
    assert one_class not in mixed.notes


def test_series_are_not_mixed(folder: Path) -> None:
    mix = [{"train": str(folder / "words.csv"), "label": "kind", "labels": {"duplicate": 1, "other": 0}}]
    with pytest.raises(ConfigError, match="not series"):
        load_data(parse_run({"data": {"name": "digits", "pairs": 60, "mix": mix}}))
    placenames = load_data(parse_run({"data": {"name": "placenames", "pairs": 60, "mix": mix}}))
    assert [part.pairs for part in placenames.mixed] == [2]


def test_unreadable_rows_of_a_further_file_are_named(folder: Path) -> None:
    (folder / "bad.csv").write_text("left,right,score\na,b,9\n", encoding="utf-8")
    bad = {"train": str(folder / "bad.csv"), "score": "score", "scale": [0, 5]}
    with pytest.raises(DataError, match="outside the scale 0 to 5") as caught:
        load_data(parse_run(raw(folder, bad)))
    assert caught.value.place == str(folder / "bad.csv")
