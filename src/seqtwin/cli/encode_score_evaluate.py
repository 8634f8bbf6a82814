"""The commands evaluate, encode and score."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Column,
    Columns,
    Data,
    Encoder,
    Gaps,
    Json,
    Left,
    Quoting,
    Right,
    check_gaps,
    check_quoting,
    column_options,
    with_columns,
)
from seqtwin.cli.bulk.dask_option import Dask, refuse_folder
from seqtwin.cli.index_inputs import check_column

if TYPE_CHECKING:
    from seqtwin.inference.base_encoder import BaseEncoder
    from seqtwin.inference.evaluate.evaluation import Evaluation

Precision = Annotated[
    str, typer.Option("--precision", help="fp32, bf16, or auto: bf16 where this processor is faster in it")
]
Against = Annotated[
    Path | None, typer.Option("--against", help="another encoder, judged on the same rows", metavar="ENCODER")
]
Resume = Annotated[bool, typer.Option("--resume", help="resume an interrupted run")]


@with_columns
def evaluate(
    encoder: Encoder,
    data: Data,
    columns: Columns = NO_COLUMNS,
    against: Against = None,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    as_json: Json = False,
) -> None:
    """Evaluate an encoder, or two, on labelled data.

    Pairs are judged with the encoder's own threshold, which was chosen on the dev split of the data it was trained on.
    Texts or series with a class are evaluated in two ways: by scoring a balanced set of pairs, and by retrieving the
    other items of the same class. An encoder with a head is evaluated on its predictions.

    With --against, another encoder is judged on the same rows, each with its own threshold. The 95 % interval of the
    difference resamples these rows. It does not include what another seed would change: compare settings with
    `seqtwin compare`.

    seqtwin evaluate runs/small/encoder pairs.csv
    """
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.inference.evaluate.evaluate_data import evaluate as evaluate_one
    from seqtwin.inference.evaluate.evaluate_data import evaluate_both
    from seqtwin.inference.trained_encoder import load
    from seqtwin.inference.trained_on import training_note

    model, other = load(encoder), None if against is None else load(against)
    options = column_options(columns, quoting=quoting, gaps=gaps)
    inspection = inspect_data(data, replace(options, any_classes=model.predicts is not None))
    console.print_summary(seen_lines(inspection))
    for one in filter(None, (encoder, against)):
        if note := training_note(one, inspection.judged_file):
            console.print_notice(f"note: {note}")
    if other is not None and against is not None:
        _print_both(*evaluate_both(model, other, inspection), (encoder, against), as_json)
        return
    found = evaluate_one(model, inspection)
    if as_json:
        console.print_json({"test": dict(found.values), "undefined": dict(found.undefined)})
    else:
        rows = [[name, f"{value:.4f}"] for name, value in found.values.items()]
        console.print_line(console.table(["", "value"], rows))
        _print_undefined(found.undefined)


def _print_undefined(undefined: Mapping[str, str]) -> None:
    """A line for each metric without a value."""
    for name, why in undefined.items():
        console.print_line(f"{name}: undefined ({why})")


def _print_both(first: "Evaluation", second: "Evaluation", names: tuple[Path, Path], as_json: bool) -> None:
    """The metrics of two encoders side by side, and the difference of the primary metric with its interval."""
    from seqtwin.inference.evaluate.evaluation import difference

    found = difference(first, second)
    if as_json:
        own, other = ({"test": dict(one.values), "undefined": dict(one.undefined)} for one in (first, second))
        console.print_json({**own, "against": other, "difference": None if found is None else found.as_json()})
        return
    shared = [name for name in first.values if name in second.values]
    rows = [[name, *_cells(first.values[name], second.values[name])] for name in shared]
    console.print_line(console.table(["", *map(str, names), "difference"], rows))
    both = {metric: why for metric, why in first.undefined.items() if second.undefined.get(metric) == why}
    _print_undefined(both)
    for one, name in zip((first, second), names, strict=True):
        _print_undefined({f"{metric} of {name}": why for metric, why in one.undefined.items() if metric not in both})
    if found is not None:
        console.print_line(found.sentence(*map(str, names)))


def _cells(first: float, second: float) -> list[str]:
    return [f"{first:.4f}", f"{second:.4f}", f"{first - second:+.4f}"]


TextFile = Annotated[
    Path,
    typer.Argument(
        help="a .txt file with one text per line, a table (use --column), or a file of series", metavar="FILE"
    ),
]
ScoreFile = Annotated[
    Path,
    typer.Option("--out", "-o", help="output file: all columns of the table, then the scores (.csv)", metavar="FILE"),
]


def encode(
    encoder: Encoder,
    file: TextFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="output file: .npy, .parquet or .csv", metavar="FILE")],
    column: Column = None,
    quoting: Quoting = None,
    gaps: Gaps = "error",
    precision: Precision = "fp32",
    resume: Resume = False,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Write one vector per text, in file order. Files can be larger than memory.

    A series encoder expects a long table (series_id, t, ch0, ch1, ...) or a .ts file. It writes one vector per
    series, in the order in which the series first appear.

    .parquet and .csv also have every column of the file, for programs that load text, id and vector together.

    Rows with no text get no vector (NaN in .npy; find them with np.isnan(vectors).any(axis=1)). An encoder trained
    with tokens.empty=unk encodes such a row as one unknown token.

    In bf16 a coordinate can change by about .01: encode everything that is compared in the same precision.
    To continue after an interruption, run the same command with --resume.

    With --dask, FILE can be a folder or a pattern such as 'parts/*.csv', and the output is a folder: one .parquet file
    for each file, with its columns and vectors. The same command continues and leaves out finished parts.

    seqtwin encode runs/small/encoder names.csv --column name -o vectors.npy
    """
    from seqtwin.inference.encode_files import encode_file

    refuse_folder(file, dask)
    if dask is not None:
        from seqtwin.cli.bulk.encode_corpus import encode_corpus

        read = check_quoting(quoting)
        encode_corpus(_load(encoder, precision), encoder, file, out, dask, column=column, quoting=read, as_json=as_json)
        return
    _check_encode(encoder, file, out, column, quoting)
    model, blank, zero = _load(encoder, precision), list[int](), list[int]()
    with console.rows_bar("encoding") as on_rows:
        rows = encode_file(
            *(model, file, out), column=column, resume=resume, quoting=check_quoting(quoting), gaps=check_gaps(gaps),
            on_rows=on_rows, on_blank=blank.append, on_zero=zero.append, on_understood=console.print_notice,
        )  # fmt: skip
    _print_encoded(model, out, rows, sum(blank), sum(zero), as_json)


