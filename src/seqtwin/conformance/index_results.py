"""The results of searches, compared with a plain loop over all exact scores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import numpy as np

from seqtwin.conformance.battery import NotMetError, require
from seqtwin.conformance.randomness import require_no_draw
from seqtwin.conformance.table_encoder import DIM, TableEncoder
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.index.hits import Hits
from seqtwin.index.index import Index
from seqtwin.index.kinds import KINDS, Kind

TEXTS = [f"item {number}" for number in range(2100)]  # half of them are enough for every built-in kind
QUERIES = [f"item {number}" for number in range(0, 40, 4)] + [f"query {number}" for number in range(10)]
K, LEAST_RECALL, TOLERANCE = 10, 0.95, 1e-5
SERVED = ("cosine", "dot", "negative_euclidean", "exp_manhattan", "exp_euclidean")
_numbers = count()


@dataclass(frozen=True)
class Case:
    """A kind of index, by the name under which it can be built."""

    name: str

    def build(self, texts: list[str], similarity: str = "cosine") -> Index:
        """An index of some texts."""
        return Index.build(TableEncoder(similarity), texts, kind=self.name)


@contextmanager
def registered(kind: str | Kind) -> Iterator[str]:
    """The name of a kind, which is in KINDS until the end."""
    if isinstance(kind, str):
        yield kind
        return
    name = f"checked-{next(_numbers)}"
    KINDS[name] = kind
    try:
        yield name
    finally:
        del KINDS[name]


def neighbours(case: Case) -> str:
    """Whether the neighbours are those of a plain loop; of an approximate kind, at least 95 % of them."""
    index = case.build(TEXTS)
    found, expected = index.search(QUERIES, K), _loop(index, QUERIES, K)
    pairs = zip(found.rows.tolist(), expected, strict=True)
    hit = float(np.mean([len(set(own) & set(best)) / K for own, best in pairs]))
    least = 1.0 if index.recall is None else LEAST_RECALL
    require(hit >= least, f"{hit:.1%} of the true neighbours are found, expected {least:.0%}")
    return f"{hit:.1%} of the true neighbours"


def similarities(case: Case) -> str:
    """Whether it finds the best item of a plain loop under every similarity that it does not refuse."""
    accepted = []
    for name in SERVED:
        try:
            index = case.build(TEXTS, name)
        except ConfigError:
            continue
        accepted.append(name)
        best = [rows[0] for rows in _loop(index, QUERIES, 1)]
        share = float(np.mean(index.search(QUERIES, K).rows[:, 0] == best))
        least = 1.0 if index.recall is None else LEAST_RECALL - 0.05
        require(share >= least, f"under {name} the best item comes first for {share:.0%} of the queries")
    require(bool(accepted), "it refuses every similarity")
    return f"the best item comes first under {', '.join(accepted)}"


def scores(case: Case) -> str:
    """Whether each score is that of the encoder's similarity."""
    index = case.build(TEXTS)
    hits, every = index.search(QUERIES, K), _every_score(index, QUERIES)
    real = hits.rows >= 0
    difference = np.abs(hits.scores - np.take_along_axis(every, np.maximum(hits.rows, 0), 1))[real]
    worst = float(difference.max(initial=0))
    require(worst <= TOLERANCE, f"a score differs from the encoder's by {worst:.2g}")
    return f"equal to {worst:.1g}"


def best_first(case: Case) -> str:
    """Whether the hits are sorted, best first."""
    hits = case.build(TEXTS).search(QUERIES, K)
    require(bool((np.diff(hits.scores, axis=1) <= 0).all()), "a hit has a higher score than the one before it")
    return "sorted"


def ties(case: Case) -> str:
    """Whether items with equal scores come in the order of the corpus, and none is lost."""
    texts = ["same", "other"] + ["same"] * 30 + TEXTS
    rows = case.build(texts).search(["same"], 12).rows[0].tolist()
    expected = [0, *range(2, 13)]
    require(rows == expected, f"equal items come as rows {rows}, expected {expected}")
    return "equal scores in the order of the corpus"


