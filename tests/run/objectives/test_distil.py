"""A student learns from a teacher, is published, encodes, and is the start of a training on pairs."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

import tiny
import tiny_teachers as toy
from seqtwin.config import parse_run, parse_study, portable, read_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import read_json, verify
from seqtwin.index.index import Index
from seqtwin.inference.load import load
from seqtwin.reporting.page.write_report import write_report
from seqtwin.run.manifest import cell_key, config_hash, config_text
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import PreparedTexts
from seqtwin.run.train import Run, train
from seqtwin.store import load_encoder
from seqtwin.study.compare import compare

PROJECTION = {"name": "linear", "dim": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("distil")
    texts = toy.write_texts(found / "texts.csv")
    toy.write_vectors(found / "vectors.npy", texts)
    tiny.write_pairs(found / "pairs")
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """A student of a file of vectors."""
    raw = toy.raw_run(folder / "texts.csv", folder / "vectors.npy", fit={"epochs": 15}, projection=PROJECTION)
    return train(parse_run(raw), folder / "run")


def prepared(folder: Path, **sections: object) -> PreparedTexts:
    found = prepare(parse_run(toy.raw_run(folder / "texts.csv", folder / "vectors.npy", **sections)))
    assert isinstance(found, PreparedTexts)
    return found


def test_it_learns_what_the_teacher_finds_similar(run: Run) -> None:
    assert run.status == "finished"
    assert run.scores["primary"] == "spearman"
    assert run.scores["test"]["spearman"] > 0.8 > run.scores["untrained"]["spearman"] + 0.1


def test_everything_is_published_and_true(run: Run, folder: Path) -> None:
    names = set(verify(run.path)["files"])
    assert {"encoder/encoder.json", "encoder/model.safetensors", "encoder/tokenizer.json", "facts.json"} <= names
    assert "encoder/head.safetensors" not in names, "the map to the teacher is not saved"
    facts = read_json(run.path / "facts.json")
    assert (facts["objective"], facts["judged"], facts["graded"]) == ("distil", "pairs", True)
    assert facts["loss"]["name"] == "distillation"
    assert facts["loss"]["plateau"] > 0
    assert facts["source"]["teacher"] == "vectors.npy"
    assert facts["batch_deviation"] < 1e-6
    found = prepared(folder, projection=PROJECTION)
    assert facts["pairs"] == {split: len(store) for split, store in found.stores.items()}
    card = (run.path / "encoder" / "README.md").read_text(encoding="utf-8")
    assert "the teacher `vectors.npy`" in card


def test_the_scores_are_those_of_its_vectors_against_the_teacher(run: Run, folder: Path) -> None:
    encoder, found = load(run.path), prepared(folder, projection=PROJECTION)
    texts = [found.data.items[row] for row in found.data.rows("test")]
    own, taught = encoder.encode(texts, normalize_embeddings=True), toy.expected(texts)
    taught /= np.linalg.norm(taught, axis=1, keepdims=True)
    store = found.judged("test")
    scores, target = ((side[store.left] * side[store.right]).sum(1) for side in (own, taught))
    assert run.scores["test"]["spearman"] == pytest.approx(spearmanr(scores, target)[0], abs=1e-5)
    assert run.scores["test"]["pearson"] == pytest.approx(pearsonr(scores, target)[0], abs=1e-5)
    rows = csv.DictReader((run.path / "predictions.csv").read_text(encoding="utf-8").splitlines())
    published = [row for row in rows if row["split"] == "test"]
    np.testing.assert_allclose([float(row["score"]) for row in published], scores, atol=1e-5)
    np.testing.assert_allclose([float(row["target"]) for row in published], (1 + target) / 2, atol=1e-5)


def test_the_encoder_encodes_and_finds(run: Run) -> None:
    encoder = load(run.path)
    assert (encoder.dim, encoder.threshold) == (4, None)
    index = Index.build(encoder, ["abc", "def"])
    assert index.search(["cba"], k=1)[0][0].text == "abc"


def test_it_is_the_start_of_a_training_on_pairs(run: Run, folder: Path) -> None:
    raw = tiny.raw_run(folder / "pairs", representation="mean_output", projection=PROJECTION, fit={"epochs": 1})
    further = train(parse_run({**raw, "encoder": {"from": str(run.path)}}), folder / "further")
    started = read_json(further.path / "facts.json")["start"]
    assert started == load_encoder(run.path / "encoder").fingerprint
    pairs = tiny.drawn_pairs(4 * 40, 2)[:40]
    left, right, same = zip(*pairs, strict=True)
    scores = load(run.path).score(left, right)
    untrained = further.scores["untrained"]["roc_auc"]
    order = np.mean([
        (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
        for i in range(40) for j in range(40) if same[i] > same[j]
    ])  # fmt: skip
    assert untrained == pytest.approx(order, abs=2e-3), "encoder and projection are those of the student"


def test_a_model_is_asked_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = toy.write_sentence_transformer(tmp_path / "st")
    cache = {"cache": str(tmp_path / "cache")}
    config = parse_run(toy.raw_run(folder / "texts.csv", teacher, objective=cache))
    first = prepare(config)
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 3
    monkeypatch.setattr("sentence_transformers.SentenceTransformer.encode", None)
    second = prepare(config)
    for split, store in first.stores.items():
        np.testing.assert_array_equal(second.stores[split].target, store.target)
    file = prepared(folder)
    np.testing.assert_allclose(first.stores["train"].target, file.stores["train"].target, atol=1e-6)
    np.testing.assert_allclose(first.stores["test"].target, file.stores["test"].target, atol=1e-6)


def test_another_teacher_is_another_result(folder: Path, tmp_path: Path) -> None:
    keys = set()
    for scale in (1, 1, 2):
        teacher = toy.write_vectors(tmp_path / "v.npy", toy.write_texts(tmp_path / "texts.csv"))
        np.save(teacher, scale * np.load(teacher))
        config = parse_run(toy.raw_run(folder / "texts.csv", teacher))
        keys.add(cell_key(config, prepare(config)))
    assert len(keys) == 2


def test_the_paths_of_a_config_are_those_of_its_folder(run: Run, folder: Path, tmp_path: Path) -> None:
    config = parse_run(toy.raw_run(folder / "texts.csv", folder / "vectors.npy"))
    moved = portable(config, tmp_path)
    assert isinstance(moved.objective, dict)
    assert not moved.objective["teacher"].startswith("/")
    (tmp_path / "config.yaml").write_text(config_text(moved), encoding="utf-8")
    again = read_run(tmp_path / "config.yaml")
    assert isinstance(again.objective, dict)
    assert Path(again.objective["teacher"]).resolve() == (folder / "vectors.npy").resolve()
    assert config_hash(again) == config_hash(config)
    assert prepare(read_run(run.path / "config.yaml")).data.fingerprint == prepared(folder).data.fingerprint


def test_more_texts_are_for_training(folder: Path, tmp_path: Path) -> None:
    teacher = toy.write_sentence_transformer(tmp_path / "st")
    (tmp_path / "more.csv").write_text("text\nabcdefabc\nfedcbafed\n", encoding="utf-8")
    raw = toy.raw_run(folder / "texts.csv", teacher, data={"more": [str(tmp_path / "more.csv")]})
    found = prepare(parse_run(raw))
    assert len(found.stores["train"]) == len(prepared(folder).stores["train"]) + 2


def test_labels_are_not_used(folder: Path) -> None:
    raw = toy.raw_run(folder / "texts.csv", folder / "vectors.npy", data={"label": "other"})
    with pytest.raises(ConfigError, match=r"(?s)objective distil expects data.texts.*leave out data.label"):
        prepare(parse_run(raw))


def test_too_few_texts_are_refused(tmp_path: Path) -> None:
    texts = toy.write_texts(tmp_path / "texts.csv", count=4)
    teacher = toy.write_vectors(tmp_path / "vectors.npy", texts)
    with pytest.raises(DataError, match="at least 3 are needed") as caught:
        prepare(parse_run(toy.raw_run(tmp_path / "texts.csv", teacher)))
    assert caught.value.code == "DATA_EMPTY_SPLIT"


def test_a_constant_student_has_collapsed(folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.ones((90, 3), dtype=np.float32))
    (tmp_path / "one.txt").write_text((folder / "vectors.txt").read_text(encoding="utf-8"), encoding="utf-8")
    raw = toy.raw_run(folder / "texts.csv", tmp_path / "one.npy", fit={"epochs": 1, "batch": 64})
    found = train(parse_run(raw), tmp_path / "run")
    assert found.scores["undefined"].keys() == {"spearman", "pearson"}
    assert found.scores["test"] == {}


@pytest.mark.long
def test_a_study_compares_its_losses_in_the_words_of_pairs(folder: Path, tmp_path: Path) -> None:
    raw = toy.raw_run(folder / "texts.csv", folder / "vectors.npy", fit={"epochs": 1})
    losses = [{"name": "distillation"}, {"name": "distillation", "similarities": 0}]
    study = parse_study({"base": raw, "grid": {"loss": losses}, "tune": False, "seeds": 2})
    result = compare(study, tmp_path / "study", jobs=1)
    assert (len(result.trained), result.failed) == (4, [])
    page = write_report(result.path).with_name("report.md").read_text(encoding="utf-8")
    assert "Test Spearman" in page
    assert "distillation-similarities0" in page
    assert "Every representation with every loss" in page
    assert "head" not in page.split("## ")[1]
    assert "The target of a pair of texts is the similarity that the teacher gives it" in page
