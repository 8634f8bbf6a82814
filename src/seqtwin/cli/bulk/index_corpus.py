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
from seqtwin.errors import ConfigError, SeqTwinError

if TYPE_CHECKING:
    import numpy as np

    from seqtwin.bulk.corpus_files import Corpus as Files
    from seqtwin.index.index import Index
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
    model: "BaseEncoder", read: Read, encoder: Path, out: Path, dask: str | None, changed: "Index | None"
) -> "Iterator[tuple[Corpus, np.ndarray | None]]":
    """The items to index; with --dask those of all files, and their vectors: float32 [rows, dim], NaN for a blank text.

    `changed`: the index that they are for, None for a new one.

    Raises: SeqTwinError.
    """
    if dask is None:
        rows = read_corpus(model, read.path, read.column, read.id_column, read.metadata, check_gaps(read.gaps))
        console.print_summary([corpus_line(read.path, rows, read.column, read.id_column)])
        yield rows, None
        return
    with _encoded(model, read, encoder, out, dask, changed) as encoded:
        yield encoded


@contextmanager
def _encoded(
    model: "BaseEncoder", read: Read, encoder: Path, out: Path, dask: str, changed: "Index | None"
) -> "Iterator[tuple[Corpus, np.ndarray]]":
    """The items of all files with their vectors, which are kept until the block ends without an error."""
    from seqtwin.bulk.check_parts import parts_of
    from seqtwin.bulk.encode_parts import read_vectors
    from seqtwin.inference.vector_files import parquet_library

    parquet_library()
    files = texts_in(model, read.path, out)
    # before the texts are encoded: what is wrong with them must not be found afterwards
    items = _read_all(model, read, files)
    _check_items(items, changed)
    kept = out.with_name(f".{out.name}.parts")
    parts = parts_of(files, kept, read.column, None)
    with opened(dask, model, encoder, lambda: stopped_line(kept, parts)) as workers:
        console.print_summary([workers.line(f"index: {out}")])
        checked, _ = encode_into(workers, files, parts, kept)
    yield items, read_vectors(checked, model.dim)
    shutil.rmtree(kept, ignore_errors=True)


def _read_all(model: "BaseEncoder", read: Read, files: "Files") -> Corpus:
    """The items of all files in order. Raises: ConfigError or DataError with the problems of all files."""
    from seqtwin.bulk.listed_corpora import raise_problems

    parts: list[Corpus] = []
    problems: dict[str, SeqTwinError] = {}
    for path in files.files:
        try:
            parts.append(read_corpus(model, path, read.column, read.id_column, read.metadata))
        except SeqTwinError as error:
            problems[path.relative_to(files.base).as_posix()] = error
    raise_problems(files, problems)
    return _joined(parts)


def _check_items(items: Corpus, changed: "Index | None") -> None:
    """Raises: DataError if no item has a text, and for an id that is used twice or is in the index already."""
    from seqtwin.index.check_input import no_texts
    from seqtwin.index.corpus import check_ids

    present = [bool(str(item).strip()) for item in items.items]
    if not any(present):
        raise no_texts()
    if items.ids is not None:
        ids = [id_ for id_, has_text in zip(items.ids, present, strict=True) if has_text]
        check_ids(ids, [] if changed is None else changed.ids, len(ids))


def _joined(parts: Sequence[Corpus]) -> Corpus:
    """The items of all parts in order."""
    ids = None if parts[0].ids is None else [one for part in parts for one in part.ids or ()]
    names = list(parts[0].metadata)
    metadata = {name: [value for part in parts for value in part.metadata[name]] for name in names}
    return Corpus([item for part in parts for item in part.items], ids, metadata)
