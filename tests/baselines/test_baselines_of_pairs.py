"""Floors are what their notes say, by outside formulas, and know nothing of the pairs they are measured on."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

from seqtwin.baselines import pairs as floors
from seqtwin.baselines.pairs import SERIES_FLOORS, TEXT_FLOORS, mean_vectors_of, measure_floors, words_of
from seqtwin.baselines.time_warping import warped_distances, warping_steps
from seqtwin.data.pairs import PairData
from seqtwin.data.sets.pair_sets import digits
from seqtwin.data.sets.synthetic.dataset import probes
from seqtwin.errors import DataError

FLOOR_NAMES = {
    "constant", "length", "jaro_winkler", "char_overlap", "token_overlap", "tfidf_char", "tfidf_word", "mean_vectors",
}  # fmt: skip
LEFT = ["paris", "rome", "Old oslo", "Paris", "roma", "osla", "lima a b"]
RIGHT = ["parigi", "roma", "lima", "paris", "rome!", "oslo", "b a lima"]
SPLIT = ["train"] * 3 + ["test"] * 2 + ["dev"] * 2


@pytest.fixture
def data() -> PairData:
    return PairData.of(left=LEFT, right=RIGHT, target=[1.0, 1, 0, 1, 1, 1, 0], split=SPLIT, name="tiny")


def series_data(seed: int = 0, count: int = 40) -> PairData:
    rng = np.random.default_rng(seed)
    series = tuple(rng.standard_normal((rng.integers(1, 7), 3)).astype(np.float32) for _ in range(count))
    left, right = rng.integers(0, count, (2, 60))
    columns = {"left": left, "right": right, "target": np.arange(60) % 2, "split": ["train", "dev", "test"] * 20}
    return PairData.of(**columns, name="waves", series=series, facts={"seed": 1})


def test_constant_and_length(data: PairData) -> None:
    assert TEXT_FLOORS["constant"](data, data.part("test")).tolist() == [2 / 3, 2 / 3]
    assert TEXT_FLOORS["length"](data, data.part("test")).tolist() == [0.0, -1.0]
    assert TEXT_FLOORS["length"](data, data.part("train")).tolist() == [-1.0, 0.0, -4.0]


def test_overlaps(data: PairData) -> None:
    # " ro", "rom" of both; "oma", "ma " of one, "ome", "me!", "e! " of the other
    assert TEXT_FLOORS["char_overlap"](data, data.part("test")).tolist() == [1.0, pytest.approx(2 / 7)]
    assert TEXT_FLOORS["token_overlap"](data, data.part("test")).tolist() == [1.0, 0.0]
    assert TEXT_FLOORS["token_overlap"](data, data.part("dev")).tolist() == [0.0, 1.0]
    assert TEXT_FLOORS["token_overlap"](data, data.part("train")).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ["char_overlap", "token_overlap"])
def test_texts_without_a_piece_share_nothing(data: PairData, name: str) -> None:
    part = pd.DataFrame({"left": ["", "", "a"], "right": ["", "a", "a"], "target": [1.0, 0, 1]})
    assert TEXT_FLOORS[name](data, part).tolist() == [0.0, 0.0, 1.0]


def test_jaro_winkler_is_rapidfuzz(data: PairData) -> None:
    part = data.part("dev")
    expected = [JaroWinkler.similarity(a.lower(), b.lower()) for a, b in zip(part["left"], part["right"], strict=True)]
    assert TEXT_FLOORS["jaro_winkler"](data, part).tolist() == expected


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("tfidf_char", {"analyzer": "char_wb", "ngram_range": (2, 4)}),
        ("tfidf_word", {"token_pattern": r"\w+|[^\w\s]"}),
    ],
)
def test_tfidf_is_fitted_on_the_training_texts(data: PairData, name: str, settings: dict[str, object]) -> None:
    train, part = data.part("train"), data.part("dev")
    fitted = TfidfVectorizer(sublinear_tf=True, **settings).fit({*train["left"], *train["right"]})
    left, right = (fitted.transform(part[side]) for side in ("left", "right"))
    expected = np.diag(cosine_similarity(left, right))
    np.testing.assert_allclose(TEXT_FLOORS[name](data, part), expected, atol=1e-8)


def test_words_are_those_of_word_tokens() -> None:
    from seqtwin.data.tokens.tokenizer import train_tokenizer

    text = "It's New York, 1-2 (ça) x."
    tokens = train_tokenizer([text], unit="word")
    assert [tokens.vocabulary[i] for i in tokens.encode([text])[0]] == words_of(text)


# bags of vectors


def test_a_bag_knows_no_order_and_is_the_same_each_time(data: PairData) -> None:
    found = TEXT_FLOORS["mean_vectors"](data, data.part("dev"))
    assert found[1] == 1.0  # the same words in another order
    assert abs(found[0]) < 0.4  # another word
    assert found.tolist() == TEXT_FLOORS["mean_vectors"](data, data.part("dev")).tolist()


def test_random_vectors_come_from_the_seed_of_the_data(data: PairData) -> None:
    part = data.part("dev")
    seeds = (0, 0, 1)
    found = [TEXT_FLOORS["mean_vectors"](replace(data, facts={"seed": s}), part).tolist() for s in seeds]
    assert found[0] == found[1] == TEXT_FLOORS["mean_vectors"](data, part).tolist()
    assert found[0] != found[2]


def test_vectors_of_a_file(data: PairData, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("lima 1 0\nb 0 1\na 0 1\nparis -1 0\nosla 3 4\n", encoding="utf-8")
    assert mean_vectors_of(path)(data, data.part("dev")).tolist() == [0.0, 1.0]  # oslo is unknown
    assert mean_vectors_of(path)(data, data.part("test")).tolist() == [1.0, 0.0]
    part = data.part("dev").assign(right=["lima", "lima"])
    expected = [3 / 5, np.array([1, 2]) @ [1, 0] / np.sqrt(5)]
    np.testing.assert_allclose(mean_vectors_of(path)(data, part), expected, atol=1e-8)
    found = measure_floors(data, vectors=path)["mean_vectors"]
    assert "file of the config" in found["note"]
    assert "random" in measure_floors(data)["mean_vectors"]["note"]


def test_a_file_without_a_known_word_is_an_error(data: PairData, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("tokyo 1 0\n", encoding="utf-8")
    with pytest.raises(DataError, match="none of the"):
        measure_floors(data, vectors=path)


def test_equal_bags_tie_exactly() -> None:
    data = probes(probe="P6", pairs=400)
    found = measure_floors(data)
    for name in ("constant", "length", "token_overlap", "tfidf_word", "mean_vectors"):
        assert found[name]["test"]["roc_auc"] == found[name]["dev"]["roc_auc"] == 0.5, name


# series


def test_series_floors_by_hand() -> None:
    data = series_data()
    part = data.part("test")
    pairs = [(data.series[a], data.series[b]) for a, b in zip(part["left"], part["right"], strict=True)]
    assert SERIES_FLOORS["length"](data, part).tolist() == [-float(abs(len(a) - len(b))) for a, b in pairs]
    expected = [cosine_similarity(a.mean(0)[None], b.mean(0)[None])[0, 0] for a, b in pairs]
    np.testing.assert_allclose(SERIES_FLOORS["mean_vectors"](data, part), expected, atol=1e-6)
    np.testing.assert_allclose(SERIES_FLOORS["dtw"](data, part), [-plain_warping(a, b) for a, b in pairs], atol=1e-6)


def plain_warping(a: np.ndarray, b: np.ndarray) -> float:
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            step = np.sqrt(((a[i].astype(float) - b[j]) ** 2).sum())
            table[i + 1, j + 1] = step + min(table[i, j], table[i, j + 1], table[i + 1, j])
    return float(table[-1, -1])


SHAPES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=8)


@given(shapes=SHAPES, seed=st.integers(0, 99))
def test_warping_many_at_once_is_warping_each(shapes: list[tuple[int, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = ([rng.standard_normal((shape[side], 2)) for shape in shapes] for side in (0, 1))
    found = warped_distances(left, right)
    np.testing.assert_allclose(found, [plain_warping(a, b) for a, b in zip(left, right, strict=True)])
    np.testing.assert_allclose(found, warped_distances(right, left))
    np.testing.assert_allclose(warped_distances(left, left), 0)


def test_warping_forgives_what_is_slower() -> None:
    wave = np.sin(np.arange(8.0))[:, None]
    assert warped_distances([wave], [np.repeat(wave, 3, axis=0)]) == [0.0]


def test_too_much_warping_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = series_data()
    longest = [max(len(one) for one in floors._sides(data, data.part("test"))[i]) for i in (0, 1)]
    assert warping_steps(*floors._sides(data, data.part("test"))) == 20 * longest[0] * longest[1] * 3, "three channels"
    assert "dtw" in measure_floors(data)
    monkeypatch.setattr(floors, "MOST_STEPS", 100)
    found = measure_floors(data)
    assert [name for name, scores in found.items() if scores["test"]] == ["constant", "length", "mean_vectors"]
    assert found["dtw"]["undefined"]["roc_auc"].startswith("not measured")


# all of them


@pytest.mark.parametrize("make", [partial(probes, pairs=40), partial(digits, pairs=60), series_data])
def test_every_floor_is_measured_on_dev_and_test(make: partial[PairData]) -> None:
    data = make()
    found = measure_floors(data)
    assert set(found) == (FLOOR_NAMES if data.series is None else {"constant", "length", "mean_vectors", "dtw"})
    for name, entry in found.items():
        searched = {"retrieval"} if name == "dtw" and data.labelled is not None else set()
        assert set(entry) == {"dev", "test", "undefined", "note"} | searched
        assert entry["note"]
        assert list(entry["dev"]) == list(entry["test"])
        assert entry["undefined"] or name != "constant"
        scores = (TEXT_FLOORS if data.series is None else SERIES_FLOORS)[name](data, data.part("test"))
        assert scores.shape == (len(data.part("test")),)
        assert entry["test"]["roc_auc"] == pytest.approx(roc_auc_score(data.part("test")["target"], scores))


def test_no_floor_reads_a_target_of_dev_or_test(data: PairData) -> None:
    turned = data.frame.assign(target=np.where(data.frame["split"] == "train", data.frame["target"], 0.5))
    blind = PairData(turned, None, 0.5, "tiny")
    for name, scorer in TEXT_FLOORS.items():
        assert scorer(data, data.part("test")).tolist() == scorer(blind, blind.part("test")).tolist(), name


def test_only_the_constant_floor_reads_a_training_target(data: PairData) -> None:
    blind = PairData(data.frame.assign(target=0.25), None, 0.5, "tiny")
    for name, scorer in TEXT_FLOORS.items():
        same = scorer(data, data.part("test")).tolist() == scorer(blind, blind.part("test")).tolist()
        assert same == (name != "constant"), name
