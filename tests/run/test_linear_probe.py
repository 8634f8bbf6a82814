"""Probes of a frozen encoder: what was planted is found where it is, and nothing is found where nothing is."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
import tiny_examples as toy
from seqtwin.config import parse_run
from seqtwin.data.batches import Ragged
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.splits import clusters
from seqtwin.errors import ConfigError, DataError
from seqtwin.model.siamese import Siamese
from seqtwin.run import linear_probe
from seqtwin.run.linear_probe import probe_classes, probe_pairs, probe_reads
from seqtwin.run.linear_probe_file import probe_file
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import PreparedExamples
from seqtwin.run.probe_scores import OWN, Probed, Probes
from seqtwin.training.encode_store import encode_items

HEADS = ("linear", "two layers", "similarity")

COUNT = 90


def unheard(_done: int, _of: int) -> None:
    return


def read_as(vectors: np.ndarray, monkeypatch: Any, name: str = OWN) -> None:
    """Let an encoder read these vectors, whatever the items."""
    monkeypatch.setattr(linear_probe, "_representations", lambda _model, _items: {name: vectors.astype(np.float32)})


def items(count: int = COUNT) -> Ragged:
    return Ragged.of([np.array([2 + row % 6]) for row in range(count)])


def shared(count: int = COUNT, seed: int = 0) -> np.ndarray:
    """Vectors that are all but the same direction, so that cosine sees nothing else."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 1, (count, 8))
    vectors[:, 0] += 100
    return vectors


def test_what_a_cosine_cannot_read_is_in_the_vector_all_the_same(monkeypatch: Any) -> None:
    classes = np.arange(COUNT) % 2
    vectors = shared()
    vectors[:, 1] = 0.2 * classes  # small beside the other coordinates, but it is the class
    read_as(vectors, monkeypatch)
    found = probe_classes(tiny.siamese(), items(), classes, "cosine")
    assert found.of(OWN, "linear").value > 0.95
    assert found.of(OWN, "similarity").value < 0.75
    assert found.verdict == "The similarity does not use all of it: another similarity or loss may score higher."


def test_what_is_close_by_is_read_by_both(monkeypatch: Any) -> None:
    classes = np.arange(COUNT) % 3
    read_as(np.eye(3)[classes] + np.random.default_rng(0).normal(0, 0.05, (COUNT, 3)), monkeypatch)
    found = probe_classes(tiny.siamese(), items(), classes, "cosine")
    assert {one.head: one.value for one in found.found} == dict.fromkeys(HEADS, 1.0)
    assert found.best("linear") == found.of(OWN, "linear")
    assert found.verdict == "The similarity uses all the information in the vector."


def test_another_representation_that_holds_more_is_named() -> None:
    model = tiny.siamese("last_output", bidirectional=False)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(2, tiny.VOCABULARY, 12) for _ in range(COUNT)]
    first = np.array([one[0] % 2 for one in drawn])
    found = probe_classes(model, Ragged.of(drawn), first, "cosine")
    assert found.best("linear").representation == "first_output"
    assert found.of("first_output", "linear").value > 0.7 > found.of(OWN, "linear").value
    assert found.verdict.startswith("first_output contains more than the trained vector")


def test_of_random_labels_nothing_is_found(monkeypatch: Any) -> None:
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 2, 400)
    read_as(rng.normal(0, 1, (400, 8)), monkeypatch)
    found = probe_classes(tiny.siamese(), items(400), classes, "cosine")
    assert 0.5 <= found.chance < 0.56
    for one in found.found:
        assert abs(one.value - 0.5) < 0.08, one.head
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.value <= one.high


def test_chance_is_the_share_of_the_largest_class(monkeypatch: Any) -> None:
    classes = np.array([0] * 60 + [1] * 30)
    read_as(np.zeros((COUNT, 2)) + 1, monkeypatch)
    found = probe_classes(tiny.siamese(), items(), classes, "cosine")
    assert found.chance == pytest.approx(2 / 3)
    assert found.of(OWN, "linear").value == pytest.approx(2 / 3)


