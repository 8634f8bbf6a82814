"""Commands for lists of names: dedupe one, link two, mine hard negatives for the next training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    Column,
    Encoder,
    Json,
    Label,
    Labels,
    Left,
    Quoting,
    Right,
    Scale,
    Text,
    asked_of,
    checked_quoting,
)

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder
    from seqtwin.matching.dedupe import Deduped
    from seqtwin.matching.link import Links

Threshold = Annotated[float | None, typer.Option(help="lowest score that counts as the same; else the encoder's own")]
Near = Annotated[int, typer.Option("-k", help="nearest texts of the right list considered per row")]
_NEAREST = "link the k nearest of each text; default: 3, and whole groups of up to 16 close texts"


def dedupe(
    encoder: Encoder,
    file: Annotated[Path, typer.Argument(help="a table, or a text a line (.txt)")],
    column: Column = None,
    quoting: Quoting = None,
    threshold: Threshold = None,
    k: Annotated[int | None, typer.Option("-k", help=_NEAREST)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="the table with its clusters (.csv)")] = None,
    review: Annotated[Path | None, typer.Option(help="doubtful pairs for a person to decide (.csv)")] = None,
    decisions: Annotated[Path | None, typer.Option(help="a review file with decisions in it")] = None,
    ask: Annotated[int, typer.Option(help="how many doubtful pairs the review file asks about")] = 200,
    as_json: Json = False,
) -> None:
    """Find rows of a list that are the same thing.

    Texts that consist of the same tokens are the same. Others are linked when each is among the nearest of the other
    and their score reaches the threshold; clusters are what links connect. A row without a text stays alone, and so
    does a text of which the encoder knows no token, unless it is spelled the same.

    In the review file, write "same" or "different" beside a pair and give it back with --decisions: it joins and
    separates before any score does. Cells are written as they were read, also those a spreadsheet takes for a formula
    (they begin with =, +, - or @).

    seqtwin dedupe runs/small/encoder names.csv --column name -o clusters.csv --review review.csv
    """
    from seqtwin.files import publish_text
    from seqtwin.inference.trained_encoder import load
    from seqtwin.matching.decisions import read_decisions
    from seqtwin.matching.dedupe import dedupe as find
    from seqtwin.matching.match_files import clusters_csv, read_listed, review_csv

    _refuse_taken(out, review)
    model = _of_texts(load(encoder), "dedupe")
    listed = read_listed(file, column, quoting=checked_quoting(quoting))
    console.show_understood(listed.understood)
    decided = read_decisions(decisions) if decisions else []
    with console.rows_bar("comparing") as on_rows:
        found = find(model, listed.texts, threshold=threshold, k=k, decisions=decided, on_rows=on_rows)
    if out:
        publish_text(out, clusters_csv(listed, found))
    if review:
        publish_text(review, review_csv(listed.texts, found, decided, ask))
    _show_clusters(found, as_json, [path for path in (out, review) if path])


def _show_clusters(found: "Deduped", as_json: bool, written: list[Path]) -> None:
    clusters, joined, largest = found.at(found.threshold)
    others = [{"threshold": t, **_counts(*found.at(t))} for t in found.other_thresholds()]
    facts: dict[str, Any] = {"rows": len(found.cluster), "threshold": found.threshold}
    facts |= {**_counts(clusters, joined, largest), "unknown_decisions": found.strangers}
    facts |= {"blank_rows": found.blank, "unread_rows": found.unread, "links_cut_by_k": found.cut.pairs}
    if as_json:
        console.say_json({**facts, "other_thresholds": others, "written": [str(path) for path in written]})
    else:
        console.say(f"{facts['rows']} rows at threshold {found.threshold:.4g}: {clusters} clusters of two or more rows")
        lines = [{"threshold": found.threshold, **_counts(clusters, joined, largest)}, *others]
        lines.sort(key=lambda line: -line["threshold"])
        console.say(console.table(list(lines[0]), [[f"{value:.4g}" for value in line.values()] for line in lines]))
        for path in written:
            console.say(str(path))
    _say_left_alone(found.blank, found.unread, len(found.cluster), "each stays alone")
    if found.cut.pairs:
        count = f"{'at least ' if found.cut.more else ''}{found.cut.pairs}"
        cause = f"k left out {count} links between clusters that reach the threshold"
        console.complain(f"{cause}; -k {found.cut.k} links them, and may chain unlike rows")
    if found.strangers:
        console.complain(f"decisions about texts that are not in the list: {found.strangers}")
    if found.lumped:
        lowest = found.lowest_without_lump()
        remedy = "give a higher --threshold" if lowest is None else f"give --threshold {lowest:.2f} or higher"
        cause = f"the largest cluster holds {largest} rows: weak links chain unlike rows together"
        console.complain(f"warning: {cause}; {remedy}")


def _say_left_alone(blank: int, unread: int, rows: int, consequence: str) -> None:
    from seqtwin.inference.blank_texts import blank_line

    if blank:
        console.complain(blank_line(blank, rows, consequence))
    if unread:
        remedy = "matched only with the same spelling"
        console.complain(f"the encoder knows no token in {unread} of {rows} rows: {remedy}")


def _counts(clusters: int, joined: int, largest: int) -> dict[str, int]:
    return {"clusters": clusters, "rows_in_clusters": joined, "largest": largest}


def link(
    encoder: Encoder,
    left: Annotated[Path, typer.Argument(help="a table, or a text a line (.txt): each of its rows gets a match")],
    right: Annotated[Path, typer.Argument(help="the list to find the matches in")],
    out: Annotated[Path, typer.Option("--out", "-o", help="the matches (.csv)")],
    left_column: Annotated[
        str | None, typer.Option("--left-column", "--left", help="column of texts on the left; several are joined")
    ] = None,
    right_column: Annotated[
        str | None, typer.Option("--right-column", "--right", help="column of texts on the right; several are joined")
    ] = None,
    quoting: Quoting = None,
    threshold: Threshold = None,
    one_to_one: Annotated[bool, typer.Option("--one-to-one", help="match no row of the right list twice")] = False,
    keep: Annotated[int, typer.Option(help="write so many matches for a row")] = 1,
    k: Near = 10,
    as_json: Json = False,
) -> None:
    """Match the rows of one list with those of another.

    Each row on the left gets the best match on the right, its score, the margin to the next best and whether it is
    mutual; below the threshold it has no match. Texts that consist of the same tokens always match. A row without a
    text has no match and is none. The other columns of both lists are kept. One to one, matches are
    chosen so that their scores are best in sum.

    seqtwin link runs/small/encoder shops.csv register.csv --left-column name --right-column title -o links.csv
    """
    from seqtwin.files import publish_text
    from seqtwin.inference.trained_encoder import load
    from seqtwin.matching.link import link as find
    from seqtwin.matching.match_files import links_csv, read_listed

    _refuse_taken(out)
    model = _of_texts(load(encoder), "link")
    a, b = (
        read_listed(path, name, option, quoting=checked_quoting(quoting))
        for path, name, option in ((left, left_column, "--left-column"), (right, right_column, "--right-column"))
    )
    console.show_understood([*a.understood, *b.understood])
    with console.rows_bar("comparing") as tell:
        found = find(model, a.texts, b.texts, threshold=threshold, one_to_one=one_to_one, keep=keep, k=k, on_rows=tell)
    publish_text(out, links_csv(a, b, found))
    _show_links(found, len(a.texts) + len(b.texts), as_json, out)


def _show_links(found: "Links", every: int, as_json: bool, out: Path) -> None:
    matched, mutual, rows = int(found.matched.sum()), int(found.mutual.sum()), len(found.matched)
    _say_left_alone(sum(found.blank), found.unread, every, "no match")
    if found.cut:
        cause = f"{found.cut} rows have no match although all the texts that k considers reach the threshold"
        console.complain(f"{cause}: others took them; a larger -k considers more")
    if as_json:
        facts = {"rows": rows, "matched": matched, "mutual": mutual, "threshold": found.threshold, "written": str(out)}
        left, right = found.blank
        blank = {"blank_rows": {"left": left, "right": right}, "unread_rows": found.unread}
        console.say_json({**facts, **blank, "rows_cut_by_k": found.cut})
        return
    console.say(f"{matched} of {rows} rows have a match at threshold {found.threshold:.4g}, {mutual} of them mutual")
    console.say(str(out))


def mine(
    encoder: Encoder,
    pairs: Annotated[Path, typer.Argument(help="labelled pairs, or texts with their class")],
    out: Annotated[Path, typer.Option("--out", "-o", help="left, right, label (.csv)")],
    ranks: Annotated[tuple[int, int], typer.Option(help="first and last rank a negative may have")] = (1, 50),
    margin: Annotated[float, typer.Option(help="nearer than the positive by more than this is a suspect")] = 0.1,
    per_anchor: Annotated[int, typer.Option(help="most negatives for a left text")] = 1,
    suspects: Annotated[Path | None, typer.Option(help="possible positives nobody labelled (.csv)")] = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
    quoting: Quoting = None,
    as_json: Json = False,
) -> None:
    """Find hard negatives: different texts the encoder takes for nearly the same.

    They are written beside the positives, ready for the next training. Mine from training pairs alone, or the test
    leaks.

    seqtwin mine runs/small/encoder train.csv -o harder.csv --suspects suspects.csv
    """
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.files import publish_text
    from seqtwin.inference.trained_encoder import load
    from seqtwin.matching.match_files import pairs_csv, read_labelled
    from seqtwin.matching.mine import mine as find

    _refuse_taken(out, suspects)
    model = _of_texts(load(encoder), "mine")
    seen = inspect_data(pairs, asked_of(left, right, label, labels, text, scale, quoting=quoting))
    console.show_understood(seen_lines(seen))
    labelled = read_labelled(seen)
    with console.rows_bar("comparing") as on_rows:
        found = find(model, *labelled, rank_range=ranks, margin=margin, per_anchor=per_anchor, on_rows=on_rows)
    publish_text(out, pairs_csv(found.rows(), "label"))
    if suspects:
        publish_text(suspects, pairs_csv(found.suspects, "score"))
    counts = {"positives": len(found.positives), "negatives": len(found.negatives), "suspects": len(found.suspects)}
    written = [str(path) for path in (out, suspects) if path]
    if as_json:
        console.say_json({**counts, "written": written})
        return
    console.say(", ".join(f"{count} {name}" for name, count in counts.items()))
    for name in written:
        console.say(name)


def _of_texts(model: "TrainedEncoder", command: str) -> "TrainedEncoder":
    """The encoder, when it reads texts."""
    from seqtwin.errors import ConfigError

    if model.inputs != "tokens":
        remedy = "for the nearest series: seqtwin index, then seqtwin search"
        raise ConfigError(
            "ENCODE_INPUTS", "an encoder of series, where texts are compared", place=command, remedy=remedy
        )
    return model


def _refuse_taken(*paths: Path | None) -> None:
    """Before the work: a result never overwrites a file."""
    from seqtwin.errors import ConfigError
    from seqtwin.files import refuse_existing

    named = [path for path in paths if path]
    if len(set(named)) < len(named):
        raise ConfigError("OUT_TWICE", "two results under one name", place=str(named[0]), remedy="name two files")
    for path in named:
        refuse_existing(path)
