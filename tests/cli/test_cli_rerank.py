"""fit-reranker, train --reranker, and --rerank of search, link and dedupe, from the command line."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import tiny
from reranked import reranked_run, run_with_config
from seqtwin import cli
from seqtwin.data.pairs import PairData
from seqtwin.inference.trained_encoder import load

WORDS = list(dict.fromkeys(left for left, _, _ in tiny.drawn_pairs(60, 9)))


@pytest.fixture
def asked(monkeypatch: Any, capsys: Any) -> Any:
    """Runs a command line and returns its exit code, stdout and stderr."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reranked_run(tmp_path_factory.mktemp("reranked"))


@pytest.fixture
def names(tmp_path: Path) -> Path:
    (tmp_path / "names.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return tmp_path / "names.txt"


def test_fit_reranker_with_the_data_of_the_run(asked: Any, tmp_path: Path) -> None:
    run = run_with_config(tmp_path)
    code, out, err = asked("fit-reranker", run)
    assert code == 0, err
    assert "the encoder was trained on other data" in err
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    facts = load(run).reranker.facts
    assert rows["roc_auc"] == [f"{facts.dev['roc_auc']:.4f}", f"{facts.dev_encoder['roc_auc']:.4f}"]
    assert rows["brier"][1] == "-"
    assert out.rstrip().endswith(str(run / "encoder" / "reranker"))
    code, _, err = asked("fit-reranker", run)
    assert (code, "the encoder has a re-ranker already" in err) == (2, True)


def test_fit_reranker_with_data_or_a_config(asked: Any, tmp_path: Path) -> None:
    run = run_with_config(tmp_path)
    encoder = (run / "encoder").rename(tmp_path / "alone")
    code, _, err = asked("fit-reranker", encoder)
    assert (code, "RERANKER_NO_DATA" in err) == (2, True)
    code, _, err = asked("fit-reranker", encoder, run / "config.yaml", "--left", "left")
    assert (code, "CONFIG_OPTIONS" in err) == (2, True)
    code, out, err = asked("fit-reranker", encoder, tmp_path / "data", "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert (facts["train_pairs"], facts["dev_pairs"], facts["path"]) == (240, 160, str(encoder / "reranker"))


def test_train_with_a_reranker(asked: Any, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data", (240, 160, 60))
    settings = ["fit.epochs=1", "encoder.hidden=8", "encoder.embedding=6"]
    code, out, err = asked("train", data, *settings, "--out", tmp_path / "run", "--reranker", "--json")
    assert code == 0, err
    facts = json.loads(out)["reranker"]
    assert facts["path"] == str(tmp_path / "run" / "encoder" / "reranker")
    assert "other data" not in err
    assert load(tmp_path / "run").reranker.threshold == facts["threshold"]
    assert asked("verify", tmp_path / "run")[0] == 0


def test_a_reranker_of_series_is_refused_before_training(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text("data: {name: digits}\n", encoding="utf-8")
    code, _, err = asked("train", tmp_path / "digits.yaml", "--out", tmp_path / "run", "--reranker")
    assert (code, "RERANKER_INPUTS" in err, (tmp_path / "run").exists()) == (2, True, False)


def test_search_shows_probability_and_similarity(asked: Any, run: Path, names: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert asked("index", run, names, "-o", index)[0] == 0
    code, out, _ = asked("search", index, "abc", "-k", 3, "--rerank", 20, "--json")
    answer = json.loads(out)
    encoder = load(run)
    assert (code, answer["threshold"]) == (0, encoder.reranker.threshold)
    for hit in answer["results"][0]["hits"]:
        assert hit["score"] == pytest.approx(float(encoder.reranker.score(["abc"], [hit["text"]])[0]))
        assert hit["similarity"] == pytest.approx(float(encoder.score(["abc"], [hit["text"]])[0]), abs=1e-6)
    _, out, _ = asked("search", index, "abc", "-k", 3, "--rerank", 20)
    assert out.splitlines()[1].split() == ["score", "similarity", "id"]
    assert asked("search", index, "abc", "-k", 3, "--rerank", 20, "-o", tmp_path / "hits.csv")[0] == 0
    with (tmp_path / "hits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["query", "rank", "id", "text", "score", "similarity"]
    assert [row["id"] for row in rows] == [hit["id"] for hit in answer["results"][0]["hits"]]
    plain = json.loads(asked("search", index, "abc", "-k", 3, "--json")[1])
    assert "similarity" not in plain["results"][0]["hits"][0]
    for count in ("0", "-1", "2.5"):
        code, _, err = asked("search", index, "abc", f"--rerank={count}")
        assert code == 2
        assert f"expected the number of hits to re-rank, 1 or more, or an encoder; got {count}" in err


def test_link_and_dedupe_write_probabilities(asked: Any, run: Path, names: Path, tmp_path: Path) -> None:
    encoder = load(run)
    code, out, err = asked("link", run, names, names, "--rerank", "-o", tmp_path / "links.csv", "--json")
    assert code == 0, err
    assert json.loads(out)["threshold"] == encoder.reranker.threshold
    with (tmp_path / "links.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            probability = float(encoder.reranker.score([row["left"]], [row["right"]])[0])
            assert float(row["score"]) == pytest.approx(probability, abs=1e-6)
    for threshold in (1.5, -3):
        code, _, err = asked("dedupe", run, names, "--rerank", f"--threshold={threshold}")
        assert code == 2
        assert f"it is a probability: expected 0 to 1, got {threshold:g}" in err
    code, out, err = asked(
        "dedupe", run, names, "--rerank", "--threshold", 0.5, "-o", tmp_path / "groups.csv", "--json"
    )
    assert code == 0, err
    with (tmp_path / "groups.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            probability = float(encoder.reranker.score([row["text"]], [row["representative"]])[0])
            assert float(row["score"]) == pytest.approx(probability, abs=1e-6)


def test_a_precision_is_estimated_on_probabilities(asked: Any, run: Path, tmp_path: Path) -> None:
    words = list(dict.fromkeys(left for left, _, _ in tiny.drawn_pairs(3000, 4)))
    (tmp_path / "many.txt").write_text("\n".join(words[:400]) + "\n", encoding="utf-8")
    sample, groups = tmp_path / "sample.csv", tmp_path / "groups.csv"
    options = ["dedupe", run, tmp_path / "many.txt", "--rerank", "--threshold", 0.1]
    assert asked(*options, "--sample", sample, "--ask", 150)[0] == 0
    with sample.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    with sample.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "decision": "same" if row["left"][0] == row["right"][0] else "different"})
    options = ["dedupe", run, tmp_path / "many.txt", "--rerank", "--labels", sample, "--precision", 0.5]
    code, out, err = asked(*options, "-o", groups, "--json")
    assert code == 0, err
    estimate = json.loads(out)["estimate"]
    assert 0 <= estimate["threshold"] <= 1
    assert estimate["precision"]["low"] >= 0.5


def test_no_reranker_is_one_clear_message(asked: Any, names: Path, tmp_path: Path) -> None:
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    for command in (["dedupe", encoder, names], ["link", encoder, names, names, "-o", tmp_path / "links.csv"]):
        code, _, err = asked(*command, "--rerank")
        assert code == 2
        assert f"remedy: fit one: seqtwin fit-reranker {encoder}" in err


def test_pairs_of_a_class_task_are_refused(asked: Any, tmp_path: Path) -> None:
    assert PairData.of(left=["a"], right=["b"], target=[1.0], split=["train"], name="tiny").series is None
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    rows = [f"{word},{word[0]}" for word in WORDS]
    (tmp_path / "classes.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    config = f"data: {{file: {tmp_path / 'classes.csv'}, text: text, label: label}}\nobjective: classify\n"
    (tmp_path / "classes.yaml").write_text(config, encoding="utf-8")
    code, _, err = asked("fit-reranker", encoder, tmp_path / "classes.yaml")
    assert (code, "RERANKER_INPUTS" in err) == (2, True), err


def test_too_few_pairs_are_refused_before_the_encoder_is_trained(asked: Any, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "few", (24, 40, 40))
    code, _, err = asked("train", data, "--reranker", "--out", tmp_path / "few-run")
    assert code == 2
    assert "a re-ranker needs at least 20 of each label" in err
    assert not (tmp_path / "few-run").exists()
