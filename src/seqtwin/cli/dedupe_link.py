"""The commands dedupe and link: duplicates in one list, and matches between two."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    Column,
    Encoder,
    Json,
    Nearest,
    Quoting,
    Threshold,
    check_quoting,
    refuse_taken,
    require_texts,
    with_options,
)
from seqtwin.cli.bulk.dask_option import Dask
from seqtwin.cli.precision_options import (
    Candidates,
    PrecisionOptions,
    choice_facts,
    choose,
    lists_reference,
    print_choice,
    rows_reference,
    sample_text,
)

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder
    from seqtwin.matching.decisions import Decision
    from seqtwin.matching.dedupe import Deduped
    from seqtwin.matching.link import Links
    from seqtwin.matching.threshold_choice import Choice

NO_PRECISION = PrecisionOptions()
Rerank = Annotated[
    bool,
    typer.Option("--rerank", help="score by the encoder's re-ranker; scores and thresholds are then probabilities"),
]
MANY = "with --dask also a folder, or a pattern such as 'parts/*.csv'"
RowFile = Annotated[
    Path, typer.Argument(help=f"a table, or a .txt file with one text per line; {MANY}", metavar="FILE")
]
ClustersFile = Annotated[
    Path | None, typer.Option("--out", "-o", help="output file with the clusters (.csv)", metavar="FILE")
]
ReviewFile = Annotated[
    Path | None, typer.Option(help="output file with uncertain pairs for manual review (.csv)", metavar="FILE")
]
DecisionsFile = Annotated[Path | None, typer.Option(help="reviewed file with your decisions (.csv)", metavar="FILE")]
Ask = Annotated[int, typer.Option(help="number of pairs to review or label", metavar="N")]
Near = Annotated[
    int, typer.Option("-k", help="number of nearest texts in the right list to consider for each row", metavar="N")
]
LeftList = Annotated[
    Path,
    typer.Argument(
        help=f"a table, or a .txt file with one text per line; a match is sought for each row; {MANY}", metavar="LEFT"
    ),
]
RightList = Annotated[Path, typer.Argument(help="list to search for matches", metavar="RIGHT")]
LinksFile = Annotated[Path, typer.Option("--out", "-o", help="output file with the matches (.csv)", metavar="FILE")]
OneToOne = Annotated[bool, typer.Option("--one-to-one", help="match each row of the right list at most once")]
Keep = Annotated[int, typer.Option(help="number of matches written per row", metavar="N")]
LeftColumn = Annotated[
    str | None,
    typer.Option(
        "--left-column",
        "--left",
        help="column with the left text, or several: title,brand",
        metavar="NAME",
    ),
]
RightColumn = Annotated[
    str | None,
    typer.Option(
        "--right-column",
        "--right",
        help="column with the right text, or several: title,brand",
        metavar="NAME",
    ),
]


@partial(with_options, group=PrecisionOptions)
def dedupe(
    encoder: Encoder,
    file: RowFile,
    column: Column = None,
    quoting: Quoting = None,
    threshold: Threshold = None,
    k: Nearest = None,
    rerank: Rerank = False,
    asked: PrecisionOptions = NO_PRECISION,
    out: ClustersFile = None,
    review: ReviewFile = None,
    decisions: DecisionsFile = None,
    ask: Ask = 200,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Find rows of a list that refer to the same thing.

    Texts with identical tokens are always treated as the same. Two other texts are linked if each is among the other's
    nearest texts and their score reaches the threshold. Linked texts form a cluster. A row with no text forms a cluster
    of its own. A text with no known tokens is linked only to identically spelled texts.

    In the review file, write "same" or "different" next to a pair and pass the file with --decisions. Decisions take
    precedence over scores. A cell that begins with =, +, - or @ gets an apostrophe in front, because a spreadsheet
    would treat it as a formula. --decisions and --labels read it without; with --raw nothing is changed.

    To reach a given precision, label a --sample file in the same way; pass it with --labels and --precision.

    seqtwin dedupe runs/small/encoder names.csv --column name -o clusters.csv --review review.csv
    """
    from seqtwin.cli.bulk.match_corpora import comparing, read_rows
    from seqtwin.cli.entry.output_groups import publish_wanted
    from seqtwin.matching.dedupe import compare_rows
    from seqtwin.matching.match_files import clusters_csv, review_csv

    asked.check(threshold)
    _check_outputs(dask, (file,), out, review, asked.sample)
    model, decided = _load_texts(encoder, "dedupe"), _read_decided(decisions)
    rows = read_rows(file, column, "--column", check_quoting(quoting), dask)
    limit = asked.limit(model, threshold, rerank=rerank)
    with comparing(dask, model, encoder, (out, review, asked.sample)) as (engine, show):
        compared = compare_rows(model, rows.texts, k=k, decisions=decided, rerank=rerank, on_rows=show, engine=engine)
    pairs = Candidates(rows.texts, rows.texts, compared.candidates, partial(rows_reference, model, k, rerank))
    limit, choice, labelled = choose(asked, pairs, limit)
    decided += labelled
    deduped = compared.decide(decided).deduped(limit)
    asks, sample = partial(review_csv, rows.texts, deduped, decided, ask), partial(sample_text, pairs, limit, ask)
    written = publish_wanted({out: partial(clusters_csv, rows, deduped), review: asks, asked.sample: sample})
    _print_clusters(deduped, choice, as_json, written)
    _print_warnings(deduped)


