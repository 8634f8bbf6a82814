"""The pairs and batches by which benchmarks/distil.py teaches, against scikit-learn and plain loops."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

ROOT = Path(__file__).parent.parent
RANKS = (1, 2, 4, 8, 16)


def benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module(name)


PAIRS, TEACHER = benchmark("scored_pairs"), benchmark("tune_teacher")


def unit_rows(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def sick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The 40 train texts of a data set. In dev and test each text is paired with the next one, in test in reverse."""
    texts = [f"text {number:02}" for number in range(40)]
    tables = {
        "train": pd.DataFrame({"left": texts[:20], "right": texts[20:], "score": np.linspace(1, 5, 20)}),
        "dev": pd.DataFrame({"left": texts[:10], "right": texts[1:11], "score": 2.5}),
        "test": pd.DataFrame({"left": texts[11:21], "right": texts[10:20], "score": 4.0}),
    }
    (tmp_path / "sick").mkdir()
    for split, table in tables.items():
        table.to_csv(tmp_path / "sick" / f"{split}.csv", index=False)
    monkeypatch.setenv("SEQTWIN_DATA", str(tmp_path))
    return texts


def test_each_text_is_paired_with_neighbours_of_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAIRS, "AT_ONCE", 7)
    vectors = unit_rows(40, 0)
    near = NearestNeighbors(n_neighbors=17, metric="cosine").fit(vectors).kneighbors(return_distance=False)
    expected = {tuple(sorted((row, int(near[row, rank - 1])))) for row in range(40) for rank in RANKS}
    texts = [f"{row:02}" for row in range(40)]
    found = PAIRS.near_pairs(texts, vectors, RANKS)
    assert found == [(texts[one], texts[other]) for one, other in sorted(expected)]


def test_the_pairs_have_the_cosines_the_labelled_scores_and_no_held_out_pair(sick: list[str]) -> None:
    copies = [(text, f"{text} changed") for text in sick[:5]]
    texts, vectors = [*sick, *(copy for _, copy in copies)], unit_rows(45, 1)
    made = PAIRS.pairs_of("sick", PAIRS.Taught(texts, vectors), copies)
    scored, labelled = made[:-60], made[-60:]

    known = {frozenset((sick[row], sick[row + 1])) for row in range(20)}
    found = [frozenset(pair) for pair in zip(scored["left"], scored["right"], strict=True)]
    assert len(set(found)) == len(found)
    assert not known & set(found)
    assert {frozenset(pair) for pair in copies} <= set(found)

    rows = {text: row for row, text in enumerate(texts)}
    for left, right, score in scored.itertuples(index=False):
        cosine = sum(float(a) * float(b) for a, b in zip(vectors[rows[left]], vectors[rows[right]], strict=True))
        assert score == pytest.approx(1 + 4 * min(max(cosine, 0), 1), abs=1e-4)
    expected = [*zip(sick[:20], sick[20:], np.linspace(1, 5, 20).round(4), strict=True)] * 3
    assert [(left, right, round(score, 4)) for left, right, score in labelled.itertuples(index=False)] == expected


def test_labelled_pairs_can_have_the_scores_of_the_teacher(
    sick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qqp").mkdir()
    for split in ("train", "dev", "test"):
        table = pd.read_csv(tmp_path / "sick" / f"{split}.csv")
        table.rename(columns={"score": "label"}).assign(label=1).to_csv(tmp_path / "qqp" / f"{split}.csv", index=False)
    vectors = unit_rows(40, 2)
    monkeypatch.setattr(PAIRS, "RANDOM", 0)
    made = PAIRS.pairs_of("qqp", PAIRS.Taught(sick, vectors), [])
    near = PAIRS.near_pairs(sick, vectors, (1, 2, 4, 8))
    known = {(sick[row], sick[row + 1]) for row in range(20)}
    labelled = list(zip(sick[:20], sick[20:], strict=True))
    expected = [*(pair for pair in near if pair not in known), *labelled, *labelled]
    assert list(zip(made["left"], made["right"], strict=True)) == expected
    cosine = np.array([vectors[sick.index(left)] @ vectors[sick.index(right)] for left, right in expected])
    assert made["label"].to_numpy() == pytest.approx(cosine.clip(0), abs=1e-4)


@given(st.integers(1, 3000), st.integers(0, 9))
def test_an_epoch_of_the_teacher_has_every_pair_once(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = ["x" * int(length) for length in rng.integers(1, 90, count)]
    batches = list(TEACHER.batches_of(TEACHER.TaskPairs(texts, texts, np.zeros(count)), rng))
    assert sorted(np.concatenate(batches)) == list(range(count))
    assert max(map(len, batches)) <= TEACHER.BATCH
