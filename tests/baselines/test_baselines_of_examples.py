"""What an objective with a head must beat: scikit-learn and plain loops as oracles."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import StandardScaler

import tiny_examples as toy
from seqtwin.baselines import examples as floors
from seqtwin.data.examples import Examples, Kind

SPLITS = ["train"] * 20 + ["dev"] * 5 + ["test"] * 5


def examples(kind: Kind, items: list[Any], targets: list[Any], split: list[str] | None = None) -> Examples:
    return Examples(kind, items, targets, split or SPLITS, "toy")


def series(scale: tuple[float, ...] = (1.0, 1.0)) -> Examples:
    drawn = [one * np.array(scale) for one in toy.drawn_series(30)]
    return examples("classify", drawn, ["zpn"[row % 3] for row in range(30)])


def texts() -> Examples:
    words = ("what is {}", "who was {} ?", "{} , where")
    drawn = [words[row % 3].format(toy.drawn_texts(30)[row]) for row in range(30)]
    return examples("classify", drawn, ["xyz"[row % 3] for row in range(30)])


def test_the_majority_is_that_of_train_alone() -> None:
    targets = ["a"] * 11 + ["b"] * 9 + ["b"] * 10
    found = floors.measure_example_floors(examples("classify", toy.drawn_texts(30), targets))["majority"]
    assert found["test"] == {"accuracy": 0.0}
    oracle = DummyClassifier(strategy="most_frequent").fit(np.zeros((20, 1)), targets[:20])
    assert found["dev"]["accuracy"] == oracle.score(np.zeros((5, 1)), targets[20:25])


def test_of_equally_frequent_classes_the_first_by_name() -> None:
    data = examples("classify", toy.drawn_texts(30), (["b", "a"] * 15))
    assert set(floors.majority(data, data.rows("test"))) == {"a"}


def test_words_and_signs_tell_texts_apart() -> None:
    data = texts()
    assert floors.measure_example_floors(data)["tfidf_logistic"]["test"] == {"accuracy": 1.0}
    data = examples("classify", ["a ?", "b !"] * 15, ["x", "y"] * 15)  # one-letter words and signs count
    assert floors.measure_example_floors(data)["tfidf_logistic"]["test"] == {"accuracy": 1.0}


def test_means_and_deviations_are_read_as_scikit_learn_does() -> None:
    data = series()
    moments = np.array([[*one.mean(0), *one.std(0)] for one in data.items])
    scaler = StandardScaler().fit(moments[:20])
    oracle = LogisticRegression(max_iter=1000).fit(scaler.transform(moments[:20]), data.targets[:20])
    rows = data.rows("test")
    expected = oracle.predict(scaler.transform(moments[rows]))
    assert floors.channel_means_logistic(data, rows) == expected.tolist()
    measured = floors.measure_example_floors(data)["channel_means_logistic"]["test"]["accuracy"]
    assert measured == accuracy_score([data.targets[row] for row in rows], expected)


def warped(a: np.ndarray, b: np.ndarray) -> float:
    """D[i, j] by a plain loop."""
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            before = min(table[i, j], table[i + 1, j], table[i, j + 1])
            table[i + 1, j + 1] = ((one - other) ** 2).sum() + before
    return float(table[-1, -1])


@pytest.mark.parametrize("constant", [False, True])
def test_the_nearest_series_is_that_of_a_plain_loop(constant: bool) -> None:
    data = series((1.0, 0.0) if constant else (1.0, 50.0))
    train, rows = data.rows("train"), data.rows("test")
    steps = np.concatenate([data.items[row] for row in train])
    deviation = steps.std(0)
    scaled = [(one - steps.mean(0)) / np.where(deviation > 0, deviation, 1) for one in data.items]
    for floor, items in ((floors.dtw_nearest, data.items), (floors.dtw_scaled_nearest, scaled)):
        nearest = [min(train, key=lambda row, to=items[of], all_=items: warped(all_[row], to)) for of in rows]
        assert list(floor(data, rows)) == [data.targets[row] for row in nearest]


def test_scaling_helps_where_one_channel_drowns_the_other() -> None:
    rng = np.random.default_rng(0)
    drawn = [
        np.column_stack([np.full(4, row % 2) + rng.normal(0, 0.1, 4), rng.normal(0, 1000, 4)]) for row in range(30)
    ]
    found = floors.measure_example_floors(examples("classify", drawn, ["ab"[row % 2] for row in range(30)]))
    assert found["dtw_1nn_scaled"]["test"]["accuracy"] > found["dtw_1nn"]["test"]["accuracy"]


def test_time_warping_is_left_out_where_it_would_take_too_long(monkeypatch: Any) -> None:
    assert "dtw_1nn" in floors.measure_example_floors(series())
    monkeypatch.setattr(floors, "MOST_SEARCHED", 1)
    found = floors.measure_example_floors(series())
    assert {name for name, scores in found.items() if scores["test"]} == {"majority", "channel_means_logistic"}
    assert "not measured: 0.0 billion steps" in found["dtw_1nn"]["undefined"]["accuracy"]


def test_each_word_has_its_most_frequent_tag() -> None:
    items = [["a", "b"], ["a"], ["a", "c"], ["b"]]
    targets = [["x", "y"], ["y"], ["x", "x"], ["y"]]
    split = ["train", "train", "dev", "test"]
    data = examples("label_steps", [*items, ["q", "a"]], [*targets, ["x", "y"]], [*split, "test"])
    # a: x and y once each, the first that was met; an unknown word: the most frequent of all, y
    assert list(floors.frequent_tag(data, data.rows("test"))) == ["y", "y", "x"]
    found = floors.measure_example_floors(data)["frequent_tag"]
    assert found["test"] == {"accuracy": pytest.approx(1 / 3)}
    assert found["dev"] == {"accuracy": 0.5}
    assert "frequent" in found["note"]


def test_frequent_tags_agree_with_a_plain_count() -> None:
    rng = np.random.default_rng(1)
    items = [rng.choice(list("abcdefg"), rng.integers(1, 5)).tolist() for _ in range(30)]
    targets = [["xyz"[(ord(word) + int(rng.integers(0, 2))) % 3] for word in one] for one in items]
    data = examples("label_steps", items, targets)
    pairs = [(w, t) for i in range(20) for w, t in zip(items[i], targets[i], strict=True)]
    for word, tag in zip(
        (word for row in data.rows("test") for word in items[row]),
        floors.frequent_tag(data, data.rows("test")),
        strict=True,
    ):
        counts = Counter(t for w, t in pairs if w == word)
        assert counts[tag] == max(counts.values())


def test_a_copy_is_a_floor_of_translations_alone() -> None:
    drawn = toy.drawn_texts(30)
    other = [text if row % 2 else text[::-1] + "!" for row, text in enumerate(drawn)]
    found = floors.measure_example_floors(examples("decode", drawn, other))
    assert found["copy"]["test"] == {"exact_match": 0.6}
    assert floors.measure_example_floors(examples("decode", drawn, drawn)) == {}


def test_series_with_a_class_a_step_have_no_floor_yet() -> None:
    drawn = toy.drawn_series(30)
    assert floors.measure_example_floors(examples("label_steps", drawn, [["a"] * len(one) for one in drawn])) == {}


@pytest.mark.parametrize("data", [texts(), series()], ids=["texts", "series"])
def test_every_floor_says_what_it_is_and_is_measured_on_both_splits(data: Examples) -> None:
    for name, found in floors.measure_example_floors(data).items():
        assert set(found) == {"dev", "test", "undefined", "note"}, name
        assert found["note"].endswith(".")
        assert all(0 <= found[split]["accuracy"] <= 1 for split in ("dev", "test"))
