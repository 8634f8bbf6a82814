"""An index over the vectors of a corpus: the nearest items of a query, in the similarity its encoder was trained with.

- `check_input`: the items, ids, metadata, vectors and k that an index accepts.
- `corpus`: the items of an index: id, text and metadata.
- `index`: builds, searches, changes, loads and saves an index.
- `kinds`: the ways to search, and the choice of a breadth with good recall.
- `exact_search`: the nearest vectors, exactly.
- `faiss_child`: opens a structure of faiss in a process of its own first.
- `faiss_search`: the nearest vectors, approximately, by faiss.
- `equal_vectors`: rows with the same vector, which are stored once in a structure of faiss.
- `rescore`: candidates ranked by the encoder's own similarity.
- `hits`: the results of a search.
- `index_card`: the facts stored with an index.
- `generations`: the files of an index on disk.
- `notebook_card`: an index as a notebook shows it.
"""
