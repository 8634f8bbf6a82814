"""Index: builds, searches, changes, loads and saves an index over a corpus."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqtwin.errors import DataError, nearest
from seqtwin.files import dump_json
from seqtwin.index import generations
from seqtwin.index.check_input import (
    check_indexable,
    check_k,
    checked_vectors,
    encode_or_check,
    items_to_store,
    without_blank,
)
from seqtwin.index.corpus import Columns, Items
from seqtwin.index.exact_search import Array
from seqtwin.index.hits import Encoder, Hit, Hits, reranked, reranked_by_probability
from seqtwin.index.index_card import Facts, encoder_folder, path_between, read_facts
from seqtwin.index.kinds import KINDS, Kind, Recall, Searcher, tuned
from seqtwin.index.notebook_card import notebook_card
from seqtwin.inference.inputs import check_texts, list_items
from seqtwin.inference.load import load_either
from seqtwin.inference.reranking import reranker_of
from seqtwin.lookup import member
from seqtwin.paths import expand

__all__ = ["Encoder", "Hit", "Hits", "Index"]

RERANKED = 100


@dataclass(frozen=True)
class _State:
    """The contents of one generation. A search uses one state to its end, even if another thread changes the index."""

    kind: str
    vectors: Array
    items: Items
    searcher: Searcher
    columns: tuple[str, ...]
    next: int
    recall: Recall | None


class Index:
    """An index over the vectors of a corpus. `build` or `load` one; `add` and `remove` change it in memory, `save`
    publishes it as a new generation next to the old one.
    """

    def __init__(self, encoder: Encoder, state: _State, home: tuple[Path, str] | None, encoder_at: Path | None) -> None:
        self.encoder, self._state, self._home, self._encoder_at = encoder, state, home, encoder_at

    @classmethod
    def build(
        cls,
        encoder: Encoder,
        texts: Iterable[object],
        ids: Iterable[object] | None = None,
        metadata: Columns | None = None,
        kind: str = "exact",
        *,
        vectors: Array | None = None,
        show_progress_bar: bool = False,
    ) -> "Index":
        """Build an index of texts or series in memory. Blank texts (None, empty, white space, no token) are left out.

        `ids`: one per text, all different; by default the row numbers, counting blank rows. `metadata`: columns of
        values by name, one value per text. `kind`: exact, hnsw or ivfpq. `vectors`: the vectors of the texts, if this
        encoder has encoded them before.

        Raises: ConfigError for an encoder that no index can serve, an unknown kind, or vectors of another encoder;
        DataError for no texts, repeated ids, or columns that do not fit; MissingExtraError without faiss.
        """
        check_indexable(encoder)
        search_kind: Kind = member(KINDS, kind, "index kind")
        items = list_items(texts)
        given = without_blank(encoder, items, ids, metadata or {}, vectors)
        stored = items_to_store(encoder, given, start=0, known=(), columns=None)
        every = encode_or_check(encoder, given.items, given.vectors, show_progress_bar)
        searcher, recall = tuned(search_kind.build(encoder.similarity_name, every), encoder.similarity, every)
        state = _State(kind, every, stored, searcher, tuple(metadata or {}), len(items), recall)
        return cls(encoder, state, None, None)

    @classmethod
    def load(cls, folder: Path | str, encoder: Encoder | None = None) -> "Index":
        """Load the current generation of an index. Generations published later do not change it.

        `encoder`: the one it was built with; by default loaded from its recorded folder.

        Raises: ConfigError if there is no index or no encoder, or for another encoder; DamagedError.
        """
        path = expand(str(folder))
        generation = generations.open_current(path)
        place = path / generation.name
        shape = (int(generation.vectors.shape[0]), int(generation.vectors.shape[1]))
        facts = read_facts(generation.facts, shape, str(place / generations.FACTS))
        at = None if encoder is not None else encoder_folder(path, facts)
        encoder = load_either(at) if encoder is None and at is not None else encoder
        assert encoder is not None
        facts.check_encoder(encoder, str(path))
        kind: Kind = member(KINDS, facts.kind, "index kind")
        searcher = kind.read(facts.similarity, generation.structure, shape, facts.breadth)
        vectors, items, columns = generation.vectors, generation.items, tuple(facts.columns)
        state = _State(facts.kind, vectors, items, searcher, columns, facts.next, facts.recall)
        return cls(encoder, state, (path, generation.name), at)

    def __len__(self) -> int:
        return len(self._state.items)

    def __repr__(self) -> str:
        place = f"'{self._home[0]}', " if self._home else ""
        return f"Index({place}{len(self):,} items, {self.kind}, {self.encoder.similarity_name})"

    def _repr_html_(self) -> str:
        return notebook_card(repr(self), self.columns, self.items)

    @property
    def kind(self) -> str:
        """The way it searches: exact, hnsw or ivfpq."""
        return self._state.kind

    @property
    def recall(self) -> Recall | None:
        """The measured share of true neighbours that an approximate search finds; None for an exact one."""
        return self._state.recall

    @property
    def vectors(self) -> Array:
        """The vectors, Float[n, dim], in the order of `ids`; read-only."""
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

    def search(self, queries: Iterable[object], k: int = 10, *, rerank: Encoder | int | None = None) -> Hits:
        """The k nearest items of each query, best first, scored by the encoder's similarity.

        `queries`: texts or series, or a single text. `rerank`: a number N re-ranks the first N items (k if that is
        more) by the re-ranker of the encoder; the scores are then probabilities. Another encoder (such as a trained
        pair scorer) re-ranks the first 100 items, with its own scores.

        Raises: ConfigError for a k or N that is not a positive integer, or without a re-ranker; DataError for a query
        that cannot be encoded.
        """
        items = list_items(queries)
        if rerank is None:
            return self.search_vectors(self.encoder.encode(items), k)
        check_k(k)
        if isinstance(rerank, (int, np.integer)):
            check_k(rerank, "rerank")
            return self._search_reranked(items, k, max(k, int(rerank)))
        first = self.search_vectors(self.encoder.encode(items), max(k, RERANKED))
        if not items:
            return Hits(first.rows[:, :k], first.scores[:, :k], first.items)
        neighbours = reranked(rerank, items, first, k)
        return Hits(neighbours.rows, neighbours.scores, first.items)

    def _search_reranked(self, queries: list[object], k: int, first: int) -> Hits:
        reranker, state = reranker_of(self.encoder), self._state
        encoded = self.encoder.encode(queries)
        hits = self._search(state, encoded, first)
        return reranked_by_probability(reranker, check_texts(queries), encoded, state.vectors, hits, k)

    def search_vectors(self, vectors: Array, k: int = 10) -> Hits:
        """The k nearest items of queries that are vectors of this encoder: Float[queries dim].

        Raises: ConfigError for a k that is not a positive integer; DataError for vectors of another width, or vectors
        that are not finite.
        """
        check_k(k)
        return self._search(self._state, vectors, k)

    def _search(self, state: _State, vectors: Array, k: int) -> Hits:
        queries = checked_vectors(vectors, None, state.vectors.shape[1])
        neighbours = state.searcher.search(self.encoder.similarity, queries, state.vectors, k)
        return Hits(neighbours.rows, neighbours.scores, state.items)

    def add(
        self,
        texts: Iterable[object],
        ids: Iterable[object] | None = None,
        metadata: Columns | None = None,
        *,
        vectors: Array | None = None,
        show_progress_bar: bool = False,
    ) -> None:
        """Add items; blank texts are left out. Items without an id get the next row numbers, which are never reused.

        Raises: as `build`; DataError for an id that is in the index already, or for other metadata columns.
        """
        state, items = self._state, list_items(texts)
        given = without_blank(self.encoder, items, ids, metadata or {}, vectors)
        stored = items_to_store(self.encoder, given, state.next, self.ids, state.columns)
        new = encode_or_check(self.encoder, given.items, given.vectors, show_progress_bar)
        every = np.concatenate([state.vectors, new])
        searcher, recall = tuned(state.searcher.grown(new), self.encoder.similarity, every)
        total = state.next + len(items)
        self._state = replace(
            state, vectors=every, items=state.items + stored, searcher=searcher, recall=recall, next=total
        )

    def remove(self, ids: Iterable[object]) -> None:
        """Remove the items with these ids. An approximate structure is rebuilt.

        Raises: DataError for an id that is not in the index, or if no item would be left.
        """
        state, all_ids = self._state, self.ids
        removed = {str(id_) for id_ in ([ids] if isinstance(ids, str) else ids)}
        unknown = sorted(removed - set(all_ids))
        if unknown:
            hint = nearest(unknown[0], all_ids[:10_000])
            raise DataError("INDEX_IDS", f"no item has the id '{unknown[0][:80]}'{hint}", place="index")
        keep = np.array([id_ not in removed for id_ in all_ids], dtype=bool)
        if not keep.any():
            raise DataError("INDEX_EMPTY", "no item would be left; an index needs at least one", place="index")
        vectors = np.asarray(state.vectors)[keep]
        kind: Kind = member(KINDS, state.kind, "index kind")
        built = kind.build(self.encoder.similarity_name, vectors)
        searcher, recall = tuned(built, self.encoder.similarity, vectors)
        self._state = replace(state, vectors=vectors, items=state.items.select(keep), searcher=searcher, recall=recall)

    def save(self, folder: Path | str, *, encoder_at: Path | str | None = None) -> str:
        """Publish the index in a folder and return the name of the generation: the first, or the next if it was loaded
        from there.

        `encoder_at`: the encoder's folder, recorded as a path relative to the index.

        Raises: ConfigError if the folder contains something else; InUseError if another process has changed the index
        since it was loaded; ResourceError.
        """
        path, state = expand(str(folder)), self._state
        at = self._encoder_at if encoder_at is None else expand(str(encoder_at))
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
