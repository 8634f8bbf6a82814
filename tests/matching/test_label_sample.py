"""The sample of candidate pairs to label: how it is drawn, and every way in which the file may come back wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.errors import ConfigError, DataError
from seqtwin.matching.clusters import Pairs
from seqtwin.matching.label_sample import allocate_rows, draw_sample, read_labels, strata_edges
from seqtwin.matching.match_files import sample_csv

COUNT = 300
LEFT, RIGHT = [f"l{n}" for n in range(COUNT)], [f"r{n}" for n in range(COUNT)]
PAIRS = Pairs(np.arange(COUNT), np.arange(COUNT)[::-1], np.linspace(0.99, 0.1, COUNT, dtype=np.float32))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=400), st.integers(20, 300))
def test_the_weights_of_a_sample_add_up_to_all_pairs(levels: list[int], count: int) -> None:
    scores = np.sort(np.array(levels, dtype=np.float32))[::-1]
    sample = draw_sample(scores, count, np.random.default_rng(0))
    assert len(sample.ranks) == len(set(sample.ranks.tolist())) == min(count, len(scores))
    assert sample.weights.sum() == pytest.approx(len(scores))
    start, end = sample.edges[sample.stratum], sample.edges[sample.stratum + 1]
    assert ((start <= sample.ranks) & (sample.ranks < end)).all()
    ends = sample.edges[1:-1]
    assert (scores[ends - 1] > scores[ends]).all(), "equal scores are in one stratum"


def test_sizes_fall_by_a_constant_factor_and_rows_are_equal() -> None:
    edges = strata_edges(np.arange(64_000.0)[::-1], 200)
    sizes = np.diff(edges)
    assert (edges[1], edges[-1], len(sizes)) == (2000, 64_000, 20)
    assert sizes[2:] / sizes[1:-1] == pytest.approx(32 ** (1 / 19), rel=0.01)
    assert allocate_rows(sizes, 200).tolist() == [10] * 20
    assert allocate_rows(np.array([3, 100]), 21).tolist() == [3, 18]
    assert allocate_rows(np.array([3, 4]), 21).tolist() == [3, 4]


def test_every_pair_of_a_stratum_is_drawn_equally_often() -> None:
    rng = np.random.default_rng(1)
    drawn = np.concatenate([draw_sample(PAIRS.scores, 60, rng).ranks for _ in range(400)])
    counts = np.bincount(drawn, minlength=COUNT)
    edges = strata_edges(PAIRS.scores, 60)
    sizes = np.diff(edges)
    expected = np.repeat(400 * allocate_rows(sizes, 60) / sizes, sizes)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())


def test_too_few_rows_or_pairs_are_refused() -> None:
    for scores, count, code in ((PAIRS.scores, 19, "SAMPLE_ROWS"), (PAIRS.scores[:0], 200, "SAMPLE_NO_PAIRS")):
        with pytest.raises(ConfigError) as caught:
            draw_sample(scores, count, np.random.default_rng(0))
        assert caught.value.code == code


def sample_frame(path: Path, count: int = 60) -> pd.DataFrame:
    text = sample_csv(LEFT, RIGHT, PAIRS, draw_sample(PAIRS.scores, count, np.random.default_rng(0)))
    path.write_text(text, encoding="utf-8")
    return pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)


def test_a_labelled_sample_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    frame = sample_frame(path)
    assert list(frame.columns) == ["left", "right", "score", "ranks", "weight", "decision"]
    assert not frame["score"].astype(float).is_monotonic_decreasing, "in random order"
    frame["decision"] = np.where(frame["score"].astype(float) > 0.6, "same", "Different")
    frame.loc[[3, 7], "decision"] = ""
    frame.to_csv(path, index=False)
    file = read_labels(path, LEFT, RIGHT, PAIRS)
    assert (file.unlabelled, len(file.decisions), int(file.strata.labelled.sum())) == (2, 58, 58)
    assert file.strata.edges.tolist() == strata_edges(PAIRS.scores, 60).tolist()
    assert int(file.strata.same.sum()) == int((frame["decision"] == "same").sum())
    assert [(d.left, d.same) for d in file.decisions] == [
        (left, decision == "same") for left, decision in zip(frame["left"], frame["decision"], strict=True) if decision
    ]


def edited(column: str, value: str, row: int = 4) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] = value
        return frame

    return edit


def repeat_row(frame: pd.DataFrame) -> pd.DataFrame:
    others = frame.index[(frame["ranks"] == frame["ranks"][0]) & (frame.index > 0)]
    frame.loc[others[0], ["left", "right", "score"]] = frame.loc[0, ["left", "right", "score"]]
    return frame


def undecide_first(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[frame["ranks"] == frame["ranks"][0], "decision"] = ""
    return frame


def swap_ranks(frame: pd.DataFrame) -> pd.DataFrame:
    other = frame.index[frame["ranks"] != frame["ranks"][0]][0]
    columns = ["left", "right", "score"]
    frame.loc[[0, other], columns] = frame.loc[[other, 0], columns].to_numpy()
    return frame


@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        (lambda f: f.drop(columns=["weight", "ranks"]), "LABELS_COLUMNS", "'ranks', 'weight' are missing"),
        (edited("decision", "perhaps"), "DATA_ROWS", "(?s)line 6.*'perhaps'"),
        (edited("weight", "many"), "DATA_ROWS", "(?s)line 6.*'many'"),
        (edited("ranks", "12-Jan"), "DATA_ROWS", "(?s)line 6.*'12-Jan'"),
        (edited("weight", "1.5"), "LABELS_WEIGHTS", "line 6: the weight is 1.5, but"),
        (lambda f: f.drop(index=4), "LABELS_WEIGHTS", "the weight is"),
        (lambda f: f[~f["ranks"].str.startswith("1 to")], "LABELS_RANKS", "do not follow each other"),
        (edited("score", "0.5"), "LABELS_PAIRS", "line 6: the score is 0.5 in the file, but"),
        (edited("left", "l999"), "LABELS_PAIRS", "line 6: this is no candidate pair"),
        (repeat_row, "LABELS_PAIRS", "repeats the pair of line 2"),
        (swap_ranks, "LABELS_PAIRS", "the pair has rank"),
        (undecide_first, "LABELS_FEW", "has a decision"),
    ],
)
def test_a_changed_sample_is_refused(
    edit: Callable[[pd.DataFrame], pd.DataFrame], code: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "sample.csv"
    frame = sample_frame(path)
    frame["decision"] = "same"
    edit(frame).to_csv(path, index=False)
    with pytest.raises(DataError, match=message) as caught:
        read_labels(path, LEFT, RIGHT, PAIRS)
    assert caught.value.code == code


def test_a_sample_of_another_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    frame = sample_frame(path)
    frame["decision"] = "same"
    frame.to_csv(path, index=False)
    with pytest.raises(DataError, match="no candidate pair"):
        read_labels(path, LEFT, RIGHT, PAIRS.take(np.arange(200)))
    shifted = Pairs(PAIRS.left, PAIRS.right, PAIRS.scores - np.float32(0.05))
    with pytest.raises(DataError, match="the score is"):
        read_labels(path, LEFT, RIGHT, shifted)
