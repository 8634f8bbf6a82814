"""Commands that put a trained encoder to work: evaluate, encode, score."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    Column,
    Data,
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
    checked_quoting,
)

Resume = Annotated[bool, typer.Option("--resume", help="go on with an interrupted run of the same command")]


def evaluate(
    encoder: Encoder,
    data: Data,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    as_json: Json = False,
) -> None:
    """Measure an encoder on labelled data: pairs, with the threshold chosen on its own dev split.

    Texts or series with a class are measured as balanced pairs, and by a search of each for the others of its class.
    An encoder with a head predicts the classes themselves, of sequences or of steps.

    seqtwin evaluate runs/small/encoder pairs.csv
    """
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.inference.evaluate_heads import evaluate_head
    from seqtwin.inference.evaluate_pairs import evaluate_pairs
    from seqtwin.inference.trained_encoder import load

    found = load(encoder)
    seen = inspect_data(data, asked_of(left, right, label, labels, text, scale, quoting=quoting, gaps=gaps))
    console.show_understood(seen_lines(seen))
    values, undefined = (evaluate_pairs if found.objective == "pairs" else evaluate_head)(found, seen)
    if as_json:
        console.say_json({"test": values, "undefined": undefined})
        return
    console.say(console.table(["", "test"], [[name, f"{value:.4f}"] for name, value in values.items()]))
    for name, why in undefined.items():
        console.say(f"{name}: undefined ({why})")


def encode(
    encoder: Encoder,
    file: Annotated[Path, typer.Argument(help="a text a line (.txt), or a table with --column; any size. Or series")],
    out: Annotated[Path, typer.Option("--out", "-o", help="vectors: .npy, .parquet or .csv")],
    column: Column = None,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Write the vector of every text, in the order of the file; memory does not grow with the file.

    An encoder of series reads series: a long table (series_id, t, ch0, ch1, ...) or a .ts file; one vector each, in the
    order of their first rows.

    A row without a text keeps its place: its vector is NaN in every dimension, and np.isnan(vectors).any(axis=1) finds
    it. An encoder trained with tokens.empty=unk has a vector for such rows: that of one unknown token.

    Interrupted, the same command with --resume goes on where it stood.

    seqtwin encode runs/small/encoder names.csv --column name -o vectors.npy
    """
    from seqtwin.files import refuse_existing
    from seqtwin.inference.encode_files import encode_file
    from seqtwin.inference.trained_encoder import load

    refuse_existing(out)
    found = load(encoder)
    blank: list[int] = []
    with console.rows_bar("encoding") as on_rows:
        rows = encode_file(
            found,
            file,
            out,
            column=column,
            resume=resume,
            quoting=checked_quoting(quoting),
            gaps=checked_gaps(gaps),
            on_rows=on_rows,
            on_blank=blank.append,
            on_understood=console.complain,
        )
    vector = "that of one unknown token" if found.empty == "unk" else "NaN"
    _say_blank(sum(blank), rows, f"the vector is {vector}")
    if as_json:
        facts = {"vectors": rows, "dim": found.dim, "out": str(out), "encoder": found.fingerprint}
        console.say_json({**facts, "blank_rows": sum(blank)})
        return
    console.say(f"{rows} vectors of width {found.dim}: {out}")


def score(
    encoder: Encoder,
    pairs: Annotated[Path, typer.Argument(help="a table of pairs; any size")],
    out: Annotated[Path, typer.Option("--out", "-o", help="a .csv: every column of the table, then the scores")],
    left: Left = None,
    right: Right = None,
    quoting: Quoting = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Write the score of every pair, and whether it reaches the threshold, beside what the table holds.

    The columns are called `score` and `same`, or `encoder_score` and `encoder_same` where those are taken. Both are
    empty in a row where a text is missing. There is no column `same` where the encoder has no threshold.

    seqtwin score runs/small/encoder pairs.csv -o scores.csv
    """
    from seqtwin.files import refuse_existing
    from seqtwin.inference.encode_files import score_file
    from seqtwin.inference.trained_encoder import load, no_threshold

    refuse_existing(out)
    found = load(encoder)
    blank: list[int] = []
    with console.rows_bar("scoring") as on_rows:
        rows = score_file(
            found,
            pairs,
            out,
            left=left,
            right=right,
            resume=resume,
            quoting=checked_quoting(quoting),
            on_rows=on_rows,
            on_blank=blank.append,
            on_understood=console.complain,
        )
    _say_blank(sum(blank), rows, "no score")
    why = no_threshold(found)
    if why:
        console.complain(f"no column 'same': {why}")
    if as_json:
        facts = {"scores": rows, "threshold": found.threshold, "out": str(out), "encoder": found.fingerprint}
        console.say_json({**facts, "blank_rows": sum(blank), "no_same": why})
        return
    console.say(f"{rows} scores: {out}")


def _say_blank(blank: int, rows: int, consequence: str) -> None:
    from seqtwin.inference.blank_texts import blank_line

    if blank:
        console.complain(blank_line(blank, rows, consequence))
