"""A forged structure of faiss is refused by a process of its own: this one neither ends nor takes much memory."""

import sys
from typing import Any

import numpy as np
import pytest

from seqtwin.errors import DamagedError
from seqtwin.index import faiss_child
from seqtwin.index.faiss_child import problem_of
from seqtwin.index.faiss_search import HNSW, IVFPQ, build, library, read

DIM = 8


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, DIM)).astype(np.float32)


def structure(family: Any) -> Any:
    return build(family, "cosine", vectors(1100)).structure


def bytes_of(index: Any) -> bytes:
    data: bytes = library().serialize_index(index).tobytes()
    return data


@pytest.mark.parametrize("family", [HNSW, IVFPQ], ids=["hnsw", "ivfpq"])
def test_a_sound_structure_passes_and_is_checked_once(family: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes_of(structure(family))
    assert problem_of(data) == ""
    monkeypatch.setattr(faiss_child.subprocess, "run", lambda *_, **__: pytest.fail("a second process"))
    assert problem_of(data) == ""


def with_far_entry(index: Any) -> None:
    index.hnsw.entry_point = 1_000_000


def with_many(index: Any) -> None:
    index.ntotal = 2**40


@pytest.mark.parametrize("forge", [with_far_entry, with_many])
def test_a_graph_that_points_outside_is_refused(forge: Any) -> None:
    index = structure(HNSW)
    forge(index)
    assert problem_of(bytes_of(index)) != ""


def test_a_link_out_of_the_graph_is_refused() -> None:
    index = structure(HNSW)
    links = library().vector_to_array(index.hnsw.neighbors)
    forged = links.copy()
    forged[0] = 2_000_000_000
    data = bytes_of(index)
    assert links.tobytes() in data
    assert problem_of(data.replace(links.tobytes(), forged.tobytes())) != ""


def test_lists_that_point_outside_are_refused() -> None:
    index = structure(IVFPQ)
    ids = np.full(1, 10**9, dtype=np.int64)
    faiss = library()
    codes = np.zeros(index.code_size, dtype=np.uint8)
    index.invlists.add_entries(0, 1, faiss.swig_ptr(ids), faiss.swig_ptr(codes))
    index.ntotal += 1
    assert "point outside" in problem_of(bytes_of(index))


def test_another_kind_of_structure_is_refused() -> None:
    flat = library().IndexFlatIP(DIM)
    flat.add(vectors(10))
    assert "unexpected kind" in problem_of(bytes_of(flat))


def test_random_changes_never_end_this_process() -> None:
    whole, rng = bytes_of(structure(HNSW)), np.random.default_rng(1)
    for _ in range(6):
        data = bytearray(whole)
        data[int(rng.integers(0, 120))] = int(rng.integers(256))
        assert isinstance(problem_of(bytes(data)), str)
    assert problem_of(whole[:100]) != ""


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_child, "__file__", "-c")
    monkeypatch.setattr(faiss_child.json, "dumps", lambda _: "import time; time.sleep(30)")
    monkeypatch.setattr(sys, "path", [])
    # the program of the child is replaced by one that sleeps: -I -c "..."
    assert "could not be opened in" in problem_of(b"x", seconds=0.5)


def test_the_error_names_the_structure() -> None:
    groups = build(HNSW, "cosine", vectors(50))
    with pytest.raises(DamagedError, match="not a structure of faiss"):
        read(HNSW, "cosine", groups.groups.dump() + b"IxXX" + bytes(40), (50, DIM), 64)
