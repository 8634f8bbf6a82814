"""The commands index and search."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Column, Encoder, Gaps, Json
from seqtwin.cli.bulk.dask_option import Dask
from seqtwin.cli.entry.waiting import end_waiting
from seqtwin.cli.index_inputs import Item, Read, check_search, note_numbered_ids, read_ids, read_queries, refuse_index
from seqtwin.errors import ConfigError, SeqTwinError

if TYPE_CHECKING:
    from seqtwin.index.hits import Encoder as SecondEncoder
    from seqtwin.index.hits import Hit
    from seqtwin.index.index import Index

SHOWN = 72
PROMPT = "query (empty line to quit): "

CorpusFile = Annotated[
    Path,
    typer.Argument(
        help="a .txt file with one text per line, a table (use --column), or series; with --remove, a file of ids",
        metavar="CORPUS",
    ),
]
IdColumn = Annotated[
    str | None, typer.Option("--id", help="column with the ids; default: the row number", metavar="NAME")
]
Metadata = Annotated[list[str] | None, typer.Option(help="column to store with each text; repeatable", metavar="NAME")]
Kind = Annotated[
    str | None,
    typer.Option(
        help="exact (default), hnsw or ivfpq; the last two are approximate, for more than about 100,000 texts",
        metavar="KIND",
    ),
]
Queries = Annotated[
    list[str] | None,
    typer.Argument(help="texts to search for; if none are given, you are prompted for them", metavar="QUERY"),
]
Rerank = Annotated[
    str | None,
    typer.Option(
        help="re-rank the first N hits by the probability of the encoder's re-ranker; or the first 100 by a second "
        "encoder",
        metavar="N|ENCODER",
    ),
]
QueryFile = Annotated[
    Path | None,
    typer.Option(
        "--queries", help="file of queries: a .txt file, a table (use --column), or a file of series", metavar="FILE"
    ),
]


def index(
    encoder: Encoder,
    corpus: CorpusFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="index folder", metavar="FOLDER")],
    column: Column = None,
    id_column: IdColumn = None,
    metadata: Metadata = None,
    gaps: Gaps = "error",
    kind: Kind = None,
    add: Annotated[bool, typer.Option("--add", help="add the texts to the existing index")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="remove the items whose ids are in the file")] = False,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Build a search index from a list of texts, or change an index with --add or --remove.

    Each change writes a new generation of the index. Processes that use the old one are unaffected.

    Rows with no text are skipped and counted. If row numbers are used as ids, skipped rows have numbers, too.

    A series encoder expects a long table (series_id, t, ch0, ch1, ...) or a .ts file. The index also stores the ids and
    labels of the series.

    With --dask, CORPUS can be a folder or a pattern such as 'parts/*.csv', whose texts the workers encode.

    seqtwin index runs/small/encoder names.txt -o runs/names
    """
    from seqtwin.cli.bulk.index_corpus import check_index, read_items
    from seqtwin.index.index import Index
    from seqtwin.inference.load import load_either

    check_index(encoder, corpus, column, add=add, remove=remove, dask=dask)
    model = load_either(encoder)
    changed = Index.load(out, model) if add or remove else None
    before, items = len(changed or ()), 0
    refuse_index(out, changed, kind)
    with ExitStack() as stack:
        if changed is not None and remove:
            changed.remove(read_ids(corpus, id_column or column))
        else:
            read = Read(corpus, column, id_column, metadata or [], gaps)
            rows, vectors = stack.enter_context(read_items(model, read, encoder, out, dask, changed))
            items, show, given = len(rows.items), not as_json, (rows.items, rows.ids, rows.metadata)
            if changed is not None:
                note_numbered_ids(changed, rows.ids)
                changed.add(*given, vectors=vectors, show_progress_bar=show)
            changed = changed or Index.build(model, *given, kind or "exact", vectors=vectors, show_progress_bar=show)
        generation = changed.save(out, encoder_at=encoder)
    blank = items - len(changed) + before if items else 0
    _print_index(changed, out, generation, (blank, items), as_json)


