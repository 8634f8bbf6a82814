"""dedupe and link for a stated precision from the command line: sample, label, choose; and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

import tiny
from seqtwin.cli import dedupe_link
from seqtwin.errors import SeqTwinError

LOWEST = 0.2


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


def words(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(tiny.LETTERS), rng.integers(5, 10))) for _ in range(count)]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("names") / "names.txt"
    path.write_text("\n".join(words(400, 0)) + "\n", encoding="utf-8")
    return path


def run(command: Any, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def facts_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def code_of(result: Result) -> str:
    assert isinstance(result.exception, SeqTwinError), result.output
    assert result.exception.exit_code == 2
    return result.exception.code


def read_sample(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, encoding="utf-8-sig", dtype={"decision": str}, keep_default_na=False)


def label(frame: pd.DataFrame, same: np.ndarray, out: Path) -> None:
    frame["decision"] = np.where(same, "same", "different")
    frame.to_csv(out, index=False)


def test_dedupe_samples_and_chooses_a_threshold(encoder: Path, names: Path, tmp_path: Path) -> None:
    sample, labels, out = tmp_path / "sample.csv", tmp_path / "labels.csv", tmp_path / "clusters.csv"
    first = run(dedupe_link.dedupe, encoder, names, "--threshold", LOWEST, "--sample", sample, "--ask", 150, "--json")
    assert facts_of(first)["written"] == [str(sample)]
    frame, truth = read_sample(sample), tmp_path / "truth.csv"
    cut = float(frame["score"].quantile(0.2))
    assert run(dedupe_link.dedupe, encoder, names, "--threshold", cut, "-o", truth).exit_code == 0
    thing = pd.read_csv(truth).groupby("text")["cluster"].first()
    label(frame, frame["left"].map(thing).to_numpy() == frame["right"].map(thing).to_numpy(), labels)
    assert len(frame) == 150
    common = [encoder, names, "--labels", labels]
    facts = facts_of(run(dedupe_link.dedupe, *common, "--precision", 0.9, "-o", out, "--json"))
    estimate = facts["estimate"]
    assert facts["threshold"] == estimate["threshold"] > LOWEST
    assert estimate["precision"]["low"] >= 0.9
    assert (estimate["basis"], estimate["labelled_pairs"]) == ("labels", 150)
    lower = [other for other in facts["estimates"] if other["threshold"] < estimate["threshold"]]
    assert lower
    assert all(other["precision"]["low"] < 0.9 for other in lower)
    clusters = pd.read_csv(out).groupby("text")["cluster"].first()
    different = frame[frame["decision"] == "different"]
    assert all(clusters[a] != clusters[b] for a, b in different[["left", "right"]].to_numpy()), "labels are decisions"
    shown = run(dedupe_link.dedupe, *common, "--threshold", 0.9)
    assert shown.exit_code == 0, shown.output
    assert "estimated precision" in shown.stdout
    assert "based on 150 labelled pairs of this list" in shown.stdout
    assert "threshold 0.9: " in shown.stdout
    label(frame, frame.index.to_numpy() % 2 == 0, labels)
    assert code_of(run(dedupe_link.dedupe, *common, "--threshold", 0.9)) == "DECISIONS_DISAGREE"


def test_link_samples_and_chooses_a_threshold(encoder: Path, names: Path, tmp_path: Path) -> None:
    other, sample, labels = tmp_path / "other.txt", tmp_path / "sample.csv", tmp_path / "labels.csv"
    other.write_text("\n".join(words(300, 1)) + "\n", encoding="utf-8")
    common = [encoder, names, other]
    first = [*common, "-o", tmp_path / "a.csv", "--threshold", LOWEST, "--sample", sample, "--json"]
    assert facts_of(run(dedupe_link.link, *first))["sample"] == str(sample)
    frame = read_sample(sample)
    label(frame, (frame["score"] > frame["score"].quantile(0.2)).to_numpy(), labels)
    chosen = run(dedupe_link.link, *common, "-o", tmp_path / "b.csv", "--labels", labels, "--precision", 0.9, "--json")
    facts = facts_of(chosen)
    assert facts["estimate"]["precision"]["low"] >= 0.9
    written = pd.read_csv(tmp_path / "b.csv")
    linked = written[written["right"].notna() & (written["left"] != written["right"])].drop_duplicates("left")
    assert len(linked) == facts["estimate"]["linked_pairs"]
    assert linked["score"].min() >= facts["threshold"]
    frame.loc[3, "decision"] = ""
    frame.to_csv(labels, index=False)
    again = run(dedupe_link.link, *common, "-o", tmp_path / "c.csv", "--labels", labels, "--threshold", LOWEST)
    assert again.exit_code == 0, again.output
    assert "rows without a decision: 1" in again.stderr


def test_dev_pairs_estimate_without_labels_of_the_list(encoder: Path, names: Path, tmp_path: Path) -> None:
    texts = words(400, 2)
    lines = [f"{text},{text[0]}" for text in texts]
    dev = tmp_path / "dev.csv"
    dev.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    done = run(dedupe_link.dedupe, encoder, names, "--dev", dev, "--threshold", 0.9)
    assert done.exit_code == 0, done.output
    assert "estimated without labels of this list" in done.stdout
    facts = facts_of(run(dedupe_link.dedupe, encoder, names, "--dev", dev, "--threshold", 0.9, "--json"))
    assert (facts["threshold"], facts["estimate"]["basis"]) == (0.9, "dev")
    assert 0 < facts["estimate"]["prevalence"] < 1
    few, other = tmp_path / "few.csv", tmp_path / "other.txt"
    other.write_text("\n".join(words(200, 3)) + "\n", encoding="utf-8")
    few.write_text("\n".join(["text,label", *lines[:20]]) + "\n", encoding="utf-8")
    assert code_of(run(dedupe_link.dedupe, encoder, names, "--dev", few, "--threshold", 0.9)) == "PRECISION_FEW"
    linked = run(dedupe_link.link, encoder, names, other, "-o", tmp_path / "l.csv", "--dev", few, "--threshold", 0.9)
    assert code_of(linked) == "PRECISION_FEW"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--precision", "0.9"], "PRECISION_NO_LABELS"),
        (["--precision", "95", "--labels", "l.csv"], "PRECISION_TARGET"),
        (["--precision", "0.9", "--labels", "l.csv", "--threshold", "0.5"], "PRECISION_OPTIONS"),
        (["--labels", "l.csv", "--dev", "d.csv"], "PRECISION_OPTIONS"),
        (["--labels", "l.csv", "--sample", "s.csv"], "PRECISION_OPTIONS"),
        (["--sample", "s.csv", "--one-to-one"], "PRECISION_ONE_TO_ONE"),
        (["--sample", "{free}", "--ask", "5"], "SAMPLE_ROWS"),
        (["--labels", "{names}"], "LABELS_COLUMNS"),
        (["--dev", "{folder}"], "PRECISION_DEV"),
    ],
)
def test_impossible_combinations_are_one_error(
    options: list[str], code: str, encoder: Path, names: Path, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("left,right,decision\na,b,same\n", encoding="utf-8")
    paths = {"names": table, "folder": tmp_path, "free": tmp_path / "free.csv"}
    filled = [option.format(**paths) for option in options]
    done = run(dedupe_link.link, encoder, names, names, "-o", tmp_path / "out.csv", *filled)
    assert code_of(done) == code
    assert not (tmp_path / "out.csv").exists()
