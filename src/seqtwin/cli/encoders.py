"""Commands that put a trained encoder to work: evaluate, encode, score."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin import console
from seqtwin.cli.arguments import Encoder, Json, Scale


def evaluate(encoder: Encoder, data: Path, scale: Scale = None, as_json: Json = False) -> None:
    """Measure an encoder on labelled pairs, with the threshold it brings from its own dev split.

    seqtwin evaluate runs/small/encoder pairs.csv
    """
    from seqtwin.retrieval.encoding import load
    from seqtwin.retrieval.evaluating import evaluate_pairs

    values, undefined = evaluate_pairs(load(encoder), data, scale=scale)
    if as_json:
        console.say_json({"test": values, "undefined": undefined})
        return
    console.say(console.table(["", "test"], [[name, f"{value:.4f}"] for name, value in values.items()]))
    for name, why in undefined.items():
        console.say(f"{name}: undefined ({why})")


def encode(
    encoder: Encoder,
    file: Annotated[Path, typer.Argument(help="a text a line (.txt), or a table with --column")],
    out: Annotated[Path, typer.Option("--out", "-o", help="vectors: .npy, or .csv")],
    column: Annotated[str | None, typer.Option(help="the column of texts in a table")] = None,
) -> None:
    """Write the vector of every text.

    seqtwin encode runs/small/encoder names.txt -o vectors.npy
    """
    from seqtwin.files import publish_bytes, refuse_existing
    from seqtwin.retrieval.encoding import load
    from seqtwin.retrieval.tables import read_texts, vectors_as

    refuse_existing(out)
    vectors = load(encoder).encode(read_texts(file, column))
    publish_bytes(out, vectors_as(out.suffix, vectors))
    console.say(f"{len(vectors)} vectors of width {vectors.shape[1]}: {out}")


def score(
    encoder: Encoder,
    pairs: Annotated[Path, typer.Argument(help="a table of pairs")],
    out: Annotated[Path, typer.Option("--out", "-o", help="a .csv with the scores")],
    left: str = "left",
    right: str = "right",
) -> None:
    """Write the score of every pair, and whether it reaches the threshold.

    seqtwin score runs/small/encoder pairs.csv -o scores.csv
    """
    from seqtwin.data.readers import read_columns
    from seqtwin.files import publish_text, refuse_existing
    from seqtwin.retrieval.encoding import load
    from seqtwin.retrieval.tables import scores_csv

    refuse_existing(out)
    found = load(encoder)
    a, b = read_columns(pairs, [left, right])
    publish_text(out, scores_csv(a, b, found.score(a, b), found.threshold))
    console.say(f"{len(a)} scores: {out}")
