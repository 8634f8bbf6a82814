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

from seqtwin.config import parse_run

ROOT = Path(__file__).parent.parent


def benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module(name)


PAIRS, TEACHER = benchmark("scored_pairs"), benchmark("tune_teacher")


def unit_rows(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_each_text_is_paired_with_neighbours_of_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAIRS, "AT_ONCE", 7)
    vectors = unit_rows(40, 0)
    near = NearestNeighbors(n_neighbors=17, metric="cosine").fit(vectors).kneighbors(return_distance=False)
    expected = {tuple(sorted((row, int(near[row, rank - 1])))) for row in range(40) for rank in PAIRS.RANKS}
    assert [tuple(pair) for pair in PAIRS.near_pairs(vectors)] == sorted(expected)


def test_a_file_of_pairs_has_the_cosines_and_no_held_out_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, vectors = [f"text {number}" for number in range(20)], unit_rows(20, 1)
    held_out = pd.DataFrame({"left": texts[:10], "right": texts[10:]})
    (tmp_path / "some").mkdir()
    for split, table in (
        ("dev", held_out[:5]),
        ("test", held_out[5:].rename(columns={"left": "right", "right": "left"})),
    ):
        table.to_csv(tmp_path / "some" / f"{split}.csv", index=False)
    monkeypatch.setenv("SEQTWIN_DATA", str(tmp_path))
    monkeypatch.setattr(PAIRS, "taught_texts", lambda _config: (texts, vectors))
    made = pd.read_csv(
        PAIRS.scored_pairs(parse_run({"data": {"name": "placenames"}}), tmp_path / "pairs.csv", ["some"])
    )
    found = {frozenset(pair) for pair in zip(made["left"], made["right"], strict=True)}
    every = {frozenset((texts[one], texts[other])) for one, other in PAIRS.near_pairs(vectors)}
    known = {frozenset(pair) for pair in zip(texts[:10], texts[10:], strict=True)}
    assert every & known
    assert found == every - known
    rows = {text: row for row, text in enumerate(texts)}
    for left, right, score in made.itertuples(index=False):
        cosine = sum(float(a) * float(b) for a, b in zip(vectors[rows[left]], vectors[rows[right]], strict=True))
        assert score == pytest.approx(1 + 4 * min(max(cosine, 0), 1), abs=1e-4)


@given(st.integers(1, 3000), st.integers(0, 9))
def test_an_epoch_of_the_teacher_has_every_pair_once(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = ["x" * int(length) for length in rng.integers(1, 90, count)]
    batches = list(TEACHER.batches_of(TEACHER.TaskPairs(texts, texts, np.zeros(count)), rng))
    assert sorted(np.concatenate(batches)) == list(range(count))
    assert max(map(len, batches)) <= TEACHER.BATCH
