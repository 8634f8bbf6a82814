"""An index: neighbours by a plain loop, ids that stay, generations a reader keeps, and every kind of damage refused."""

import errno
import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtwin.files
import tiny
from resealed import reseal
from seqtwin.build import build_siamese
from seqtwin.errors import ConfigError, DamagedError, DataError, InUseError, ResourceError, SeqTwinError
from seqtwin.files import MANIFEST, read_json, sha256
from seqtwin.index import generations
from seqtwin.index.generations import CURRENT, FACTS, ITEMS, STRUCTURE, VECTORS, map_vectors
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.store import load_encoder, save_encoder

TEXTS = [left for left, _, _ in tiny.drawn_pairs(60, 1)]


def encoder_with(folder: Path, similarity: Any, seed: int = 3) -> Path:
    """The tiny encoder with another similarity."""
    stored = load_encoder(tiny.saved_encoder(folder.parent / f"{folder.name}-cosine"))
    blueprint = stored.blueprint.model_copy(update={"similarity": similarity})
    model = build_siamese(blueprint, seed=seed).eval()
    save_encoder(folder, replace(stored, blueprint=blueprint, model=model), "# card\n")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def encoder(home: Path) -> TrainedEncoder:
    return load(home)


@pytest.fixture
def saved(tmp_path: Path, home: Path, encoder: TrainedEncoder) -> Path:
    """An index of kind hnsw in a folder, with ids and metadata."""
    index = Index.build(encoder, TEXTS, [f"n{i}" for i in range(60)], {"size": list(range(60))}, "hnsw")
    index.save(tmp_path / "index", encoder_at=home)
    return tmp_path / "index"


# searching


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
@pytest.mark.parametrize("similarity", ["cosine", "dot", "negative_euclidean", "exp_manhattan", "exp_euclidean"])
def test_hits_are_those_of_a_plain_loop(tmp_path: Path, kind: str, similarity: str) -> None:
    encoder = load(encoder_with(tmp_path / "encoder", similarity))
    queries = ["abc", "fed", "a"]
    hits = Index.build(encoder, TEXTS, kind=kind).search(queries, 7)
    for query, found in zip(queries, hits, strict=True):
        scores = encoder.score([query] * len(TEXTS), TEXTS)
        np.testing.assert_allclose([hit.score for hit in found], np.sort(scores)[::-1][:7], atol=1e-5)
        for hit in found:
            assert hit.text == TEXTS[int(hit.id)]
            assert hit.score == pytest.approx(encoder.score(query, hit.text)[0], abs=1e-5)


def test_one_query_several_none_and_k_beyond_the_corpus(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, ["abc", "bcd", "f"], metadata={"n": [1, None, "x"]})
    [[first, *others]] = index.search("abc", 50)
    assert (first.id, first.text, first.metadata, len(others)) == ("0", "abc", {"n": 1}, 2)
    assert first.score == pytest.approx(1.0, abs=1e-6)
    assert len(index.search([], 3)) == len(index.search([], 3, rerank=encoder)) == 0
    assert index.search(iter(["abc", "f"]), 1).ids == [["0"], ["2"]]
    assert index.search(["abc", "f"], 1).texts == [["abc"], ["f"]]


@pytest.mark.parametrize("k", [0, -1, 1.5, True, None, "3"])
def test_a_k_that_cannot_be(encoder: TrainedEncoder, k: Any) -> None:
    index = Index.build(encoder, ["a"])
    for rerank in (None, encoder):
        with pytest.raises(ConfigError, match="expected a positive integer"):
            index.search("a", k, rerank=rerank)


@pytest.mark.parametrize("query", ["", " \t", None, 3, ["a", ""]])
def test_a_query_that_cannot_be(encoder: TrainedEncoder, query: Any) -> None:
    with pytest.raises(DataError):
        Index.build(encoder, ["a"]).search(query)


def test_the_repr_of_hits_has_the_first_hits_and_not_the_items(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, [f"abc{'d' * n}" for n in range(50)])
    said = repr(index.search(["abc", "abcd", "abcdd", "abcddd"], k=5))
    assert said.startswith("Hits of 4 queries\n  0: abc ")
    assert said.endswith("... 1 more")
    assert len(said) < 500