def test_every_reading_is_probed_and_nothing_of_the_encoder_changes() -> None:
    model = tiny.siamese("mean_output").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    heard: list[tuple[int, int]] = []
    classes = np.arange(COUNT) % 6 // 2
    found = probe_classes(model, items(), classes, "cosine", on_read=lambda done, of: heard.append((done, of)))
    names = list(dict.fromkeys(one.representation for one in found.found))
    assert names[0] == OWN
    assert {"final_hidden", "mean_output", "max_output", "first_output"} <= set(names)
    assert len(found.found) == len(names) * len(HEADS)
    assert heard == [(done, len(names)) for done in range(len(names))]
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.long
def test_the_same_seed_gives_the_same_probes() -> None:
    classes = np.arange(COUNT) % 3
    first, again = (probe_classes(tiny.siamese(), items(), classes, "cosine", seed=4) for _ in range(2))
    assert first == again


def test_a_class_with_too_few_items_is_refused() -> None:
    classes = np.array([0] * 88 + [1] * 2)
    with pytest.raises(ValueError, match="expected at least 3 items of every class, but one class has 2"):
        probe_classes(tiny.siamese(), items(), classes, "cosine")


def test_as_dict_holds_all_of_it() -> None:
    found = Probes(
        "accuracy", 0.5, 9, (Probed(OWN, "linear", 0.9, None, None), Probed(OWN, "similarity", 0.9, 0.8, 1.0))
    )
    told = found.as_dict()
    assert told["probes"][1] == {
        "representation": OWN, "head": "similarity", "value": 0.9, "low": 0.8, "high": 1.0,
    }  # fmt: skip
    assert (told["rows"], told["chance"], told["verdict"]) == (9, 0.5, found.verdict)


# pairs


def pairs(count: int = 120) -> tuple[Siamese, Any, np.ndarray]:
    store = tiny.store(count)
    return tiny.siamese("first_output"), store, np.arange(count)


@pytest.mark.long
@pytest.mark.parametrize("graded", [False, True])
def test_pairs_are_ranked_by_every_head(graded: bool) -> None:
    model, store, alone = pairs()
    target = store.target * 0.8 + 0.05 * (np.arange(len(store)) % 3) if graded else store.target
    store = type(store)(store.items, store.left, store.right, target)
    found = probe_pairs(model, store, 0.5, alone, "cosine")
    assert (found.metric, found.chance) == (("spearman", 0.0) if graded else ("roc_auc", 0.5))
    assert found.of("first_output", "similarity").value > (0.6 if graded else 0.9)
    assert len(found.found) % len(HEADS) == 0
    assert found.rows == len(store)


def test_pairs_with_one_target_are_refused() -> None:
    model, store, alone = pairs(30)
    with pytest.raises(ValueError, match=r"."):
        probe_pairs(model, type(store)(store.items, store.left, store.right, np.ones(30)), 0.5, alone, "cosine")


def test_folds_share_no_text() -> None:
    left = [f"l{row // 3}" for row in range(60)]
    right = [f"r{row // 2}" if row % 2 else f"l{row // 3}" for row in range(60)]
    groups, _ = clusters(left, right)
    folds = list(linear_probe._group_folds(groups))
    assert sorted(np.concatenate(folds)) == list(range(60))
    texts = [{text for row in held for text in (left[row], right[row])} for held in folds]
    assert not any(a & b for n, a in enumerate(texts) for b in texts[n + 1 :])


def test_pairs_that_hang_together_are_refused() -> None:
    model, store, _ = pairs(30)
    with pytest.raises(ValueError, match="expected at least 3 groups of pairs without a shared text"):
        probe_pairs(model, store, 0.5, np.zeros(30), "cosine")


# of a study cell