def _check_outputs(dask: str | None, inputs: Sequence[Path], *outputs: Path | None) -> None:
    """Raises: ConfigError for an output that exists, that would be a file of an input, and for none with `dask`."""
    from seqtwin.cli.bulk.match_corpora import check_outputs

    refuse_taken(*outputs)
    check_outputs(dask, inputs, outputs)


def _load_texts(encoder: Path, command: str) -> "TrainedEncoder":
    from seqtwin.inference.trained_encoder import load

    return require_texts(load(encoder), command)


def _read_decided(path: Path | None) -> "list[Decision]":
    from seqtwin.matching.decisions import read_decisions

    return read_decisions(path) if path else []


def _print_clusters(deduped: "Deduped", choice: "Choice | None", as_json: bool, written: list[Path]) -> None:
    at_threshold = _counts(deduped, deduped.threshold)
    others = [_counts(deduped, threshold) for threshold in deduped.other_thresholds()]
    rows = len(deduped.cluster)
    if as_json:
        facts = {"rows": rows, **at_threshold, "unknown_decisions": deduped.strangers, "blank_rows": deduped.blank}
        facts |= {"unread_rows": deduped.unread, "links_cut_by_k": deduped.cut.pairs}
        named = {"other_thresholds": others, **choice_facts(choice), "written": [str(path) for path in written]}
        console.print_json({**facts, **named})
        return
    clusters = f"{(n := at_threshold['clusters'])} cluster{'' if n == 1 else 's'} of two or more rows"
    console.print_line(f"{rows} rows at threshold {deduped.threshold:.4g}: {clusters}")
    lines = sorted([at_threshold, *others], key=lambda line: -line["threshold"])
    console.print_line(console.table(list(lines[0]), [[f"{value:.4g}" for value in line.values()] for line in lines]))
    print_choice(choice)
    for path in written:
        console.print_line(str(path))


def _print_warnings(deduped: "Deduped") -> None:
    _report_unmatched(deduped.blank, deduped.unread, len(deduped.cluster), "each stays in a cluster of its own")
    if deduped.cut.pairs:
        count = f"{'at least ' if deduped.cut.more else ''}{deduped.cut.pairs}"
        cause = f"links between clusters that reach the threshold but were left out because of k: {count}"
        console.print_notice(f"{cause}; -k {deduped.cut.k} includes them, but may chain unrelated rows")
    if deduped.strangers:
        console.print_notice(f"decisions about texts that are not in the list: {deduped.strangers}")
    if deduped.lumped:
        lowest = deduped.lowest_without_lump()
        remedy = "set a higher --threshold" if lowest is None else f"set --threshold {lowest:.2f} or higher"
        cause = f"the largest cluster has {deduped.at(deduped.threshold)[2]} rows: weak links chain unrelated rows"
        console.print_notice(f"warning: {cause}; {remedy}")


