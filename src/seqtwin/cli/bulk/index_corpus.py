"""`index --dask`: an index of a corpus of many files, whose texts are encoded on a cluster."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cli import console
from seqtwin.cli.arguments import check_gaps
from seqtwin.cli.bulk.cluster_work import encode_into, opened, stopped_line
from seqtwin.cli.bulk.dask_option import refuse_folder
from seqtwin.cli.bulk.encode_corpus import texts_in
from seqtwin.cli.index_inputs import Corpus, Read, check_column, corpus_line, read_corpus
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from seqtwin.inference.base_encoder import BaseEncoder


def check_index(encoder: Path, corpus: Path, column: str | None, *, add: bool, remove: bool, dask: str | None) -> None:
    """The arguments of `index`, before the encoder is loaded, which takes seconds. Raises: ConfigError, DataError."""
    if add and remove:
        raise ConfigError("INDEX_WHAT", "expected --add or --remove, got both", place="index")
    if dask is not None and remove:
        raise ConfigError("INDEX_WHAT", "--remove encodes nothing", place="index", remedy="leave --dask out")
    refuse_folder(corpus, dask)
    if dask is None and not remove:
        check_column(encoder, corpus, column)


@contextmanager
def read_items(
    model: "BaseEncoder", read: Read, encoder: Path, out: Path, dask: str | None
) -> "Iterator[tuple[Corpus, np.ndarray | None]]":
    """The items to index; with --dask those of all files, and their vectors: float32 [rows, dim], NaN for a blank text.

    Raises: SeqTwinError.
    """
    if dask is None:
        rows = read_corpus(model, read.path, read.column, read.id_column, read.metadata, check_gaps(read.gaps))
        console.print_summary([corpus_line(read.path, rows, read.column, read.id_column)])
        yield rows, None
        return
    with _encoded(model, read, encoder, out, dask) as encoded:
        yield encoded


@contextmanager
def _encoded(
    model: "BaseEncoder", read: Read, encoder: Path, out: Path, dask: str
) -> "Iterator[tuple[Corpus, np.ndarray]]":
    """The items of all files with their vectors, which are kept until the block ends without an error."""
    from seqtwin.bulk.check_parts import parts_of
    from seqtwin.bulk.encode_parts import read_vectors
    from seqtwin.inference.vector_files import parquet_library

    parquet_library()
    files = texts_in(model, read.path, out)
    # before the texts are encoded: a wrong column of ids must not be found afterwards
    items = [read_corpus(model, path, read.column, read.id_column, read.metadata) for path in files.files]
    kept = out.with_name(f".{out.name}.parts")
    parts = parts_of(files, kept, read.column, None)
    with opened(dask, model, encoder, lambda: stopped_line(kept, parts)) as workers:
        console.print_summary([workers.line(f"index: {out}")])
        checked, _ = encode_into(workers, files, parts, kept)
    yield _joined(items), read_vectors(checked, model.dim)
    shutil.rmtree(kept, ignore_errors=True)


def _joined(parts: Sequence[Corpus]) -> Corpus:
    """The items of all parts in order."""
    ids = None if parts[0].ids is None else [one for part in parts for one in part.ids or ()]
    names = list(parts[0].metadata)
    metadata = {name: [value for part in parts for value in part.metadata[name]] for name in names}
    return Corpus([item for part in parts for item in part.items], ids, metadata)
