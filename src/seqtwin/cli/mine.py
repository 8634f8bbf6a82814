"""The command mine: hard negatives for training."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Columns,
    Encoder,
    Json,
    Quoting,
    column_options,
    refuse_taken,
    require_texts,
    with_columns,
)

LabelledPairs = Annotated[Path, typer.Argument(help="labelled pairs, or texts with their class", metavar="PAIRS")]
MinedFile = Annotated[
    Path, typer.Option("--out", "-o", help="output file with the columns left, right and label (.csv)", metavar="FILE")
]
Ranks = Annotated[
    tuple[int, int],
    typer.Option(help="take negatives from ranks FIRST to LAST of the nearest texts", metavar="FIRST LAST"),
]
Margin = Annotated[
    float,
    typer.Option(
        help="treat a text as a suspect, not a negative, if its score exceeds the nearest positive's by more than this",
        metavar="NUMBER",
    ),
]
PerAnchor = Annotated[int, typer.Option(help="maximum number of negatives per left text", metavar="N")]
Suspects = Annotated[
    Path | None,
    typer.Option(
        help="output file with suspects: likely positives that are not labelled as such (.csv)", metavar="FILE"
    ),
]


@with_columns
def mine(
    encoder: Encoder,
    pairs: LabelledPairs,
    out: MinedFile,
    ranks: Ranks = (1, 50),
    margin: Margin = 0.1,
    per_anchor: PerAnchor = 1,
    suspects: Suspects = None,
    columns: Columns = NO_COLUMNS,
    quoting: Quoting = None,
    as_json: Json = False,
) -> None:
    """Find hard negatives: non-matching texts that the encoder scores almost as high as matching ones.

    The output includes the positives, so you can train on it directly. Mine only from training pairs; otherwise test
    data leaks into training.

    seqtwin mine runs/small/encoder train.csv -o harder.csv --suspects suspects.csv
    """
    from seqtwin.cli.entry.output_groups import publish_together
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.inference.trained_encoder import load
    from seqtwin.matching.match_files import pairs_csv, read_labelled
    from seqtwin.matching.mine import mine as find_negatives

    refuse_taken(out, suspects)
    model = require_texts(load(encoder), "mine")
    inspection = inspect_data(pairs, column_options(columns, quoting=quoting))
    console.print_summary(seen_lines(inspection))
    labelled = read_labelled(inspection)
    with console.rows_bar("comparing") as on_rows:
        mined = find_negatives(
            model, *labelled, rank_range=ranks, margin=margin, per_anchor=per_anchor, on_rows=on_rows
        )
    found = {suspects: pairs_csv(mined.suspects, "score")} if suspects else {}
    publish_together({out: pairs_csv(mined.rows(), "label"), **found})
    counts = {"positives": len(mined.positives), "negatives": len(mined.negatives), "suspects": len(mined.suspects)}
    written = [str(path) for path in (out, suspects) if path]
    if as_json:
        console.print_json({**counts, "written": written})
        return
    console.print_line(", ".join(f"{count} {name}" for name, count in counts.items()))
    for name in written:
        console.print_line(name)
