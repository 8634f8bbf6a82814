"""The commands predict and probe."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Column,
    Columns,
    Encoder,
    Gaps,
    Json,
    Quoting,
    check_gaps,
    column_options,
    with_columns,
)

if TYPE_CHECKING:
    from seqtwin.run.probe_scores import Probed, Probes


def predict(
    encoder: Encoder,
    file: Annotated[
        Path,
        typer.Argument(
            help="texts (a table with --column), words (one row per word) or series (a long table)", metavar="FILE"
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="output file: all input columns, then the predictions (.csv)", metavar="FILE"),
    ],
    column: Column = None,
    sequence: Annotated[
        str | None, typer.Option(help="column that identifies each row's sequence", metavar="NAME")
    ] = None,
    token: Annotated[str | None, typer.Option(help="column with the words, one row per word", metavar="NAME")] = None,
    gaps: Gaps = "error",
    as_json: Json = False,
) -> None:
    """For each sequence, predict one class, predict one label per step, or generate text.

    The encoder must have been trained with the objective classify, label_steps or decode.

    seqtwin predict runs/questions/encoder questions.csv --column text -o answers.csv
    """
    from seqtwin.files import publish_text, refuse_existing
    from seqtwin.inference.predict_file import predict_file
    from seqtwin.inference.trained_encoder import load

    refuse_existing(out)
    model = load(encoder)
    text, rows = predict_file(model, file, column=column, sequence=sequence, token=token, gaps=check_gaps(gaps))
    publish_text(out, text)
    if as_json:
        console.print_json({"rows": rows, "out": str(out), "encoder": model.fingerprint})
        return
    console.print_line(f"{rows} row{'' if rows == 1 else 's'}: {out}")


@with_columns
def probe(
    encoder: Encoder,
    data: Annotated[Path, typer.Argument(help="labelled texts, labelled series, or pairs", metavar="DATA")],
    columns: Columns = NO_COLUMNS,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    seed: Annotated[int, typer.Option(help="random seed for the folds and classifiers", metavar="N")] = 0,
    as_json: Json = False,
) -> None:
    """Test whether labels can be predicted from an encoder's vectors, and whether its similarity reflects them.

    Each representation of the frozen encoder is evaluated with a linear classifier, a two-layer classifier and the
    similarity alone, always on rows that were not used for fitting.

    seqtwin probe runs/questions/encoder questions.csv
    """
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.run.linear_probe_file import probe_file

    inspection = inspect_data(data, column_options(columns, quoting=quoting, gaps=gaps))
    console.print_summary(seen_lines(inspection))
    with console.rows_bar("probing") as on_read:
        probes, notes = probe_file(encoder, inspection, seed=seed, on_read=on_read)
    if as_json:
        console.print_json({**probes.as_dict(), "notes": notes})
        return
    console.print_line(_table(probes))
    console.print_line(_verdict(probes))
    for note in notes:
        console.print_line(f"note: {note}")


def _table(probes: "Probes") -> str:
    cells = {(probed.representation, probed.head): probed for probed in probes.found}
    names = list(dict.fromkeys(name for name, _ in cells))
    heads = list(dict.fromkeys(head for _, head in cells))
    rows = [[name, *(_interval(cells[name, head]) for head in heads)] for name in names]
    return console.table([probes.metric, *heads], rows)


def _interval(probed: "Probed") -> str:
    if probed.low is None:
        return f"{probed.value:.3f}"
    return f"{probed.value:.3f} ({probed.low:.3f}-{probed.high:.3f})"


def _verdict(probes: "Probes") -> str:
    linear, similarity = probes.best("linear"), probes.best("similarity")
    in_vector = f"In the vector: {linear.value:.3f} by a linear classifier on {linear.representation}"
    used = f"Used by the similarity: {similarity.value:.3f} on {similarity.representation}"
    return f"{in_vector} (guessing: {probes.chance:.3f}). {used}. {probes.verdict}"