def test_a_huge_text_and_odd_ones(encoder: TrainedEncoder) -> None:
    odd = ["a" * 1_000_000, "\u2028 \ud800 \x00", "名前\n\r", '"{}', "😀"]
    index = Index.build(encoder, odd)
    assert index.search(odd, 1).rows.shape == (5, 1)
    assert index.search(odd[2], 5).texts[0].count("名前\n\r") == 1
    assert [item.text for item in index.items] == [odd[0], "\u2028 ? \x00", *odd[2:]]


def test_equal_texts_keep_their_ids_and_order(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, ["abc", "f", "abc", "abc"], ["x", "y", "z", "w"])
    assert index.search("abc", 3).ids == [["x", "z", "w"]]


def test_vectors_as_queries(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, TEXTS)
    np.testing.assert_array_equal(index.search_vectors(encoder.encode("abc")[0]).rows, index.search("abc").rows)
    for wrong in (np.zeros((2, 6)), np.zeros((1, 1, 5)), np.zeros(4), np.full((1, 5), np.nan)):
        with pytest.raises(DataError):
            index.search_vectors(wrong)


def test_vectors_made_before_are_taken_when_they_are_of_this_encoder(tmp_path: Path, encoder: TrainedEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    index = Index.build(encoder, TEXTS, vectors=vectors)
    np.testing.assert_array_equal(index.vectors, vectors)
    other = load(encoder_with(tmp_path / "other", "cosine", seed=8))
    with pytest.raises(ConfigError, match="not the vectors of these texts by this encoder") as caught:
        Index.build(other, TEXTS, vectors=vectors)
    assert caught.value.code == "INDEX_OTHER_ENCODER"
    with pytest.raises(DataError, match=r"expected vectors \[60, 5\]"):
        Index.build(encoder, TEXTS, vectors=vectors[:-1])


def test_a_series_encoder_has_an_index_too(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    items = [np.random.default_rng(n).normal(size=(n, 3)) for n in (1, 4, 9)]
    index = Index.build(encoder, items, ["a", "b", "c"])
    index.save(tmp_path / "index", encoder_at=tmp_path / "encoder")
    assert Index.load(tmp_path / "index").search(items, 1).ids == [["a"], ["b"], ["c"]]
    with pytest.raises(ConfigError, match="expected an encoder of texts"):
        index.search(items, 1, rerank=encoder)


# a pair scorer


def test_a_pair_scorer_is_refused_and_re_ranks(tmp_path: Path, encoder: TrainedEncoder) -> None:
    scorer = load(encoder_with(tmp_path / "scorer", "pair_scorer"))
    with pytest.raises(ConfigError, match="no index can serve the similarity 'pair_scorer'") as caught:
        Index.build(scorer, TEXTS)
    assert "rerank=" in caught.value.remedy
    index = Index.build(encoder, TEXTS)
    queries = ["abc", "f"]
    hits = index.search(queries, 5, rerank=scorer)
    for query, found in zip(queries, hits, strict=True):
        scores = scorer.score([query] * len(TEXTS), TEXTS)  # all 60 are among the first 100
        np.testing.assert_allclose([hit.score for hit in found], np.sort(scores)[::-1][:5], atol=1e-5)
        for hit in found:
            assert hit.score == pytest.approx(scores[int(hit.id)], abs=1e-5)


def test_only_the_first_hundred_are_re_ranked(tmp_path: Path, encoder: TrainedEncoder) -> None:
    texts = [left for left, _, _ in tiny.drawn_pairs(150, 4)]
    scorer = load(encoder_with(tmp_path / "scorer", "pair_scorer"))
    index = Index.build(encoder, texts)
    first = set(index.search("abc", 100).ids[0])
    assert set(index.search("abc", 100, rerank=scorer).ids[0]) == first
    assert set(index.search("abc", 10, rerank=scorer).ids[0]) <= first
    assert len(index.search("abc", 120, rerank=scorer).ids[0]) == 120


# what goes in


def test_what_cannot_go_in(tmp_path: Path, encoder: TrainedEncoder) -> None:
    for build, message in [
        (lambda: Index.build(encoder, []), "no texts"),
        (lambda: Index.build(encoder, ["a", "b"], ["x", "x"]), "the id 'x' is used twice"),
        (lambda: Index.build(encoder, ["a", "b"], [1, "1"]), "the id '1' is used twice"),
        (lambda: Index.build(encoder, ["a", "b"], ["x"]), "expected 2 ids, got 1"),
        (lambda: Index.build(encoder, ["a", "b"], metadata={"n": [1]}), "metadata 'n': expected 2 values, got 1"),
        (lambda: Index.build(encoder, ["a"], metadata={"n": [float("nan")]}), "finite numbers"),
        (lambda: Index.build(encoder, ["a"], metadata={"n": [object()]}), "expected metadata of"),
        (lambda: Index.build(encoder, ["", None]), "no texts"),
        (lambda: Index.build(encoder, [np.zeros((2, 3))]), "expected a text"),
    ]:
        with pytest.raises(DataError, match=message):
            build()
    with pytest.raises(ConfigError, match=r"unknown index kind 'hsnw'.*did you mean 'hnsw'"):
        Index.build(encoder, ["a"], kind="hsnw")


# changing it


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_add_and_remove_are_as_building_anew(encoder: TrainedEncoder, kind: str) -> None:
    index = Index.build(encoder, TEXTS[:40], kind=kind)
    index.remove(["3", "39"])
    index.add(TEXTS[40:])
    ids = [str(i) for i in range(60) if i not in (3, 39)]
    assert index.ids == ids
    assert len(index) == len(index.vectors) == 58
    anew = Index.build(encoder, [TEXTS[int(i)] for i in ids], ids)
    np.testing.assert_allclose(index.search(TEXTS[:9], 5).scores, anew.search(TEXTS[:9], 5).scores, atol=1e-5)
    np.testing.assert_allclose(index.vectors, anew.vectors, atol=1e-6)


def test_an_id_is_never_given_twice(tmp_path: Path, home: Path, encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, ["a", "b", "c"])
    index.remove(["2"])
    index.save(tmp_path / "index", encoder_at=home)
    again = Index.load(tmp_path / "index")
    again.add(["d"])
    assert again.ids == ["0", "1", "3"]
    with pytest.raises(DataError, match="the id '1' is used twice"):
        again.add(["e"], ["1"])
    with pytest.raises(DataError, match="no item has the id 'n5'"):
        again.remove(["n5"])
    with pytest.raises(DataError, match="no item would be left"):
        again.remove(["0", "1", "3"])
    with pytest.raises(DataError, match=r"expected the metadata columns \[\], got \[size\]"):
        again.add(["e"], metadata={"size": [1]})
    assert again.ids == ["0", "1", "3"]


def test_generations_are_published_and_the_last_two_stay(saved: Path) -> None:
    for n in range(2, 5):
        index = Index.load(saved)
        index.add(["abc"], [f"new{n}"], {"size": [n]})
        assert index.save(saved) == f"gen-{n:06d}"
    assert sorted(p.name for p in saved.glob("gen-*")) == ["gen-000003", "gen-000004"]
    assert Index.load(saved).ids[-3:] == ["new2", "new3", "new4"]
    assert index.save(saved) == "gen-000005"  # the same object goes on


def test_a_reader_keeps_what_it_opened(saved: Path) -> None:
    reader = Index.load(saved)
    before = reader.search(TEXTS[:5], 4)
    for n in range(3):
        writer = Index.load(saved)
        writer.remove([f"n{n}"])
        writer.save(saved)
    assert not (saved / "gen-000001").exists()
    after = reader.search(TEXTS[:5], 4)
    assert after.ids == before.ids
    np.testing.assert_array_equal(after.scores, before.scores)


def test_a_search_that_has_begun_is_of_one_generation(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, TEXTS)
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            hits = index.search(["abc"], 60)
            if len(hits[0]) != len(hits.items) and len(hits[0]) != 60:
                wrong.append(len(hits[0]))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(20):
        index.add(["fed"], [f"x{n}"])
        index.remove([f"x{n}", str(n)])
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


# storing


@pytest.mark.parametrize(("kind", "count"), [("exact", 1), ("exact", 60), ("hnsw", 60), ("ivfpq", 3000)])
def test_what_was_saved_comes_back(tmp_path: Path, home: Path, encoder: TrainedEncoder, kind: str, count: int) -> None:
    texts = [left for left, _, _ in tiny.drawn_pairs(count, 2)]
    index = Index.build(encoder, texts, kind=kind)
    index.save(tmp_path / "index", encoder_at=home)
    for back in (Index.load(tmp_path / "index"), Index.load(str(tmp_path / "index"), encoder)):
        found, expected = back.search(texts[:5], 6), index.search(texts[:5], 6)
        assert found.ids == expected.ids
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert (back.kind, back.recall, back.columns, len(back)) == (kind, index.recall, (), count)
        assert isinstance(back.vectors, np.memmap)


def test_nothing_absolute_is_stored_and_the_encoder_is_found_after_a_move(saved: Path, home: Path) -> None:
    facts = (saved / "gen-000001" / FACTS).read_text(encoding="utf-8")
    assert str(home) not in facts
    both = saved.parent / "both"
    shutil.copytree(home, both / "encoder")
    index = Index.load(saved)
    index.save(both / "index", encoder_at=both / "encoder")
    assert read_json(both / "index" / "gen-000001" / FACTS)["encoder"] == "../encoder"
    moved = both.rename(saved.parent / "moved")
    assert Index.load(moved / "index").search("abc", 1).ids == index.search("abc", 1).ids
    shutil.rmtree(moved / "encoder")
    with pytest.raises(ConfigError, match="its encoder is no longer at") as caught:
        Index.load(moved / "index")
    assert caught.value.remedy == "name it: --encoder DIR"
    assert len(Index.load(moved / "index", load(home))) == 60


def test_an_index_of_many_equal_texts_finds_as_an_exact_one(encoder: TrainedEncoder) -> None:
    texts = ["abc", "f"] * 40 + TEXTS + ["zzz", "yyy"] * 100  # the last ones are letters it has never seen
    exact, approximate = (Index.build(encoder, texts, kind=kind) for kind in ("exact", "hnsw"))
    for k in (1, 10, 100, 340, 1000):
        found, expected = (index.search(["abc", "xxx", "fed"], k) for index in (approximate, exact))
        assert found.scores.shape == expected.scores.shape
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
        assert all(len(set(ids)) == len(ids) for ids in found.ids)


def test_another_encoder_is_refused(tmp_path: Path, saved: Path) -> None:
    other = load(encoder_with(tmp_path / "other", "cosine", seed=8))
    with pytest.raises(ConfigError, match="its vectors are of encoder") as caught:
        Index.load(saved, other)
    assert caught.value.code == "INDEX_OTHER_ENCODER"


def test_where_something_stands_nothing_is_overwritten(tmp_path: Path, saved: Path, encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, ["a"])
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine", encoding="utf-8")
    for place in (saved, tmp_path / "file", tmp_path / "folder"):
        with pytest.raises(ConfigError) as caught:
            index.save(place)
        assert caught.value.code == "OUT_EXISTS"
    assert len(Index.load(saved)) == 60
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["mine.txt"]


def test_two_writers_do_not_lose_each_others_work(saved: Path) -> None:
    one, two = Index.load(saved), Index.load(saved)
    one.remove(["n1"])
    one.save(saved)
    two.remove(["n2"])
    with pytest.raises(InUseError, match="changed by another process since gen-000001"):
        two.save(saved)
    assert len(Index.load(saved)) == 59
    with seqtwin.files.driver_lock(saved), pytest.raises(InUseError) as caught:
        one.save(saved)
    assert caught.value.code == "INDEX_IN_USE"


@pytest.mark.parametrize("name", ["write_bytes", "publish_text", "sha256"])
@pytest.mark.parametrize("first", [True, False])
def test_an_interrupted_save_changes_nothing(
    saved: Path, encoder: TrainedEncoder, monkeypatch: Any, name: str, first: bool
) -> None:
    place = saved.parent / "fresh" if first else saved
    index = Index.build(encoder, ["a", "b"]) if first else Index.load(saved)
    if not first:
        index.remove(["n1"])

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generations.files, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            index.save(place)
    if not first:
        assert len(Index.load(saved)) == 60
    index.save(place)
    assert len(Index.load(place, encoder)) == (2 if first else 59)
    assert list(place.glob(".gen*")) == []


class Crash(BaseException):
    """The end of a process: nothing that changes the disk runs after it."""


def crash_at(patch: Any, number: int) -> list[str]:
    """Lets the first `number` calls that change the disk through; the next one and all later ones crash."""
    done: list[str] = []

    def guarded(name: str) -> Any:
        real = getattr(os, name)

        def call(*args: Any, **options: Any) -> Any:
            if len(done) >= number:
                raise Crash
            done.append(name)
            return real(*args, **options)

        return call

    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
        patch.setattr(os, name, guarded(name))
    return done


def test_a_crash_at_every_write_leaves_the_index_before_or_after(
    saved: Path, encoder: TrainedEncoder, monkeypatch: Any
) -> None:
    states, number, ended = [], 0, False
    while not ended:
        place = saved.parent / f"copy{number}"
        shutil.copytree(saved, place)
        index = Index.load(place, encoder)
        index.remove(["n1", "n2"])
        with monkeypatch.context() as patch:
            crash_at(patch, number)
            try:
                index.save(place)
                ended = True
            except Crash:
                pass
        states.append(len(Index.load(place, encoder)))
        again = Index.load(place, encoder)
        again.remove(["n3"])
        again.save(place)
        assert len(Index.load(place, encoder)) == states[-1] - 1
        assert list(place.glob(".*build*")) == []
        number += 1
    assert number > 10
    assert states == sorted(states, reverse=True)
    assert set(states) == {60, 58}


@pytest.mark.parametrize("name", ["fsync", "rename", "replace"])
def test_a_full_disk_is_said_and_changes_nothing(
    saved: Path, encoder: TrainedEncoder, monkeypatch: Any, name: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    index = Index.load(saved, encoder)
    index.remove(["n1"])
    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(ResourceError, match="No space left on device"):
            index.save(saved)
    assert len(Index.load(saved, encoder)) == 60
    index.save(saved)
    assert len(Index.load(saved, encoder)) == 59


def test_readers_while_it_is_rebuilt(saved: Path, encoder: TrainedEncoder) -> None:
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                index = Index.load(saved, encoder)
                [hits] = index.search("abc", 100)
                ids = [hit.id for hit in hits]
                if len(ids) != len(index) or set(ids) != set(index.ids):
                    wrong.append(f"{len(ids)} of {len(index)}")
            except SeqTwinError as error:
                wrong.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(12):
        writer = Index.load(saved, encoder)
        writer.add(["abc"], [f"new{n}"], {"size": [n]})
        writer.save(saved)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


# damage


def test_no_index_here(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no index here"):
        Index.load(tmp_path)
    with pytest.raises(ConfigError, match="no index here"):
        Index.load(tmp_path / "nowhere")


def files_of(saved: Path) -> list[Path]:
    return [p for p in sorted(saved.rglob("*")) if p.is_file() and p.name != ".lock"]


def test_every_flipped_bit_is_found(saved: Path, encoder: TrainedEncoder) -> None:
    rng = np.random.default_rng(0)
    assert {p.name for p in files_of(saved)} == {CURRENT, FACTS, VECTORS, ITEMS, STRUCTURE, MANIFEST}
    for path in files_of(saved):
        whole = path.read_bytes()
        for place in sorted({0, len(whole) - 1, *rng.integers(0, len(whole), 20).tolist()}):
            broken = bytearray(whole)
            broken[place] ^= 1 << int(rng.integers(0, 8))
            path.write_bytes(bytes(broken))
            with pytest.raises(DamagedError):
                Index.load(saved, encoder)
        path.write_bytes(whole)
    assert len(Index.load(saved, encoder)) == 60


def test_every_cut_or_missing_file_is_found(saved: Path, encoder: TrainedEncoder) -> None:
    for path in files_of(saved):
        whole = path.read_bytes()
        for cut in {0, 1, len(whole) // 2, len(whole) - 2}:
            path.write_bytes(whole[:cut])
            with pytest.raises(DamagedError):
                Index.load(saved, encoder)
        path.unlink()
        with pytest.raises((DamagedError, ConfigError) if path.name == CURRENT else DamagedError):
            Index.load(saved, encoder)
        path.write_bytes(whole)


def forge(saved: Path, name: str, data: bytes) -> None:
    """Put other content in, with every hash made to fit."""
    place = saved / "gen-000001"
    (place / name).write_bytes(data)
    reseal(place)
    (saved / CURRENT).write_text(f"gen-000001 {sha256(place / MANIFEST)}\n", encoding="ascii")


def forged_facts(saved: Path, **changes: Any) -> bytes:
    facts = {**read_json(saved / "gen-000001" / FACTS), **changes}
    return json.dumps({k: v for k, v in facts.items() if v != "gone"}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"dim": 6},
        {"count": 59},
        {"count": -1},
        {"format": 2},
        {"format": "gone"},
        {"kind": 3},
        {"extra": 1},
        {"breadth": 10**9},
        {"recall": {"value": 2.0, "at": 10, "sample": 5}},
        {"recall": {"value": 1.0}},
        {"fingerprint": None},
        {"columns": "size"},
    ],
    ids=str,
)
def test_forged_facts_are_damage(saved: Path, encoder: TrainedEncoder, changes: dict[str, Any]) -> None:
    forge(saved, FACTS, forged_facts(saved, **changes))
    with pytest.raises(DamagedError):
        Index.load(saved, encoder)


def test_forged_names_are_refused(saved: Path, encoder: TrainedEncoder) -> None:
    for changes in ({"kind": "flat"}, {"fingerprint": "0" * 64}):
        forge(saved, FACTS, forged_facts(saved, **changes))
        with pytest.raises(ConfigError):
            Index.load(saved, encoder)


@pytest.mark.parametrize("name", [FACTS, VECTORS, ITEMS, STRUCTURE])
@pytest.mark.parametrize("data", [b"", b"\n", b"[]\n", b"\x93NUMPY\x01\x00", b"\0" * 3000])
def test_forged_files_are_damage(saved: Path, encoder: TrainedEncoder, name: str, data: bytes) -> None:
    forge(saved, name, data)
    with pytest.raises(DamagedError):
        Index.load(saved, encoder)


def test_forged_items_are_damage_when_they_are_read(saved: Path, encoder: TrainedEncoder) -> None:
    for line in (b"[]\n", b"{}\n", b'{"id": 1, "text": "a", "metadata": {}}\n', b"\xff\n", b"[" * 100_000 + b"\n"):
        forge(saved, ITEMS, line * 60)
        with pytest.raises(DamagedError, match="is not an item"):
            Index.load(saved, encoder).search("abc")[0]


def npy(shape: str, descr: str = "'<f4'", order: str = "False", data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize(
    "data",
    [
        npy("(8589934592, 1)"),  # 32 GiB in some hundred bytes
        npy("(4611686018427387904, 4)", data=b"\0" * 64),  # the product leaves 64 bits
        npy("(60, 5)", data=b"\0" * 1199),
        npy("(60, 5)", data=b"\0" * 1201),
        npy("(60, 6)", data=b"\0" * 1440),
        npy("(-60, -5)", data=b"\0" * 1200),
        npy("(0, 5)"),
        npy("(300,)", data=b"\0" * 1200),
        npy("(60, 5)", order="True", data=b"\0" * 1200),
        npy("(60, 5)", "'|O'", data=b"\0" * 2400),
        npy("(60, 5)", "'<f8'", data=b"\0" * 2400),
        npy("(60, 5)", data=np.full(300, np.nan, dtype="<f4").tobytes()),
        npy("(60, __import__('os').getpid())", data=b"\0" * 1200),
        npy("((" * 200, data=b"\0" * 1200),
    ],
    ids=range(14),
)
def test_forged_vectors_are_refused_before_they_are_mapped(saved: Path, encoder: TrainedEncoder, data: bytes) -> None:
    forge(saved, VECTORS, data)
    with pytest.raises(DamagedError):
        Index.load(saved, encoder)


def test_sound_vectors_are_mapped(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    (tmp_path / "a.npy").write_bytes(generations.npy_bytes(vectors))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), vectors)
    np.testing.assert_array_equal(map_vectors(tmp_path / "a.npy"), vectors)


def test_a_link_or_a_stray_file_is_damage(saved: Path, encoder: TrainedEncoder) -> None:
    place = saved / "gen-000001"
    (place / "stray").write_bytes(b"x")
    with pytest.raises(DamagedError, match="stray"):
        Index.load(saved, encoder)
    (place / "stray").unlink()
    os.rename(place / VECTORS, saved / "elsewhere.npy")
    (place / VECTORS).symlink_to(saved / "elsewhere.npy")
    with pytest.raises(DamagedError, match="a link"):
        Index.load(saved, encoder)


@pytest.mark.parametrize("text", ["", "gen-000001", "../../x " + "0" * 64, "gen-000009 " + "0" * 64, "\u2603"])
def test_a_damaged_current(saved: Path, encoder: TrainedEncoder, text: str) -> None:
    (saved / CURRENT).write_text(text, encoding="utf-8")
    with pytest.raises(DamagedError) as caught:
        Index.load(saved, encoder)
    assert caught.value.exit_code == 3
