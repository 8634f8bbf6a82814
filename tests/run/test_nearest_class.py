"""The accuracy of the nearest neighbour in the learned space, against scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from seqtwin.config import RunConfig, parse_run
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.nearest_class import nearest_accuracy, nearest_scores
from seqtwin.run.prepare import prepare
from seqtwin.training.encode_store import encode_items

SMALL = {"encoder": {"embedding": 6, "hidden": 8}}


def run(folder: Path) -> RunConfig:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdef"), rng.integers(1, 8))) for _ in range(150)]
    rows = [f"{word},{word[0]}" for word in dict.fromkeys(words)]
    (folder / "items.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    return parse_run({"data": {"file": str(folder / "items.csv"), "text": "text", "pairs": 60}, **SMALL})


def minus_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return -np.linalg.norm(a[:, None] - b[None], axis=-1)


@pytest.mark.parametrize("count", [1, 3, 2500])
def test_it_is_that_of_scikit_learn(count: int) -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(40, 3)), rng.normal(size=(count, 3))
    classes, wanted = rng.integers(0, 4, 40), rng.integers(0, 4, count)
    fitted = KNeighborsClassifier(1).fit(train, classes)
    assert nearest_accuracy(train, classes, test, wanted, minus_distance) == fitted.score(test, wanted)


def test_of_equal_scores_the_first_counts() -> None:
    same = np.ones((3, 2))
    assert nearest_accuracy(same, np.array([5, 6, 6]), same, np.array([5, 5, 6]), minus_distance) == 2 / 3


def test_series_of_a_built_in_set() -> None:
    config = parse_run({"data": {"name": "digits", "pairs": 60}, **SMALL})
    prepared = prepare(config)
    model, labelled = fresh_model(config, prepared), prepared.data.labelled
    assert labelled is not None
    parts = [labelled.part(split) for split in ("train", "test")]
    items = [prepared.stores["test"].items.only(np.asarray(places)) for places, _ in parts]
    train, test = (torch.nn.functional.normalize(encode_items(model, one)).numpy() for one in items)
    fitted = KNeighborsClassifier(1, algorithm="brute").fit(train.astype(np.float64), parts[0][1])
    expected = fitted.score(test.astype(np.float64), parts[1][1])
    assert nearest_scores(model, prepared)["nn_accuracy"] == pytest.approx(expected, abs=0.01)
    assert nearest_scores(model, prepared)["nn_accuracy"] > 0.5


def test_texts_of_a_file(tmp_path: Path) -> None:
    config = run(tmp_path)
    prepared = prepare(config)
    labelled = read_items(tmp_path / "items.csv", pairs=60).labelled
    assert labelled is not None
    assert set(labelled.split) == {"train", "dev", "test"}
    assert 0 < nearest_scores(fresh_model(config, prepared), prepared)["nn_accuracy"] <= 1


def test_nothing_where_items_have_no_classes() -> None:
    config = parse_run({"data": {"name": "probes", "probe": "P1", "pairs": 40}, **SMALL})
    prepared = prepare(config)
    assert nearest_scores(fresh_model(config, prepared), prepared) == {}