def _report_unmatched(blank: int, unread: int, rows: int, consequence: str) -> None:
    from seqtwin.inference.blank_texts import blank_line

    if blank:
        console.print_notice(blank_line(blank, rows, consequence))
    if unread:
        consequence = "they only match texts with the same spelling"
        console.print_notice(f"the encoder knows no token in {unread} of {rows} rows: {consequence}")


def _counts(deduped: "Deduped", threshold: float) -> dict[str, float]:
    clusters, rows, largest = deduped.at(threshold)
    return {"threshold": threshold, "clusters": clusters, "rows_in_clusters": rows, "largest": largest}


@partial(with_options, group=PrecisionOptions)
def link(
    encoder: Encoder,
    left: LeftList,
    right: RightList,
    out: LinksFile,
    left_column: LeftColumn = None,
    right_column: RightColumn = None,
    quoting: Quoting = None,
    threshold: Threshold = None,
    one_to_one: OneToOne = False,
    keep: Keep = 1,
    k: Near = 10,
    rerank: Rerank = False,
    asked: PrecisionOptions = NO_PRECISION,
    ask: Ask = 200,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Match the rows of one list with those of another.

    For each row of the left list, the output contains the best match in the right list, its score, the margin over the
    second best, and whether the match is mutual. A row has no match if no score reaches the threshold. Texts with
    identical tokens always match. A row with no text is never matched. All columns of both lists are kept. With
    --one-to-one, the matches are chosen to maximise the sum of (score - threshold).

    seqtwin link runs/small/encoder shops.csv register.csv --left-column name --right-column title -o links.csv
    """
    from seqtwin.cli.bulk.match_corpora import comparing, read_rows
    from seqtwin.cli.entry.output_groups import publish_wanted
    from seqtwin.matching.link import check_keep, compare_lists
    from seqtwin.matching.match_files import links_csv

    asked.check(threshold, one_to_one=one_to_one)
    check_keep(keep, one_to_one=one_to_one)
    _check_outputs(dask, (left, right), out, asked.sample)
    model = _load_texts(encoder, "link")
    a, b = (
        read_rows(path, name, option, check_quoting(quoting), dask)
        for path, name, option in ((left, left_column, "--left-column"), (right, right_column, "--right-column"))
    )
    limit = asked.limit(model, threshold, rerank=rerank)
    with comparing(dask, model, encoder, (out, asked.sample)) as (engine, on_rows):
        compared = compare_lists(model, a.texts, b.texts, keep=keep, k=k, rerank=rerank, on_rows=on_rows, engine=engine)
        pairs = Candidates(a.texts, b.texts, compared.candidates, partial(lists_reference, model, keep, k, rerank))
        limit, choice, _ = choose(asked, pairs, limit)
        links = compared.links(limit, one_to_one=one_to_one)
    sample = partial(sample_text, pairs, limit, ask)
    written = publish_wanted({out: partial(links_csv, a, b, links), asked.sample: sample})
    _print_links(links, choice, len(a.texts) + len(b.texts), as_json, written)


def _print_links(links: "Links", choice: "Choice | None", total: int, as_json: bool, written: list[Path]) -> None:
    matched, mutual, rows = int(links.matched.sum()), int(links.mutual.sum()), len(links.matched)
    _report_unmatched(sum(links.blank), links.unread, total, "no match")
    if links.cut:
        cause = f"{links.cut} rows have no match: their k nearest texts are matched with other rows"
        console.print_notice(f"{cause}; a larger -k considers more texts")
    if as_json:
        facts = {
            "rows": rows,
            "matched": matched,
            "mutual": mutual,
            "threshold": links.threshold,
            "written": str(written[0]),
        }
        left, right = links.blank
        blank = {"blank_rows": {"left": left, "right": right}, "unread_rows": links.unread}
        sample = {"sample": str(written[1])} if written[1:] else {}
        console.print_json({**facts, **sample, **blank, "rows_cut_by_k": links.cut, **choice_facts(choice)})
        return
    matches = f"{matched} of {rows} rows have a match at threshold {links.threshold:.4g}"
    console.print_line(f"{matches}, {mutual} of them mutual")
    print_choice(choice)
    for path in written:
        console.print_line(str(path))
