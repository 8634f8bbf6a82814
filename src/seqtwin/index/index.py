"""An index of a corpus: the nearest items of a query in the similarity its encoder was trained for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.errors import DataError, nearest
from seqtwin.files import dump_json
from seqtwin.index import generations
from seqtwin.index.check_input import check_indexable, check_k, checked_vectors, listed, vectors_of, without_blank
from seqtwin.index.corpus import Columns, Items
from seqtwin.index.exact_search import Array
from seqtwin.index.hits import Encoder, Hit, Hits, reranked
from seqtwin.index.index_card import Facts, path_between, read_facts, remembered
from seqtwin.index.kinds import KINDS, Kind, Recall, Searcher, tuned
from seqtwin.inference.inputs import items_of
from seqtwin.inference.trained_encoder import load
from seqtwin.lookup import member

__all__ = ["Encoder", "Hit", "Hits", "Index"]

RERANKED = 100


@dataclass(frozen=True)
class _State:
    """All of one generation, so that a search that has begun keeps what it began with."""

    kind: str
    vectors: Array
    items: Items
    searcher: Searcher
    columns: tuple[str, ...]
    next: int
    recall: Recall | None


class Index:
    """Vectors of a corpus and what they stand for. `build` or `load` one; `add` and `remove` change it in memory,
    `save` publishes that as a new generation beside the old one.
    """

    def __init__(self, encoder: Encoder, state: _State, home: tuple[Path, str] | None, encoder_at: Path | None) -> None:
        self.encoder, self._state, self._home, self._encoder_at = encoder, state, home, encoder_at

    @classmethod
    def build(
        cls,
        encoder: Encoder,
        texts: Iterable[Any],
        ids: Iterable[Any] | None = None,
        metadata: Columns | None = None,
        kind: str = "exact",
        *,
        vectors: Array | None = None,
        show_progress_bar: bool = False,
    ) -> "Index":
        """An index of these texts (or series), in memory; blank texts (None, empty, white space, no token) left out.

        `ids`: one for each, different ones; otherwise the row number, blank rows counted. `metadata`: columns of
        values, by name.
        `vectors`: those of the texts, where they were made before with this encoder.

        Raises: ConfigError for an encoder no index can serve, an unknown kind, or vectors of another encoder;
        DataError for no texts, ids that stand twice, columns that do not fit; MissingExtraError.
        """
        check_indexable(encoder)
        known: Kind = member(KINDS, kind, "index kind")
        items = items_of(texts)
        given = without_blank(encoder, items, ids, metadata or {}, vectors)
        lines = listed(encoder, given, start=0, known=(), columns=None)
        found = vectors_of(encoder, given.items, given.vectors, show_progress_bar)
        searcher, recall = tuned(known.build(encoder.similarity_name, found), encoder.similarity, found)
        state = _State(kind, found, lines, searcher, tuple(metadata or {}), len(items), recall)
        return cls(encoder, state, None, None)

    @classmethod
    def load(cls, folder: Path | str, encoder: Encoder | None = None) -> "Index":
        """The index of a folder as it holds now; what is published there later changes nothing.

        `encoder`: the one it was built with; loaded from where it was, when it is not given.

        Raises: ConfigError where there is no index or encoder, or for another encoder; DamagedError.
        """
        path = Path(folder)
        opened = generations.open_current(path)
        place = path / opened.name
        shape = (int(opened.vectors.shape[0]), int(opened.vectors.shape[1]))
        facts = read_facts(opened.facts, shape, str(place / generations.FACTS))
        at = None if encoder is not None else remembered(path, facts)
        encoder = load(at) if encoder is None and at is not None else encoder
        assert encoder is not None
        facts.check_encoder(encoder, str(path))
        kind: Kind = member(KINDS, facts.kind, "index kind")
        searcher = kind.read(facts.similarity, opened.structure, shape, facts.breadth)
        state = _State(
            facts.kind, opened.vectors, opened.items, searcher, tuple(facts.columns), facts.next, facts.recall
        )
        return cls(encoder, state, (path, opened.name), at)

    def __len__(self) -> int:
        return len(self._state.items)

    @property
    def kind(self) -> str:
        """How it searches: a name of KINDS."""
        return self._state.kind

    @property
    def recall(self) -> Recall | None:
        """What an approximate search finds of the true neighbours, measured when built; None for an exact one."""
        return self._state.recall

    @property
    def vectors(self) -> Array:
        """Float[n, dim], in the order of `ids`; not to be written."""
        return self._state.vectors

    @property
    def items(self) -> Items:
        """Id, text and metadata by row."""
        return self._state.items

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the metadata."""
        return self._state.columns

    @property
    def ids(self) -> list[str]:
        """The ids, in order."""
        return [item.id for item in self._state.items]

    def search(self, queries: Any, k: int = 10, *, rerank: Encoder | None = None) -> Hits:
        """The k nearest items of each query, best first, scored in the encoder's similarity.

        `rerank`: an encoder (say a trained pair scorer) that puts the first 100 in its own order, with its scores.

        Raises: ConfigError for a k that cannot be; DataError for a query that cannot be encoded.
        """
        asked = items_of(queries)
        if rerank is None:
            return self.search_vectors(self.encoder.encode(asked), k)
        check_k(k)
        first = self.search_vectors(self.encoder.encode(asked), max(k, RERANKED))
        if not asked:
            return Hits(first.rows[:, :k], first.scores[:, :k], first.items)
        found = reranked(rerank, asked, first, k)
        return Hits(found.rows, found.scores, first.items)

    def search_vectors(self, vectors: Array, k: int = 10) -> Hits:
        """The same for queries that are vectors of this encoder: Float[queries dim].

        Raises: ConfigError for a k that cannot be; DataError for vectors of another width, or not finite.
        """
        check_k(k)
        state = self._state
        queries = checked_vectors(vectors, None, state.vectors.shape[1])
        found = state.searcher.search(self.encoder.similarity, queries, state.vectors, k)
        return Hits(found.rows, found.scores, state.items)

    def add(
        self,
        texts: Iterable[Any],
        ids: Iterable[Any] | None = None,
        metadata: Columns | None = None,
        *,
        vectors: Array | None = None,
        show_progress_bar: bool = False,
    ) -> None:
        """Further items, blank texts left out. Those without an id get the next row numbers, which are never given
        twice.

        Raises: as `build`; DataError for an id that is there already, or other metadata than the index has.
        """
        state, items = self._state, items_of(texts)
        given = without_blank(self.encoder, items, ids, metadata or {}, vectors)
        lines = listed(self.encoder, given, state.next, self.ids, state.columns)
        new = vectors_of(self.encoder, given.items, given.vectors, show_progress_bar)
        every = np.concatenate([state.vectors, new])
        searcher, recall = tuned(state.searcher.grown(new), self.encoder.similarity, every)
        total = state.next + len(items)
        self._state = replace(
            state, vectors=every, items=state.items + lines, searcher=searcher, recall=recall, next=total
        )

    def remove(self, ids: Iterable[Any]) -> None:
        """Without these items; an approximate structure is built anew.

        Raises: DataError for an id that is not there, or when nothing would stay.
        """
        state, known = self._state, self.ids
        gone = {str(one) for one in ([ids] if isinstance(ids, str) else ids)}
        unknown = sorted(gone - set(known))
        if unknown:
            hint = nearest(unknown[0], known[:10_000])
            raise DataError("INDEX_IDS", f"no item has the id '{unknown[0][:80]}'{hint}", place="index")
        keep = np.array([one not in gone for one in known], dtype=bool)
        if not keep.any():
            raise DataError("INDEX_EMPTY", "nothing would stay; expected one item or more", place="index")
        vectors = np.asarray(state.vectors)[keep]
        kind: Kind = member(KINDS, state.kind, "index kind")
        built = kind.build(self.encoder.similarity_name, vectors)
        searcher, recall = tuned(built, self.encoder.similarity, vectors)
        self._state = replace(state, vectors=vectors, items=state.items.kept(keep), searcher=searcher, recall=recall)

    def save(self, folder: Path | str, *, encoder_at: Path | str | None = None) -> str:
        """Published in a folder, as its first generation or, when it was loaded from there, as its next; its name.

        `encoder_at`: the encoder's folder, remembered by its path from the index.

        Raises: ConfigError when something else stands there; InUseError when another process has changed it since;
        ResourceError.
        """
        path, state = Path(folder), self._state
        at = self._encoder_at if encoder_at is None else Path(encoder_at)
        contents = {
            generations.VECTORS: generations.npy_bytes(state.vectors),
            generations.ITEMS: state.items.data,
            generations.FACTS: dump_json(self._facts(path_between(path, at)).model_dump()).encode(),
        }
        structure = state.searcher.dump()
        if structure:
            contents[generations.STRUCTURE] = structure
        after = self._home[1] if self._home and self._home[0].resolve() == path.resolve() else None
        name = generations.publish(path, contents, after=after)
        self._home, self._encoder_at = (path, name), at
        return name

    def _facts(self, encoder: str | None) -> Facts:
        state = self._state
        return Facts(
            kind=state.kind,
            similarity=self.encoder.similarity_name,
            fingerprint=self.encoder.fingerprint,
            encoder=encoder,
            dim=int(state.vectors.shape[1]),
            count=len(state.items),
            columns=list(state.columns),
            next=state.next,
            breadth=state.searcher.breadth,
            recall=state.recall,
        )
