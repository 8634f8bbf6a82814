"""Search among a million vectors: recall@10 of hnsw, and its time compared with exact search and with faiss alone.

10,000 centres are drawn from a normal distribution in 128 dimensions. Each vector is a random centre plus normal noise
with half the standard deviation, which puts about 100 vectors around each centre. Queries are drawn the same way and
are not in the corpus. The similarity is cosine. `faiss alone` searches the same graph with the same breadth, for
queries of length 1; only the checks, the scaling and the ordering of the index differ. Building uses all cores,
searching one. `python benchmarks/search.py 100000` uses fewer vectors.
"""

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import faiss
import numpy as np
import torch
from figures import show, show_plain

from seqtwin.index.index import Index
from seqtwin.model.similarities import Cosine

COUNT, DIM, CENTRES, NOISE = 1_000_000, 128, 10_000, 0.5
K, QUERIES, SLOW, ROUNDS = 10, 1000, 50, 7
RECALL, OVERHEAD = 0.95, 1.20


class Ready:
    """An encoder that returns the n-th vector for the text n, to measure the index alone."""

    fingerprint, inputs, similarity_name, indexable, dim = "0" * 64, "tokens", "cosine", True, DIM

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors, self.cosine = vectors, Cosine(DIM)

    def encode(self, texts: Any, *, show_progress_bar: bool = False) -> np.ndarray:
        """The vectors with these numbers."""
        return self.vectors[[int(text) for text in texts]]

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The same as that of a trained encoder."""
        with torch.inference_mode():
            left, right = (torch.tensor(np.atleast_2d(side), dtype=torch.float32) for side in (a, b))
            return self.cosine.matrix(left, right).numpy()


def drawn(centres: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors around the centres, float32."""
    vectors = centres[rng.integers(0, len(centres), count)]
    for start in range(0, count, 65_536):
        part = vectors[start : start + 65_536]
        part += NOISE * rng.standard_normal(part.shape, dtype=np.float32)
    return vectors


def seconds(work: Callable[[], Any]) -> float:
    """The seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(*works: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """The median seconds of each call, in turn, after a first round that is not counted."""
    taken = [[seconds(work) for work in works] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def one_by_one(
    queries: np.ndarray, units: np.ndarray, ours: Callable[[np.ndarray], Any], alone: Callable[[np.ndarray], Any]
) -> list[float]:
    """The median seconds per query of our search and of faiss alone, in turn. No query is repeated immediately, because
    the second search would find the graph in the cache.
    """
    half = len(queries) // 2
    taken = []
    for row in range(len(queries)):
        other = (row + half) % len(queries)
        mine, theirs = queries[row : row + 1], units[other : other + 1]
        works = [partial(ours, mine), partial(alone, theirs)]
        pair = [seconds(work) for work in (works if row % 2 else works[::-1])]
        taken.append(pair if row % 2 else pair[::-1])
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CENTRES, DIM), dtype=np.float32)
    vectors, queries = drawn(centres, count, rng), drawn(centres, QUERIES, rng)
    encoder, texts = Ready(vectors), [str(row) for row in range(count)]

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    exact = Index.build(encoder, texts, vectors=vectors)
    start = time.perf_counter()
    index = Index.build(encoder, texts, vectors=vectors, kind="hnsw")
    show_plain(f"{count} x {DIM}: build hnsw and measure recall", time.perf_counter() - start, " s")
    show_plain("peak memory so far", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, " GiB")
    faiss.omp_set_num_threads(1)

    searcher: Any = index._state.searcher  # the same graph for faiss alone
    show_plain("breadth of the search (efSearch)", searcher.breadth)
    assert index.recall is not None
    show_plain("recall@10 stored with the index", index.recall.value)
    truth = exact.search_vectors(queries, K).rows
    found = index.search_vectors(queries, K).rows
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(truth.tolist(), found.tolist(), strict=True)])
    show("recall@10 compared with exact search, new queries", float(recall), f">= {RECALL}", bool(recall >= RECALL))

    units = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    parameters = faiss.SearchParametersHNSW(efSearch=searcher.breadth)

    def alone(part: np.ndarray) -> Any:
        return searcher.structure.search(part, K, params=parameters)

    ours, plain = in_turn(lambda: index.search_vectors(queries, K), lambda: alone(units))
    show_plain("per query, 1000 at once", 1e6 * ours / QUERIES, " us")
    show("  as a multiple of faiss alone", ours / plain, f"<= {OVERHEAD}", ours / plain <= OVERHEAD)
    ours_one, plain_one = one_by_one(queries, units, lambda one: index.search_vectors(one, K), alone)
    show_plain("per query, one at a time", 1e6 * ours_one, " us")
    show("  as a multiple of faiss alone", ours_one / plain_one, f"<= {OVERHEAD}", ours_one / plain_one <= OVERHEAD)
    batch, one = in_turn(
        lambda: exact.search_vectors(queries[:SLOW], K), lambda: exact.search_vectors(queries[:1], K), rounds=3
    )
    show_plain("exact, per query, 50 at once", 1e3 * batch / SLOW, " ms")
    show_plain("  as a multiple of hnsw", (batch / SLOW) / (ours / QUERIES))
    show_plain("exact, one query", 1e3 * one, " ms")
    show_plain("  as a multiple of hnsw", one / ours_one)


if __name__ == "__main__":
    main()
