"""reports/retrieval is what its results give, byte for byte, and its figures are those of a plain loop."""

import importlib
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "experiments" / "retrieval" / "results.json"
PAGE = ROOT / "reports" / "retrieval" / "README.md"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The metrics of the benchmark."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("retrieval_figures")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page of the benchmark."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("retrieval_page")


@pytest.fixture
def results() -> dict[str, Any]:
    """What is committed."""
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def test_the_committed_page_is_remade_from_the_committed_results(page: ModuleType, results: dict[str, Any]) -> None:
    assert list(results) == ["placenames", "toponyms", "amazon_google"]
    assert PAGE.read_text(encoding="utf-8") == page.page(results)


def test_a_page_of_one_task_is_a_page(page: ModuleType, results: dict[str, Any]) -> None:
    text = page.page({"toponyms": results["toponyms"]})
    assert "## Toponyms" in text
    assert "## Amazon" not in text
    assert page.page({}) == page.HEAD


def test_every_figure_lies_in_its_interval_and_in_the_page(page: ModuleType, results: dict[str, Any]) -> None:
    text = page.page(results)
    rows = [row for found in results.values() for part in found["parts"].values() for row in part]
    for figure in (figure for row in rows for figure in row["figures"].values()):
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]" in text
        if "seeds" in figure:
            assert np.mean(figure["seeds"]) == pytest.approx(figure["value"], abs=1e-4)


def test_the_results_hold_no_path_and_no_text_of_the_data(results: dict[str, Any]) -> None:
    text = KEPT.read_text(encoding="utf-8")
    assert not re.search(r"/\w", text)
    strings = set(re.findall(r'": "([^"]*)"', text))
    named = {"char", "word", "fold", "lstm", "masked", "final_hidden", "max_output", "cosine", "linear"}
    settings = named | {"mse", "in_batch"}
    methods = {"trained", "untrained", "TF-IDF", "TF-IDF of words", "Jaro-Winkler"}
    assert strings <= settings | methods


def test_a_losing_encoder_is_called_behind(page: ModuleType, figures: ModuleType) -> None:
    worse, better = ({"mrr": figures.Share(np.full(9, v), np.ones(9))} for v in (0.2, 0.7))
    said = page._verdict(figures.rows({"trained": [worse], "TF-IDF": [better]}, range(9)))
    assert "in MRR **behind** TF-IDF, -0.500 [-0.500, -0.500]" in said


def ranked_by_a_loop(scores: np.ndarray, relevant: list[set[int]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"recall@1": [], "recall@10": [], "mrr": []}
    for row, answers in zip(scores.tolist(), relevant, strict=True):
        order = sorted(range(len(row)), key=lambda item: (-row[item], item))
        for k in (1, 10):
            found[f"recall@{k}"].append(len(answers & set(order[:k])) / len(answers))
        found["mrr"].append(1 / (1 + min(order.index(item) for item in answers)))
    return found


@pytest.mark.parametrize(("queries", "corpus"), [(1, 1), (1, 5), (40, 30), (7, 12)])
def test_ranking_figures_agree_with_a_plain_loop(figures: ModuleType, queries: int, corpus: int) -> None:
    rng = np.random.default_rng(queries)
    scores = rng.integers(-3, 4, size=(queries, corpus)).astype(float)  # many ties, negative scores
    relevant = [set(rng.integers(0, corpus, size=2).tolist()) for _ in range(queries)]
    outcome, wanted = figures.ranked(scores, relevant), ranked_by_a_loop(scores, relevant)
    assert {name: share.above.tolist() for name, share in outcome.items()} == {
        name: pytest.approx(values) for name, values in wanted.items()
    }
    assert all(share.below.tolist() == [1.0] * queries for share in outcome.values())


def test_pair_figures_agree_with_sklearn(figures: ModuleType) -> None:
    rng = np.random.default_rng(0)
    scores, same = np.round(rng.random(200), 2), rng.random(200) < 0.2
    outcome = figures.called(scores, same, 0.5)
    wanted = precision_recall_fscore_support(same, scores >= 0.5, average="binary")
    found = [outcome[name].above.sum() / outcome[name].below.sum() for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(wanted[:3])


def test_an_interval_resamples_whole_clusters(figures: ModuleType) -> None:
    rng = np.random.default_rng(0)
    by_cluster = (rng.random(60) < 0.5).astype(float)
    cluster = np.repeat(np.arange(60), 20)
    share = figures.Share(by_cluster[cluster], np.ones(1200))
    drawn = figures.Bootstrap(cluster.tolist()).drawn([share])
    assert drawn.std() == pytest.approx(by_cluster.std() / np.sqrt(60), rel=0.1)  # not that of 1200 queries
    assert figures.Bootstrap(range(1200)).drawn([share]).std() == pytest.approx(0.5 / np.sqrt(1200), rel=0.1)


def test_the_mean_over_seeds_and_its_differences(figures: ModuleType) -> None:
    def of(*values: float) -> dict[str, Any]:
        return {"recall@1": figures.Share(np.array(values), np.ones(len(values)))}

    outcomes = {"trained": [of(1, 1, 0, 1), of(1, 0, 0, 1)], "floor": [of(0, 0, 0, 1)]}
    first, second = figures.rows(outcomes, list("abcd"))
    assert first["figures"]["recall@1"]["seeds"] == [0.75, 0.5]
    assert first["figures"]["recall@1"]["value"] == 0.625
    assert first["behind"] == {}
    assert second["behind"]["recall@1"]["value"] == 0.375
    kept = figures.part(outcomes, np.array([True, False, False, True]))
    assert [row["figures"]["recall@1"]["value"] for row in figures.rows(kept, list("ad"))] == [1.0, 0.5]