def _print_encoded(model: "BaseEncoder", out: Path, rows: int, blank: int, zero: int, as_json: bool) -> None:
    missing = "NaN" if out.suffix.lower() == ".npy" else "missing"
    vector = "that of one unknown token" if model.empty == "unk" else missing
    _report_blank(blank, rows, f"the vector is {vector}")
    _report_zero(zero, rows)
    if as_json:
        facts = {"vectors": rows, "dim": model.dim, "out": str(out), "encoder": model.fingerprint}
        console.print_json({**facts, "blank_rows": blank, "zero_vectors": zero})
        return
    console.print_line(f"{rows} vectors of width {model.dim}: {out}")


def _check_encode(encoder: Path, file: Path, out: Path, column: str | None, quoting: str | None) -> None:
    """The arguments of `encode`, before the encoder is loaded, which takes seconds. Raises: ConfigError, DataError."""
    from seqtwin.files import refuse_existing
    from seqtwin.inference.kept_columns import check_vector_format

    refuse_existing(out)
    check_vector_format(out)
    check_column(encoder, file, column, check_quoting(quoting))


def _check_score(
    encoder: Path, pairs: Path, out: Path, sides: tuple[str | None, str | None], quoting: str | None
) -> None:
    """The arguments of `score`, before the encoder is loaded. Raises: ConfigError, DataError."""
    from seqtwin.files import refuse_existing
    from seqtwin.inference.encode_files import check_score_format
    from seqtwin.inference.vector_files import choose_file_sides
    from seqtwin.paths import takes_texts

    refuse_existing(out)
    check_score_format(out)
    if takes_texts(encoder):
        choose_file_sides(pairs, *sides, check_quoting(quoting))


def _load(folder: Path, precision: str) -> "BaseEncoder":
    """The encoder in a folder, which encodes in this precision. Raises: ConfigError, DamagedError."""
    from seqtwin.inference.load import load_either

    model = load_either(folder)
    model.precision = model.usable_precision(precision)
    return model


def score(
    encoder: Encoder,
    pairs: Annotated[Path, typer.Argument(help="table of pairs", metavar="PAIRS")],
    out: ScoreFile,
    left: Left = None,
    right: Right = None,
    quoting: Quoting = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Score every pair in a table and mark those that reach the threshold. Files can be larger than memory.

    The new columns are `score` and `same`. If the table already has columns with those names, the new ones are
    `encoder_score` and `encoder_same`. In rows where a text is missing, both are empty. If the encoder has no
    threshold, there is no `same` column.

    seqtwin score runs/small/encoder pairs.csv -o scores.csv
    """
    from seqtwin.inference.base_encoder import no_threshold
    from seqtwin.inference.encode_files import score_file
    from seqtwin.inference.load import load_either

    _check_score(encoder, pairs, out, (left, right), quoting)
    model = load_either(encoder)
    blank: list[int] = []
    with console.rows_bar("scoring") as on_rows:
        rows = score_file(
            model,
            pairs,
            out,
            left=left,
            right=right,
            resume=resume,
            quoting=check_quoting(quoting),
            on_rows=on_rows,
            on_blank=blank.append,
            on_understood=console.print_notice,
        )
    _report_blank(sum(blank), rows, "no score")
    why = no_threshold(model)
    if why:
        console.print_notice(f"no column 'same': {why}")
    if as_json:
        facts = {"scores": rows, "threshold": model.threshold, "out": str(out), "encoder": model.fingerprint}
        console.print_json({**facts, "blank_rows": sum(blank), "no_same": why})
        return
    console.print_line(f"{rows} scores: {out}")


def _report_blank(blank: int, rows: int, consequence: str) -> None:
    from seqtwin.inference.blank_texts import blank_line

    if blank:
        console.print_notice(blank_line(blank, rows, consequence))


def _report_zero(zero: int, rows: int) -> None:
    from seqtwin.inference.blank_texts import zero_line

    if zero:
        console.print_notice(zero_line(zero, rows))