def test_the_reads_of_a_cell_are_fitted_on_train_and_told_of_dev_and_test(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    prepared = prepare(parse_run(toy.raw_run("classes", toy.write_classes(tmp_path / "data.csv", 120))))
    assert isinstance(prepared, PreparedExamples)
    model = tiny.siamese("first_output")
    found = probe_reads(model, prepared)
    assert found[OWN] == found["first_output"]
    vectors = {split: encode_items(model, store.items).numpy() for split, store in prepared.stores.items()}
    scaler = StandardScaler().fit(vectors["train"])
    oracle = LogisticRegression(C=0.01).fit(scaler.transform(vectors["train"]), prepared.stores["train"].target)
    for split in ("dev", "test"):
        score = oracle.score(scaler.transform(vectors[split]), prepared.stores[split].target)
        assert found[OWN][split] == pytest.approx(score, abs=0.06)


# files


def write(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    return toy.table(path, header, rows)


def test_labelled_texts_are_probed(tmp_path: Path) -> None:
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    found, notes = probe_file(encoder, inspect_data(toy.write_classes(tmp_path / "t.csv", 90)), seed=0, on_read=unheard)
    assert (found.metric, found.rows) == ("accuracy", 90)
    assert found.of("first_output", "two layers").value > 0.9 > 2 * found.chance
    assert notes == ["90 items of 3 classes"]


def test_series_are_probed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [[f"s{n}", t, *rng.normal(3 * (n % 2), 1, 3).round(3), "ab"[n % 2]] for n in range(40) for t in range(3)]
    data = write(tmp_path / "s.csv", ["series_id", "t", "ch0", "ch1", "ch2", "label"], rows)
    encoder = tiny.saved_encoder(tmp_path / "encoder", series=True, scaling="none")
    found, notes = probe_file(encoder, inspect_data(data), seed=0, on_read=unheard)
    assert (found.metric, found.rows, notes) == ("accuracy", 40, ["40 items of 2 classes"])
    assert found.best("linear").value > 0.9


@pytest.mark.long
def test_pairs_are_probed(tmp_path: Path) -> None:
    tiny.write_pairs(tmp_path / "data", (60, 30, 60))
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    found, notes = probe_file(encoder, inspect_data(tmp_path / "data" / "test.csv"), seed=0, on_read=unheard)
    rows = list(csv.DictReader((tmp_path / "data" / "test.csv").read_text(encoding="utf-8").splitlines()))
    assert (found.metric, found.rows) == ("roc_auc", len(rows))
    assert notes[0].startswith("60 pairs; folds and intervals by ")
    whole, _ = probe_file(encoder, inspect_data(tmp_path / "data"), seed=0, on_read=unheard)
    assert whole == found, "of a folder the test file"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["a", "x"], ["b", "y"], ["c", "x"], ["d", "y"]], "PROBE_TOO_FEW"),
        ([[text, "x"] for text in toy.drawn_texts(12)] + [["zz", "y"]], "PROBE_TOO_FEW"),
    ],
)
def test_too_few_rows_are_an_error_that_says_so(rows: list[list[Any]], code: str, tmp_path: Path) -> None:
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    data = write(tmp_path / "few.csv", ["text", "label"], rows)
    with pytest.raises(DataError) as caught:
        probe_file(encoder, inspect_data(data), seed=0, on_read=unheard)
    assert caught.value.code == code
    assert caught.value.place == str(data)


def test_an_encoder_of_texts_does_not_read_series(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the encoder expects tokens, but the data are series"):
        probe_file(
            tiny.saved_encoder(tmp_path / "encoder"),
            inspect_data(toy.write_series(tmp_path / "s.csv")),
            seed=0,
            on_read=unheard,
        )
    encoder = tiny.saved_encoder(tmp_path / "series", series=True)
    with pytest.raises(DataError, match="series of 2 channels, but the encoder expects 3"):
        probe_file(encoder, inspect_data(tmp_path / "s.csv"), seed=0, on_read=unheard)


def test_steps_are_not_probed(tmp_path: Path) -> None:
    data = toy.table(tmp_path / "steps.csv", ["sent_id", "token", "upos"], [[f"s{n}", "a", "X"] for n in range(9)])
    with pytest.raises(DataError, match="found steps") as caught:
        probe_file(tiny.saved_encoder(tmp_path / "encoder"), inspect_data(data), seed=0, on_read=unheard)
    assert caught.value.code == "PROBE_KIND"


def test_an_encoder_that_cannot_be_probed_is_refused(tmp_path: Path) -> None:
    data = toy.write_classes(tmp_path / "t.csv")
    with pytest.raises(ConfigError, match=r"no encoder\.json here"):
        probe_file(tmp_path / "nowhere", inspect_data(data), seed=0, on_read=unheard)
    read = tiny.saved_encoder(tmp_path / "read", padding="read")
    with pytest.raises(ConfigError, match="padding: read") as caught:
        probe_file(read, inspect_data(data), seed=0, on_read=unheard)
    assert caught.value.code == "PADDING_READ"
