"""`encode --dask`: a corpus of many files becomes a Parquet data set."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cli import console
from seqtwin.cli.bulk.cluster_work import encode_into, memory_line, opened, stopped_line
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.bulk.corpus_files import Corpus
    from seqtwin.data.files.rows import Quoting
    from seqtwin.inference.base_encoder import BaseEncoder


def encode_corpus(
    model: "BaseEncoder",
    folder: Path,
    given: Path,
    out: Path,
    address: str,
    *,
    column: str | None,
    quoting: "Quoting | None",
    as_json: bool,
) -> None:
    """Encode the files that a path, a folder or a pattern names, on the workers at an address, into the folder `out`.

    Raises: SeqTwinError.
    """
    from seqtwin.bulk.check_parts import parts_of
    from seqtwin.guards.replaced import move_replaced
    from seqtwin.inference.kept_columns import TABLES
    from seqtwin.inference.vector_files import parquet_library

    parquet_library()
    corpus = texts_in(model, given, out)
    if out.suffix.lower() in TABLES:
        cause = f"with --dask the output is a folder of Parquet files, not '{out.name}'"
        raise ConfigError("ENCODE_FOLDER", cause, place=str(out), remedy=f"for example -o {out.with_suffix('')}")
    if out.exists():
        move_replaced(out)
    parts = parts_of(corpus, out, column, quoting)
    with opened(address, model, folder, lambda: stopped_line(out, parts)) as workers:
        console.print_summary([workers.line(f"output: {out}, a Parquet data set of {len(parts)} files")])
        checked, encoded = encode_into(workers, corpus, parts, out)
    rows = sum(one.scanned.rows for one in checked)
    if as_json:
        facts = {"vectors": rows, "dim": model.dim, "out": str(out), "encoder": model.fingerprint}
        counts = {"parts": len(parts), "parts_encoded": encoded.parts, "blank_rows": encoded.blank}
        memory = {"zero_vectors": encoded.zero, "worker_memory": max(encoded.memory.values(), default=None)}
        console.print_json({**facts, **counts, **memory})
        return
    _report(model, encoded.blank, encoded.zero, encoded.rows)
    if encoded.memory:
        console.print_notice(memory_line(encoded))
    console.print_line(f"{rows} vectors of width {model.dim} in {len(parts)} files: {out}")


def texts_in(model: "BaseEncoder", given: Path, out: Path) -> "Corpus":
    """The files of a corpus of texts, none of which is in the output.

    Raises: ConfigError, DataError.
    """
    from seqtwin.bulk.corpus_files import find_files, refuse_inside

    if model.inputs == "series":
        cause = "--dask is for texts, and this is an encoder of series"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(given), remedy="leave --dask out")
    corpus = find_files(given)
    refuse_inside(corpus, out)
    return corpus


def _report(model: "BaseEncoder", blank: int, zero: int, rows: int) -> None:
    from seqtwin.inference.blank_texts import blank_line, zero_line

    if blank:
        vector = "that of one unknown token" if model.empty == "unk" else "missing"
        console.print_notice(blank_line(blank, rows, f"the vector is {vector}"))
    if zero:
        console.print_notice(zero_line(zero, rows))
