"""Objectives with a head, from a config to a published folder, an encoder that is loaded, a study and its report."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtwin
import tiny_examples as toy
from seqtwin.config import parse_run, parse_study, read_run
from seqtwin.errors import ConfigError
from seqtwin.explain.explain import explain
from seqtwin.files import read_json, verify
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.metrics import CLASS_METRICS, WRITTEN_METRICS
from seqtwin.reporting.page.write_report import write_report
from seqtwin.run.manifest import config_hash, config_text
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import PreparedExamples
from seqtwin.run.train import Run, train
from seqtwin.study import compare

KINDS = tuple(toy.COLUMNS)
FILES = {"config.yaml", "history.csv", "trace.csv", "scores.json", "predictions.csv", "facts.json"}
FILES |= {"diagnostics.json", "reads.csv"}
ENCODER = {"encoder.json", "model.safetensors", "head.safetensors", "README.md"}
NUMBERS = ("scores.json", "predictions.csv", "diagnostics.json", "trace.csv", "reads.csv")
NUMBERS += ("encoder/model.safetensors", "encoder/head.safetensors")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("objectives")
    for kind in KINDS:
        toy.write(kind, found / f"{kind}.csv")
    return found


@pytest.fixture(scope="module")
def trained(folder: Path) -> Callable[[str], Run]:
    """The run of a kind, trained once."""
    done: dict[str, Run] = {}

    def run(kind: str) -> Run:
        if kind not in done:
            done[kind] = train(parse_run(toy.raw_run(kind, folder / f"{kind}.csv")), folder / kind)
        return done[kind]

    return run


def prepared_of(kind: str, folder: Path) -> PreparedExamples:
    found = prepare(parse_run(toy.raw_run(kind, folder / f"{kind}.csv")))
    assert isinstance(found, PreparedExamples)
    return found


def rows_of(path: Path, split: str = "") -> list[dict[str, str]]:
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if not split or row["split"] == split]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_published_and_true(kind: str, trained: Callable[[str], Run]) -> None:
    run = trained(kind)
    manifest = verify(run.path)
    of_texts = not kind.startswith("series")
    encoder = ENCODER | ({"tokenizer.json"} if of_texts else set())
    encoder |= {"written.json"} if kind in ("texts", "translations") else set()
    assert set(manifest["files"]) == FILES | {f"encoder/{name}" for name in encoder}
    assert (manifest["kind"], manifest["status"], manifest["error"]) == ("cell", "finished", None)
    reads = "outputs" if kind.endswith("steps") else "final_hidden"
    column = toy.OBJECTIVE.get(kind, "decode")
    assert manifest["factors"] == {"representation": reads, "loss": column, "seed": 0}


@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_are_those_of_the_objective(kind: str, trained: Callable[[str], Run]) -> None:
    scores = trained(kind).scores
    metrics = WRITTEN_METRICS if kind in ("texts", "translations") else CLASS_METRICS
    assert list(scores["test"]) == list(scores["dev"]) == list(scores["untrained"]) == list(metrics)
    assert scores == read_json(trained(kind).path / "scores.json")
    assert (scores["threshold"], scores["undefined"]) == (None, {})
    assert ("retrieval" in scores) == (kind in ("classes", "series"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_metric_is_the_share_of_right_rows(kind: str, folder: Path, trained: Callable[[str], Run]) -> None:
    run, found = trained(kind), prepared_of(kind, folder)
    for split in ("dev", "test"):
        rows = rows_of(run.path / "predictions.csv", split)
        assert [int(row["target"]) for row in rows] == found.stores[split].target.tolist()
        assert [int(row["cluster"]) for row in rows] == found.clusters[split].tolist()
        assert [int(row["row"]) for row in rows] == list(range(len(rows)))
        right = np.mean([float(row["score"]) == float(row["target"]) for row in rows])
        assert run.scores[split][run.scores["primary"]] == pytest.approx(right)


@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_say_what_was_done(kind: str, folder: Path, trained: Callable[[str], Run]) -> None:
    facts = read_json(trained(kind).path / "facts.json")
    found = prepared_of(kind, folder)
    assert (facts["objective"], facts["classes"]) == (toy.OBJECTIVE.get(kind, "decode"), list(found.classes))
    assert facts["judged"] in ("texts", "series", "tokens", "steps")
    assert facts["loss"]["name"] == "cross_entropy"
    assert facts["loss"]["formula"]
    assert facts["batch_deviation"] < 1e-6
    assert facts["pairs"] == {split: len(store) for split, store in found.stores.items()}
    assert (facts["tokens"] is None) == kind.startswith("series")


def test_what_is_easy_is_learnt(folder: Path, tmp_path: Path) -> None:
    raw = toy.raw_run("classes", folder / "classes.csv", fit={"epochs": 12}, representation="first_output")
    run = train(parse_run(raw), tmp_path / "run")
    assert run.scores["test"]["accuracy"] == 1.0 > run.scores["untrained"]["accuracy"]
    assert run.scores["retrieval"]["nn_accuracy"] == 1.0


@pytest.mark.parametrize("kind", ["classes", "series", "steps", "translations"])
def test_a_second_run_gives_the_same_bytes(
    kind: str, folder: Path, trained: Callable[[str], Run], tmp_path: Path
) -> None:
    run = trained(kind)
    again = train(parse_run(toy.raw_run(kind, folder / f"{kind}.csv")), tmp_path / "again")
    for name in NUMBERS:
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes(), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_config_is_the_one_that_was_used(kind: str, folder: Path, trained: Callable[[str], Run]) -> None:
    config = parse_run(toy.raw_run(kind, folder / f"{kind}.csv"))
    again = read_run(trained(kind).path / "config.yaml")
    assert again.model_dump(exclude={"data"}) == config.model_dump(exclude={"data"})
    assert config_hash(again) == config_hash(config)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loaded_encoder_says_what_was_published(kind: str, folder: Path, trained: Callable[[str], Run]) -> None:
    run, found = trained(kind), prepared_of(kind, folder)
    asked = [found.data.items[row] for row in found.data.rows("test")]
    said = load(run.path).predict(asked)
    published = [int(row["score"]) for row in rows_of(run.path / "predictions.csv", "test")]
    if kind in ("texts", "translations"):
        right = [found.data.targets[row] for row in found.data.rows("test")]
        assert published == [int(one.answer == text) for one, text in zip(said, right, strict=True)]
        return
    names = [name for one in said for name in ([one.answer] if isinstance(one.answer, str) else one.answer)]
    assert [found.classes.index(name) for name in names] == published


def test_the_loaded_encoder_writes_what_it_learnt(tmp_path: Path) -> None:
    file = toy.table(tmp_path / "few.csv", ["text", "other"], [[letter, letter.upper() * 2] for letter in "abcd"])
    files = {"file": None, **dict.fromkeys(("train", "dev", "test"), str(file))}
    raw = toy.raw_run("translations", file, data=files, fit={"epochs": 60, "batch": 2, "patience": None})
    run = train(parse_run(raw), tmp_path / "run")
    assert run.scores["test"]["exact_match"] == 1.0
    assert [one.answer for one in load(run.path).predict(["d", "a", "c", "a"])] == ["DD", "AA", "CC", "AA"]


@pytest.mark.parametrize("kind", KINDS)
def test_encode_and_search_work_after_any_objective(kind: str, folder: Path, trained: Callable[[str], Run]) -> None:
    encoder, items = load(trained(kind).path), prepared_of(kind, folder).data.items[:6]
    given = [" ".join(one) for one in items] if kind == "steps" else list(items)
    vectors = encoder.encode(given)
    assert (vectors.shape, vectors.dtype) == ((6, encoder.dim), np.float32)
    np.testing.assert_allclose(encoder.encode(given[:1]), vectors[:1], atol=1e-6)
    assert Index.build(encoder, given).search(given[:1], k=1)[0][0].score == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["classes", "steps", "texts"])
def test_the_published_config_can_be_trained_again(kind: str, trained: Callable[[str], Run], tmp_path: Path) -> None:
    again = train(read_run(trained(kind).path / "config.yaml"), tmp_path / "again")
    assert again.scores == trained(kind).scores
    config = parse_run({**toy.raw_run(kind, Path("x")), "loss": {"name": "cross_entropy", "smoothing": 0.1}})
    assert "smoothing: 0.1" in config_text(config), "a loss that was named is kept"


def test_the_card_of_an_encoder_with_a_head_says_what_it_says(trained: Callable[[str], Run]) -> None:
    for kind, words in {"classes": "its class, one of 3", "steps": "every step", "texts": "generates a text"}.items():
        text = (trained(kind).path / "encoder" / "README.md").read_text(encoding="utf-8")
        assert words in text
        assert "encoder.predict" in text
        assert "{" not in text


def test_the_face_trains_and_loads(folder: Path, tmp_path: Path) -> None:
    run = seqtwin.train(toy.raw_run("classes", folder / "classes.csv", fit={"epochs": 1}), tmp_path / "run")
    [said] = seqtwin.load(run.path).predict("abc")
    assert said.answer in toy.CLASSES
    assert 0 < said.probability <= 1


def test_explain_refuses_what_has_no_pairs(trained: Callable[[str], Run]) -> None:
    with pytest.raises(ConfigError, match="was trained with objective classify") as caught:
        explain(trained("classes").path)
    assert (caught.value.code, caught.value.exit_code) == ("EXPLAIN_OBJECTIVE", 2)


# a study


def study_of(folder: Path, **sections: Any) -> Any:
    base = toy.raw_run("classes", folder / "classes.csv", fit={"epochs": 1, "threads": 1}, **sections)
    grid = {"representation": ["final_hidden", "mean_output"], "objective.layers": [1, 2]}
    return parse_study({"base": base, "grid": grid, "seeds": 2, "tune": False})


@pytest.fixture(scope="module")
def study(folder: Path) -> compare.Study:
    return compare.compare(study_of(folder), folder / "study", jobs=1)


def test_every_cell_of_a_study_of_heads_is_published(study: compare.Study) -> None:
    assert (len(study.planned), study.trained, study.failed) == (8, study.planned, [])
    factors = [read_json(study.path / "cells" / id_ / "manifest.json")["factors"] for id_ in study.planned]
    assert {(f["representation"], f["loss"], f["seed"]) for f in factors} == {
        (row, column, seed)
        for row in ("final_hidden", "mean_output")
        for column in ("classify-layers1", "classify-layers2")
        for seed in (0, 1)
    }
    assert {tuple(sorted(f)) for f in factors} == {("loss", "representation", "seed")}
    assert all("classify-layers" in id_ for id_ in study.planned)


def test_a_second_compare_trains_nothing(folder: Path, study: compare.Study) -> None:
    again = compare.compare(study_of(folder), study.path, jobs=1)
    assert (again.planned, again.trained, again.failed) == (study.planned, [], [])


def test_a_report_of_a_study_of_heads_is_built(study: compare.Study) -> None:
    page = write_report(study.path, study.path.parent / "report")
    text = page.read_text(encoding="utf-8")
    assert "classify-layers2" in text
    assert "accuracy" in text


def test_what_examples_must_beat_is_declared_before_anything_is_trained(study: compare.Study) -> None:
    [floors] = read_json(study.path / "study.json")["floors"].values()
    assert set(floors) == {"majority", "tfidf_logistic"}
    assert floors["majority"]["test"]["accuracy"] == pytest.approx(0.4)


def test_two_vocabularies_of_one_size_share_no_table(tmp_path: Path) -> None:
    other = str.maketrans(toy.LETTERS, toy.LETTERS.upper())
    rows = [[text, text.translate(other)] for text in toy.drawn_texts(60)]
    file = toy.table(tmp_path / "names.csv", ["left", "right"], rows)
    raw = {**toy.raw_run("translations", file), "data": {"file": str(file), "left": "left", "right": "right"}}
    with pytest.raises(ConfigError, match="another vocabulary"):
        train(parse_run({**raw, "objective": {"name": "decode", "share": True}}), tmp_path / "run")
