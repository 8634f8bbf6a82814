"""Real data of every kind, read as a user would. The counts are those of the data's own README."""

from collections import Counter

import numpy as np
import pytest

from seqtwin.baselines.examples import frequent_tag
from seqtwin.data.examples import Examples
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.data.reading.step_labels import read_steps
from seqtwin.data.reading.text_targets import read_texts
from seqtwin.data.tokens.word_vectors import read_vectors

COUNTS = {
    "sick": (4500, 500, 4927),
    "stsb": (5749, 1500, 1379),
    "mrpc": (3576, 500, 1725),
    "qqp": (15873, 1984, 1984),
    "toponyms": (4904, 2480, 2494),
    "amazon_google": (6874, 2293, 2293),
}
SCALES = {"sick": (1, 5), "stsb": (0, 5)}


def files_of(folder):
    return {split: folder / f"{split}.csv" for split in ("train", "dev", "test")}


@pytest.mark.parametrize("name", COUNTS)
def test_every_pair_of_a_real_set_is_read(shared_data, name):
    scale = SCALES.get(name)
    column = {"score": "score", "scale": scale} if scale else {"label": "label"}
    data = read_pairs(files_of(shared_data / name), name=name, **column)
    assert tuple(len(data.part(split)) for split in ("train", "dev", "test")) == COUNTS[name]
    assert data.graded == (scale is not None)
    assert not data.shareable
    assert data.frame["left"].str.strip().str.len().min() > 0


def test_classes_become_balanced_pairs(shared_data):
    data = read_items(files_of(shared_data / "trec"), pairs=500)
    train = data.part("train")
    assert len(train) == 500
    assert train["target"].mean() == pytest.approx(0.5, abs=0.01)


def test_long_series_keep_their_lengths_and_channels(shared_data):
    data = read_series(files_of(shared_data / "japanese_vowels"), pairs=500)
    assert data.series is not None
    assert len(data.series) == 216 + 54 + 370
    assert {s.shape[1] for s in data.series} == {12}
    assert (min(map(len, data.series)), max(map(len, data.series))) == (7, 29)  # as its authors give them


def test_word_vectors_are_found_by_word(shared_data):
    (path,) = (p for p in (shared_data / "glove_twitter_25d").iterdir() if p.name.lower() != "readme.md")
    rows, vectors = read_vectors(path, ["[PAD]", "[UNK]", "the", "no such word here", "house"])
    assert rows.tolist() == [2, 4]
    assert vectors.shape == (2, 25)
    assert np.isfinite(vectors).all()


def sizes(data: Examples) -> tuple[int, ...]:
    return tuple(len(data.rows(split)) for split in ("train", "dev", "test"))


def test_questions_and_series_have_their_classes(shared_data):
    questions = read_classes(files_of(shared_data / "trec"))
    assert (sizes(questions), len(questions.classes)) == ((4864, 501, 500), 6)
    series = read_series_classes(files_of(shared_data / "japanese_vowels"))
    assert (sizes(series), len(series.classes)) == ((216, 54, 370), 9)
    # the share of the largest class, as their own READMEs give it
    for data, share in ((questions, 0.276), (series, 0.238)):
        counts = Counter(data.targets[row] for row in data.rows("test"))
        assert max(counts.values()) / counts.total() == pytest.approx(share, abs=0.0005)


def test_every_word_has_its_tag_and_the_usual_one_is_right_as_often_as_its_authors_found(shared_data):
    data = read_steps(files_of(shared_data / "ud_ewt"))
    assert sizes(data) == (12544, 2001, 2077)
    assert len(data.classes) == 17
    rows = data.rows("test")
    right = [tag for row in rows for tag in data.targets[row]]
    assert len(right) == 25094
    assert np.mean(np.array(frequent_tag(data, rows)) == np.array(right)) == pytest.approx(0.862, abs=0.0005)


def test_no_sentence_that_is_to_be_written_again_stands_in_training(shared_data):
    data = read_texts(files_of(shared_data / "sick"), texts=["left", "right"])
    train = {data.items[row] for row in data.rows("train")}
    assert sizes(data) == (4802, 243, 1032)
    assert not train & {data.items[row] for split in ("dev", "test") for row in data.rows(split)}
