"""An index that is changed, saved and loaded."""

import tempfile
from pathlib import Path

import numpy as np

from seqtwin.conformance.battery import NotMetError, require
from seqtwin.conformance.index_results import QUERIES, TEXTS, Case, K
from seqtwin.conformance.table_encoder import TableEncoder
from seqtwin.errors import ConfigError
from seqtwin.index.index import Index
from seqtwin.index.kinds import KINDS, Kind

HALF = len(TEXTS) // 2


def added(case: Case) -> str:
    """Whether an index that items were added to finds what one built at once finds."""
    grown = case.build(TEXTS[:HALF])
    grown.add(TEXTS[HALF:])
    _require_best_first(grown, "after adding items")
    require(len(grown) == len(TEXTS), f"after adding, it has {len(grown)} items, expected {len(TEXTS)}")
    return "added items are found"


def grown_apart(case: Case) -> str:
    """Whether a searcher stays as it is when a larger one is made from it: a search may be running."""
    encoder = TableEncoder("cosine")
    vectors, more = encoder.encode(TEXTS[:HALF]), encoder.encode(TEXTS[HALF:])
    kind: Kind = KINDS[case.name]
    searcher, queries = kind.build("cosine", vectors), encoder.encode(QUERIES)
    before = searcher.search(encoder.similarity, queries, vectors, K).rows.copy()
    searcher.grown(more)
    after = searcher.search(encoder.similarity, queries, vectors, K).rows
    require(np.array_equal(before, after), "a searcher finds other items after grown was called")
    return "the smaller searcher is unchanged"


def removed(case: Case) -> str:
    """Whether removed items are not found again, and all others are."""
    index = case.build(TEXTS)
    index.remove(["0", "4", "8"])
    found = index.search([TEXTS[row] for row in (0, 4, 8)], K).ids
    require(not any({"0", "4", "8"} & set(ids) for ids in found), "a removed item is found")
    require("1" in index.search([TEXTS[1]], 1).ids[0], "an item that was not removed is not found")
    return "removed items are not found"


def save_and_load(case: Case) -> str:
    """Whether a loaded index has the hits and the recall of the saved one."""
    index = case.build(TEXTS)
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "index")
        loaded = Index.load(Path(folder) / "index", TableEncoder("cosine"))
        same = loaded.search(QUERIES, K).ids == index.search(QUERIES, K).ids
        require(same, "a loaded index has other hits than the saved one")
        require(loaded.recall == index.recall, f"its recall is {loaded.recall} after loading, before {index.recall}")
    return "equal after saving and loading"


def changed_after_loading(case: Case) -> str:
    """Whether a loaded index can be changed and saved again."""
    with tempfile.TemporaryDirectory() as folder:
        case.build(TEXTS[:HALF]).save(Path(folder) / "index")
        loaded = Index.load(Path(folder) / "index", TableEncoder("cosine"))
        loaded.add(TEXTS[HALF:])
        loaded.save(Path(folder) / "index")
        again = Index.load(Path(folder) / "index", TableEncoder("cosine"))
        _require_best_first(again, "after loading, adding and saving")
    return "added items are found"


def other_encoder(case: Case) -> str:
    """Whether loading with another encoder, or with another similarity, is refused."""
    with tempfile.TemporaryDirectory() as folder:
        case.build(TEXTS[:HALF]).save(Path(folder) / "index")
        for other in (TableEncoder("cosine", "2"), TableEncoder("dot")):
            try:
                Index.load(Path(folder) / "index", other)
            except ConfigError:
                continue
            raise NotMetError("an index of another encoder is loaded")
    return "refused"


def _require_best_first(index: Index, when: str) -> None:
    """Check that each text of the corpus finds itself."""
    texts = TEXTS[:5] + TEXTS[-5:]
    found = index.search(texts, 1).texts
    require([hits[:1] for hits in found] == [[text] for text in texts], f"a text does not find itself {when}")