def large_k(case: Case) -> str:
    """Whether a k beyond the corpus gives every item once."""
    for size in (1, 2, 30, len(TEXTS)):
        try:
            index = case.build(TEXTS[:size])
        except ConfigError:  # it cannot learn from so few
            continue
        for rows in index.search(QUERIES[:3], size + 7).rows:
            found = np.sort(rows[rows >= 0])
            require(found.tolist() == list(range(size)), f"of {size} items, a search for {size + 7} found {len(found)}")
    return "every item once"


def no_queries(case: Case) -> str:
    """Whether no query gives an empty result."""
    found = case.build(TEXTS).search([], 3)
    require(len(found) == 0 and found.ids == [], f"no query gives {len(found)} results")
    return "an empty result"


def alone(case: Case) -> str:
    """Whether a query has the same hits alone and with others."""
    index = case.build(TEXTS)
    together = index.search(QUERIES, K)
    for row, query in enumerate(QUERIES):
        _require_same(index.search([query], K), together.rows[row : row + 1], "alone and with others")
    return "equal alone and with others"


def smaller_k(case: Case) -> str:
    """Whether the first hits do not depend on how many are wanted, for an exact kind."""
    index = case.build(TEXTS)
    if index.recall is not None:
        return "not applicable: it is approximate"
    _require_same(index.search(QUERIES, 3), index.search(QUERIES, K).rows[:, :3], "for k 3 and 10")
    return "equal for a smaller k"


def repeated(case: Case) -> str:
    """Whether two searches, and two builds, give the same hits."""
    index = case.build(TEXTS)
    first = index.search(QUERIES, K)
    _require_same(index.search(QUERIES, K), first.rows, "in two searches")
    if index.recall is None:
        _require_same(case.build(TEXTS).search(QUERIES, K), first.rows, "in two builds")
    return "equal twice"


def no_global_random(case: Case) -> str:
    """Whether neither building nor searching draws from a global generator."""
    require_no_draw(lambda: case.build(TEXTS).search(QUERIES, K), "building or searching")
    return "no global generator is used"


def inputs_unchanged(case: Case) -> str:
    """Whether the vectors of queries and items are as they were."""
    index = case.build(TEXTS)
    queries = index.encoder.encode(QUERIES)
    before, stored = queries.copy(), np.array(index.vectors)
    index.search_vectors(queries, K)
    require(np.array_equal(queries, before), "a search changes the vectors of the queries")
    require(np.array_equal(index.vectors, stored), "a search changes the vectors of the index")
    return "vectors are unchanged"


def invalid(case: Case) -> str:
    """Whether a k that is not positive, and vectors of another width or with NaN, are refused."""
    index = case.build(TEXTS)
    _require_refused(lambda: index.search(["a"], 0), "k 0")
    _require_refused(lambda: index.search_vectors(np.zeros((1, DIM + 1)), 1), "vectors of another width")
    _require_refused(lambda: index.search_vectors(np.full((1, DIM), np.nan), 1), "vectors with NaN")
    return "refused with an error"


def _require_refused(act: Callable[[], object], what: str) -> None:
    try:
        act()
    except SeqTwinError:
        return
    raise NotMetError(f"{what} raised no SeqTwinError")


def _every_score(index: Index, queries: list[str]) -> np.ndarray:
    return index.encoder.similarity(index.encoder.encode(queries), np.asarray(index.vectors))


def _loop(index: Index, queries: list[str], k: int) -> list[list[int]]:
    """The rows of the k best items of each query, by sorting every score."""
    return [np.argsort(-own, kind="stable")[:k].tolist() for own in _every_score(index, queries)]


def _require_same(hits: Hits, rows: np.ndarray, where: str) -> None:
    require(np.array_equal(hits.rows, rows), f"the hits differ {where}")
