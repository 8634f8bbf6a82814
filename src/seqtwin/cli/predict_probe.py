"""Commands that ask a trained encoder more than vectors: predict with its head, probe what its vectors hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    Column,
    Encoder,
    Gaps,
    Json,
    Label,
    Labels,
    Left,
    Quoting,
    Right,
    Scale,
    Text,
    asked_of,
    checked_gaps,
)

if TYPE_CHECKING:
    from seqtwin.run.linear_probe import Probes


def predict(
    encoder: Encoder,
    file: Annotated[Path, typer.Argument(help="texts: a table with --column; steps: one row a token; series: long")],
    out: Annotated[Path, typer.Option("--out", "-o", help="a .csv: what was read, then what is said of it")],
    column: Column = None,
    sequence: Annotated[str | None, typer.Option(help="the column that names the sequence of a row")] = None,
    token: Annotated[str | None, typer.Option(help="the column of words, one row a word")] = None,
    gaps: Gaps = "error",
    as_json: Json = False,
) -> None:
    """Write the class, the class of every step, or the text that an encoder with a head says of each sequence.

    seqtwin predict runs/questions/encoder questions.csv --column text -o answers.csv
    """
    from seqtwin.files import publish_text, refuse_existing
    from seqtwin.inference.predict_file import predict_file
    from seqtwin.inference.trained_encoder import load

    refuse_existing(out)
    found = load(encoder)
    text, rows = predict_file(found, file, column=column, sequence=sequence, token=token, gaps=checked_gaps(gaps))
    publish_text(out, text)
    if as_json:
        console.say_json({"rows": rows, "out": str(out), "encoder": found.fingerprint})
        return
    console.say(f"{rows} rows: {out}")


def probe(
    encoder: Encoder,
    data: Annotated[Path, typer.Argument(help="labelled texts, labelled series, or pairs")],
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    seed: Annotated[int, typer.Option(help="of the folds and the heads")] = 0,
    as_json: Json = False,
) -> None:
    """Is the information in the vector, and does the similarity use it?

    For each representation of a frozen encoder: a linear head, a head of two layers, and the similarity alone, each
    measured on rows it was not fitted on.

    seqtwin probe runs/questions/encoder questions.csv
    """
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.run.linear_probe_file import probe_file

    seen = inspect_data(data, asked_of(left, right, label, labels, text, scale, quoting=quoting, gaps=gaps))
    console.show_understood(seen_lines(seen))
    with console.rows_bar("probing") as on_read:
        found, notes = probe_file(encoder, seen, seed=seed, on_read=on_read)
    if as_json:
        console.say_json({**found.as_dict(), "notes": notes})
        return
    console.say(_table(found))
    console.say(_verdict(found))
    for note in notes:
        console.say(f"note: {note}")


def _table(found: "Probes") -> str:
    names = list(dict.fromkeys(one.representation for one in found.found))
    heads = list(dict.fromkeys(one.head for one in found.found))
    cells = {(one.representation, one.head): one for one in found.found}
    rows = [[name, *(_shown(cells[name, head]) for head in heads)] for name in names]
    return str(console.table([found.metric, *heads], rows))


def _shown(one: Any) -> str:
    if one.low is None:
        return f"{one.value:.3f}"
    return f"{one.value:.3f} ({one.low:.3f}-{one.high:.3f})"


def _verdict(found: "Probes") -> str:
    linear, alone = found.best("linear"), found.best("similarity")
    held = f"In the vector: {linear.value:.3f} by a linear head on {linear.representation}"
    read = f"Read by the similarity: {alone.value:.3f} on {alone.representation}"
    return f"{held} (guessing: {found.chance:.3f}). {read}. {found.verdict}"