def search(
    folder: Annotated[Path, typer.Argument(help="index folder", metavar="INDEX")],
    queries: Queries = None,
    file: QueryFile = None,
    column: Annotated[str | None, typer.Option(help="table column that contains the queries", metavar="NAME")] = None,
    k: Annotated[int, typer.Option("-k", help="number of hits per query", metavar="N")] = 10,
    encoder: Annotated[
        Path | None, typer.Option(help="path of the index's encoder, if it has moved", metavar="ENCODER")
    ] = None,
    rerank: Rerank = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="output file with the hits (.csv)", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the nearest texts in an index, using the similarity its encoder was trained with.

    With --rerank N, the first N hits are re-ranked by the encoder's re-ranker (see fit-reranker). Their score is then
    the probability that a hit and the query are the same, and the column similarity has the encoder's score.

    seqtwin search runs/names "Muenchen" -k 5
    """
    from seqtwin.files import refuse_existing
    from seqtwin.index.index import Index
    from seqtwin.inference.load import load_either

    if out is not None:
        _check_csv(out)
        refuse_existing(out)
    check_search(queries or [], file, k)
    reranker = _reranker(rerank)
    index = Index.load(folder, load_either(encoder) if encoder else None)
    asked = read_queries(index.encoder, queries or [], file, column)
    threshold = _threshold(index, reranker)

    def answer(items: Sequence[Item]) -> list[list["Hit"]]:
        return list(index.search(items, k, rerank=reranker))

    if asked is None:
        _prompt(answer, index.columns)
        return
    hits = answer(asked.items)
    if out is not None:
        _write(out, asked.names, hits, index.columns)
    elif as_json:
        console.print_json({"k": k, "threshold": threshold, "results": _as_dicts(asked.names, hits)})
    else:
        for query, own in zip(asked.names, hits, strict=True):
            _print_hits(query, own, index.columns)


def _reranker(typed: str | None) -> "int | SecondEncoder | None":
    """The value of --rerank: a number of hits, or an encoder."""
    from seqtwin.inference.load import load_either

    if typed is None:
        return None
    if typed.isdecimal() and int(typed):
        return int(typed)
    if typed.lstrip("-+").replace(".", "").isdigit():
        cause = f"expected the number of hits to re-rank, 1 or more, or an encoder; got {typed}"
        raise ConfigError("BAD_COUNT", cause, place="--rerank")
    return load_either(typed)


def _threshold(index: "Index", reranker: "int | SecondEncoder | None") -> float | None:
    """The threshold of the scores, of whatever they are."""
    from seqtwin.inference.reranking import reranker_of

    if isinstance(reranker, int):
        return reranker_of(index.encoder).threshold
    return getattr(reranker or index.encoder, "threshold", None)


def _print_index(index: "Index", out: Path, generation: str, blank: tuple[int, int], as_json: bool) -> None:
    """`blank`: the number of rows without a text, and of all rows."""
    from seqtwin.inference.blank_texts import blank_line
    from seqtwin.model.vector_space import count_zero_vectors, zero_vectors_line

    recall, width = index.recall, index.vectors.shape[1]
    if blank[0]:
        console.print_notice(blank_line(*blank, "left out of the index"))
    zeros = count_zero_vectors(index.vectors)
    if line := zero_vectors_line(zeros):
        console.print_notice(f"note: {line}")
    if as_json:
        measured = None if recall is None else recall.model_dump()
        facts = {"out": str(out), "generation": generation, "count": len(index), "dim": width}
        facts |= {"kind": index.kind, "recall": measured, "blank_rows": blank[0], "zero_vectors": zeros}
        console.print_json(facts)
        return
    kind = index.kind
    if recall is not None:
        kind += f", recall@{recall.at} {recall.value:.3f} against exact search, on {recall.sample} of its items"
    console.print_line(f"{len(index)} vectors of width {width} ({kind}): {out} {generation}")


def _prompt(answer: Callable[[Sequence[Item]], list[list["Hit"]]], columns: Sequence[str]) -> None:
    for query in _typed_lines():
        try:
            [hits] = answer([query])
        except SeqTwinError as error:
            console.print_notice(f"error: {error}")
        else:
            _print_hits(query, hits, columns)


def _typed_lines() -> Iterator[str]:
    """The typed lines, up to an empty one."""
    while True:
        end_waiting()
        sys.stderr.write(PROMPT)
        sys.stderr.flush()
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line


def _print_hits(query: str, hits: Sequence["Hit"], columns: Sequence[str]) -> None:
    console.print_line(_shortened(query))
    # no verdict: a threshold chosen on balanced pairs would accept far too many items of a corpus
    both = any(hit.similarity is not None for hit in hits)
    head = ["", "score", *(["similarity"] if both else []), "id", *columns]
    rows = [[_shortened(hit.text), *_scores(hit), hit.id, *_metadata(hit, columns)] for hit in hits]
    console.print_line(console.table(head, rows) + "\n")


def _scores(hit: "Hit") -> list[str]:
    """The score, and the similarity of a hit that was re-ranked by probability."""
    return [f"{score:.4f}" for score in (hit.score, hit.similarity) if score is not None]


def _shortened(text: str) -> str:
    """The text on one line, cut to the width of a terminal."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."


def _metadata(hit: "Hit", columns: Sequence[str]) -> list[str]:
    return [_shortened(str(hit.metadata.get(name, ""))) for name in columns]


def _as_dicts(queries: Sequence[str], hits: Sequence[Sequence["Hit"]]) -> list[Mapping[str, object]]:
    return [
        {"query": query.encode("utf-8", "replace").decode("utf-8"), "hits": [_as_dict(hit) for hit in own]}
        for query, own in zip(queries, hits, strict=True)
    ]


def _as_dict(hit: "Hit") -> dict[str, object]:
    from dataclasses import asdict

    fields: dict[str, object] = asdict(hit)
    if hit.similarity is None:
        del fields["similarity"]
    return fields


def _check_csv(out: Path) -> None:
    if out.suffix.lower() != ".csv":
        raise ConfigError(
            "SEARCH_OUT", f"expected a .csv file, got '{out.name}'", place="search", remedy="for example -o hits.csv"
        )


def _write(out: Path, queries: Sequence[str], hits: Sequence[Sequence["Hit"]], columns: Sequence[str]) -> None:
    from seqtwin.files import publish_text
    from seqtwin.index.hits import hits_csv

    publish_text(out, hits_csv(queries, hits, columns))
    console.print_line(f"{sum(map(len, hits))} hits for {len(queries)} queries: {out}")
