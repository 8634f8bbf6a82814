"""Commands that find: index and search."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Column, Encoder, Gaps, Json, checked_gaps
from seqtwin.cli.index_inputs import Listed, corpus_line, read_corpus, read_lines, read_queries
from seqtwin.errors import ConfigError, SeqTwinError

if TYPE_CHECKING:
    from seqtwin.index.hits import Hit
    from seqtwin.index.index import Index

SHOWN = 72
PROMPT = "query (an empty line ends): "


def index(
    encoder: Encoder,
    corpus: Annotated[Path, typer.Argument(help="a text a line (.txt), or a table with --column; ids with --remove")],
    out: Annotated[Path, typer.Option("--out", "-o", help="the folder of the index")],
    column: Column = None,
    id_column: Annotated[str | None, typer.Option("--id", help="the column of ids; the row number otherwise")] = None,
    metadata: Annotated[list[str] | None, typer.Option(help="a column to keep with each text; repeatable")] = None,
    gaps: Gaps = "error",
    kind: Annotated[str, typer.Option(help="exact; or hnsw, ivfpq: approximate, for some 100,000 texts on")] = "exact",
    add: Annotated[bool, typer.Option("--add", help="add the texts to the index that is there")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="remove the items whose ids the file lists")] = False,
    as_json: Json = False,
) -> None:
    """Build a search index of a list of texts, or change one: a new generation, while readers keep the old one.

    Rows without a text are left out and counted; the row numbers used as ids count them.

    An encoder of series reads a long table (series_id, t, ch0, ch1, ...) or a .ts file; ids and labels are kept.

    seqtwin index runs/small/encoder names.txt -o runs/names
    """
    from seqtwin.index.index import Index
    from seqtwin.inference.trained_encoder import load

    if add and remove:
        raise ConfigError("INDEX_WHAT", "expected --add or --remove, got both", place="index")
    loaded = load(encoder)
    found = Index.load(out, loaded) if add or remove else None
    before, rows = len(found or ()), Listed([], None, {})
    if found is None:
        _refuse_index(out)
    if found is not None and remove:
        found.remove(read_lines(corpus, id_column or column))
    else:
        rows = read_corpus(loaded, corpus, column, id_column, metadata or [], checked_gaps(gaps))
        console.show_understood([corpus_line(corpus, rows, column, id_column)])
        show = not as_json
        if found is None:
            found = Index.build(loaded, rows.items, rows.ids, rows.metadata, kind, show_progress_bar=show)
        else:
            found.add(rows.items, rows.ids, rows.metadata, show_progress_bar=show)
    name = found.save(out, encoder_at=encoder)
    given = len(rows.items)
    _say_index(found, out, name, (given - len(found) + before if given else 0, given), as_json)


def search(
    folder: Annotated[Path, typer.Argument(help="the folder of an index", metavar="INDEX")],
    queries: Annotated[list[str] | None, typer.Argument(help="texts to find; asked for when there are none")] = None,
    file: Annotated[Path | None, typer.Option("--queries", help="a file of queries: texts, a table, or series")] = None,
    column: Annotated[str | None, typer.Option(help="the column of queries in a table")] = None,
    k: Annotated[int, typer.Option("-k", help="how many items for each query")] = 10,
    encoder: Annotated[Path | None, typer.Option(help="the encoder of the index, when it was moved")] = None,
    rerank: Annotated[Path | None, typer.Option(help="an encoder that orders the first 100 anew")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a .csv with what was found")] = None,
    as_json: Json = False,
) -> None:
    """Find the nearest texts of an index, scored in the similarity its encoder was trained for.

    seqtwin search runs/names "Muenchen" -k 5
    """
    from seqtwin.files import refuse_existing
    from seqtwin.index.index import Index
    from seqtwin.inference.trained_encoder import load

    if out is not None:
        _check_csv(out)
        refuse_existing(out)
    index = Index.load(folder, load(encoder) if encoder else None)
    asked = read_queries(index.encoder, queries or [], file, column)
    again = load(rerank) if rerank else None
    threshold = getattr(again or index.encoder, "threshold", None)

    def answer(items: list[Any]) -> list[list["Hit"]]:
        return list(index.search(items, k, rerank=again))

    if asked is None:
        _converse(answer, index.columns)
        return
    found = answer(asked.items)
    if out is not None:
        _write(out, asked.names, found, index.columns)
    elif as_json:
        console.say_json({"k": k, "threshold": threshold, "results": _as_dicts(asked.names, found)})
    else:
        for query, hits in zip(asked.names, found, strict=True):
            _show(query, hits, index.columns)


def _refuse_index(out: Path) -> None:
    from seqtwin.files import refuse_existing
    from seqtwin.index.generations import is_index

    if is_index(out):
        cause = "an index is there already, and never overwritten"
        raise ConfigError("OUT_EXISTS", cause, place=str(out), remedy="add --add or --remove, or name another --out")
    if out.is_file():
        refuse_existing(out)


def _say_index(found: "Index", out: Path, name: str, blank: tuple[int, int], as_json: bool) -> None:
    from seqtwin.inference.blank_texts import blank_line

    recall = found.recall
    if blank[0]:
        console.complain(blank_line(*blank, "left out of the index"))
    if as_json:
        measured = None if recall is None else recall.model_dump()
        facts = {"out": str(out), "generation": name, "count": len(found), "dim": found.vectors.shape[1]}
        console.say_json({**facts, "kind": found.kind, "recall": measured, "blank_rows": blank[0]})
        return
    how = found.kind
    if recall is not None:
        how += f", recall@{recall.at} {recall.value:.3f} against exact on {recall.sample} of its items"
    console.say(f"{len(found)} vectors of width {found.vectors.shape[1]} ({how}): {out} {name}")


def _converse(answer: Any, columns: Sequence[str]) -> None:
    for query in _typed():
        try:
            [hits] = answer([query])
        except SeqTwinError as error:
            console.complain(f"error: {error}")
        else:
            _show(query, hits, columns)


def _typed() -> Iterator[str]:
    """The lines typed in, until an empty one."""
    while True:
        sys.stderr.write(PROMPT)
        sys.stderr.flush()
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line


def _show(query: str, hits: Sequence["Hit"], columns: Sequence[str]) -> None:
    console.say(_short(query))
    # no verdict: a threshold fitted on balanced pairs calls far too many of a corpus the same
    head = ["", "score", "id", *columns]
    rows = [[_short(hit.text), f"{hit.score:.4f}", hit.id, *_kept(hit, columns)] for hit in hits]
    console.say(console.table(head, rows) + "\n")


def _short(text: str) -> str:
    """A text as it fits on a line of the terminal."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."


def _kept(hit: "Hit", columns: Sequence[str]) -> list[str]:
    return [_short(str(hit.metadata.get(name, ""))) for name in columns]


def _as_dicts(asked: Sequence[str], found: Sequence[Sequence["Hit"]]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [
        {"query": query.encode("utf-8", "replace").decode("utf-8"), "hits": [asdict(hit) for hit in hits]}
        for query, hits in zip(asked, found, strict=True)
    ]


def _check_csv(out: Path) -> None:
    if out.suffix.lower() != ".csv":
        raise ConfigError("SEARCH_OUT", f"expected a .csv, got '{out.name}'", place="search", remedy="-o found.csv")


def _write(
    out: Path,
    asked: Sequence[str],
    found: Sequence[Sequence["Hit"]],
    columns: Sequence[str],
) -> None:
    from seqtwin.files import publish_text
    from seqtwin.index.hits import hits_csv

    publish_text(out, hits_csv(asked, found, columns))
    console.say(f"{sum(map(len, found))} hits of {len(asked)} queries: {out}")
