"""The command line: parses, calls, prints. Every command has `--help` with an example, and `--json` for machines."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqtwin import console
from seqtwin.errors import SeqTwinError

app = typer.Typer(
    name="seqtwin",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Siamese recurrent encoders: every representation with every loss, compared honestly, then put to work.",
)

Config = Annotated[
    Path, typer.Argument(help="YAML config, or the data itself: a file, or a folder of three", metavar="CONFIG|DATA")
]
Overrides = Annotated[list[str] | None, typer.Argument(help="for example encoder.hidden=256", metavar="key=value")]
Out = Annotated[Path | None, typer.Option(help="folder to write; never overwritten")]
Scale = Annotated[tuple[float, float] | None, typer.Option(help="lowest and highest score, when data is given")]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Encoder = Annotated[Path, typer.Argument(help="an encoder folder, or the run that holds one")]
DATA_ENDINGS = {".csv", ".tsv", ".jsonl", ".parquet"}


@app.command()
def init(
    data: Path, out: Annotated[Path, typer.Option("--out", "-o")] = Path("config.yaml"), scale: Scale = None
) -> None:
    """Look at a data file and write a commented config with sensible choices.

    seqtwin init pairs.csv -o pairs.yaml
    """
    from seqtwin.data.inspection import inspect_data
    from seqtwin.data.starter import describe, write_config
    from seqtwin.files import publish_text, refuse_existing

    refuse_existing(out)
    found = inspect_data(data, scale=scale)
    publish_text(out, write_config(found, folder=out.absolute().parent))
    console.say(f"{describe(found)}\nwrote {out}\nnext: seqtwin train {out}, or seqtwin compare {out}")


@app.command()
def train(
    config: Config, overrides: Overrides = None, out: Out = None, scale: Scale = None, as_json: Json = False
) -> None:
    """Train one encoder; the folder holds it with its scores.

    seqtwin train configs/placenames.yaml encoder.hidden=64 --out runs/small
    """
    from seqtwin import face
    from seqtwin.config import overridden, parse_run, read_run
    from seqtwin.report.single import run_figures
    from seqtwin.study.run import train as train_run

    folder = out or face.free_folder(Path("runs") / config.stem)
    if _is_data(config):
        raw, text = face.config_for_data(config, scale, folder)
        found = parse_run(overridden(raw, overrides or []), place=str(config))
        console.complain(f"config used: {face.keep_config(text, folder, found)}")
    else:
        found = read_run(config, overrides or [])
    with console.epochs_bar(found.fit.epochs) as on_epoch:
        run = train_run(found, folder, on_epoch=on_epoch, finish=run_figures)
    if as_json:
        console.say_json({"path": str(run.path), "status": run.status, "scores": run.scores})
    else:
        console.say(f"{console.scores_table(run.scores)}\n\n{run.status}: {run.path}")


@app.command()
def compare(
    config: Config,
    overrides: Overrides = None,
    out: Out = None,
    scale: Scale = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes; default: one a core")] = None,
    as_json: Json = False,
) -> None:
    """Train every study cell of a grid and write the report; what is published already is not trained again.

    seqtwin compare experiments/output-or-hidden/study.yaml --out runs/first --jobs 2
    """
    from seqtwin import face
    from seqtwin.config import USUAL_GRID, override_study, parse_study, read_study

    folder = out or Path("runs") / face.study_name(config)
    if _is_data(config):
        raw, text = face.config_for_data(config, scale, folder)
        found = parse_study(override_study({"base": raw, "grid": USUAL_GRID}, overrides or []), place=str(config))
        console.complain(f"config used: {face.keep_config(text, folder, found.base)}")
    else:
        found = read_study(config, overrides or [])
    with console.study_bars() as on_progress:
        study = face.compare(found, folder, jobs=jobs, on_progress=on_progress)
    page = folder / "report" / "index.html"
    if as_json:
        console.say_json({"path": str(folder), "report": str(page), "trained": study.trained, "failed": study.failed})
    else:
        count = (
            f"{len(study.planned)} study cells, {len(study.trained)} trained now, {len(study.failed)} without a result"
        )
        console.say(f"{count}\nreport: {page}")
    if study.failed:
        raise typer.Exit(1)


@app.command()
def report(study: Path, out: Out = None, as_json: Json = False) -> None:
    """Rebuild the page of a study from its published cells (or from committed results) alone.

    seqtwin report runs/first --out reports/first
    """
    from seqtwin.report.page import write_report

    page = write_report(study, out)
    if as_json:
        console.say_json({"report": str(page)})
    else:
        console.say(f"report: {page}")


@app.command()
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


@app.command()
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


@app.command()
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


@app.command(name="list")
def list_parts(
    family: Annotated[str | None, typer.Argument(help="representations, losses, ...")] = None, as_json: Json = False
) -> None:
    """List the parts a config can name.

    seqtwin list losses
    """
    from seqtwin.catalogue import FAMILIES, described
    from seqtwin.lookup import member

    chosen = {family: member(FAMILIES, family, "family")} if family else FAMILIES
    found = {name: described(home) for name, home in chosen.items()}
    if as_json:
        console.say_json(found)
        return
    for name, parts in found.items():
        width = max(map(len, parts))
        console.say("\n".join([name, *(f"  {part.ljust(width)}  {text}" for part, text in parts.items())]))


@app.command()
def check(config: Config, overrides: Overrides = None, scale: Scale = None) -> None:
    """Say whether a config (with its data) or a data file can be used, without training.

    seqtwin check configs/placenames.yaml
    """
    if _is_data(config):
        _check_data(config, scale)
    else:
        _check_config(config, overrides or [])


@app.command()
def schema() -> None:
    """Print the JSON schema of a config, for editors.

    seqtwin schema > seqtwin.schema.json
    """
    from seqtwin.config import json_schema

    console.say_json(json_schema())


def _is_data(path: Path) -> bool:
    return path.suffix.lower() in DATA_ENDINGS or path.is_dir()


def _check_data(path: Path, scale: tuple[float, float] | None) -> None:
    from seqtwin.data.inspection import inspect_data
    from seqtwin.data.starter import describe

    console.say(describe(inspect_data(path, scale=scale)))


def _check_config(path: Path, overrides: list[str]) -> None:
    from seqtwin.config import read_study
    from seqtwin.strict_yaml import read_yaml
    from seqtwin.study.grid import expand_grid
    from seqtwin.study.prepare import prepare

    grid = expand_grid(read_study(path, overrides))
    prepared = prepare(grid.cells[0].config)
    study = "grid" in read_yaml(path)
    pairs = ", ".join(f"{len(store):,} {split}" for split, store in prepared.stores.items())
    console.say(f"{prepared.data.name}: {pairs} pairs; primary metric {prepared.primary}")
    for note in prepared.notes:
        console.say(f"note: {note}")
    console.say(f"{len(grid.cells)} study cells: good" if study else "good")


def main() -> None:
    """Run the command line; a SeqTwinError becomes one message and its exit code."""
    as_json = "--json" in sys.argv
    try:
        app()
    except SeqTwinError as error:
        if as_json:
            console.say_json({"error": error.as_dict()})
        else:
            console.complain(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        console.complain("interrupted; what was published stays")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
