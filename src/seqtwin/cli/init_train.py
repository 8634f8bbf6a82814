"""The commands init and train."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console, stopping
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Columns,
    Config,
    Data,
    Json,
    Out,
    Overrides,
    column_options,
    is_data,
    refuse_columns,
    with_columns,
)
from seqtwin.cli.entry.starter import Starter, read_starter
from seqtwin.cli.entry.unlabelled_data import classify_hint, labelled_data, refuse_without_classes
from seqtwin.cli.print_reranker import fitted_facts, print_fitted
from seqtwin.errors import SeqTwinError
from seqtwin.paths import check_folder_name
from seqtwin.progress.race_files import race_file, race_journal, winner_file

if TYPE_CHECKING:
    from seqtwin.api_reranker import FittedReranker
    from seqtwin.config import RunConfig
    from seqtwin.data.pairs import PairData
    from seqtwin.data.reading.column_options import ColumnOptions
    from seqtwin.run.prepare import DataSets
    from seqtwin.run.prepared_data import Ready
    from seqtwin.run.train import Run
    from seqtwin.study.race import Race


@with_columns
def init(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="new config file", metavar="FILE")] = Path("config.yaml"),
    columns: Columns = NO_COLUMNS,
    classify: Annotated[
        bool, typer.Option("--classify", help="predict the class of each text or series; default: draw pairs from them")
    ] = False,
    all_same: Annotated[bool, typer.Option("--all-same", help="pairs without labels that are all the same")] = False,
) -> None:
    """Inspect a data file and write a commented config for it.

    From a list of texts (.txt, or one column), it first makes pairs, and writes them next to the config.

    seqtwin init pairs.csv -o pairs.yaml
    """
    from seqtwin import api
    from seqtwin.config import parse_run
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.data.starter_choices import with_network
    from seqtwin.data.starter_config import describe
    from seqtwin.files import publish_text, refuse_existing
    from seqtwin.floors import best_line
    from seqtwin.run.prepare import DataSets
    from seqtwin.run.train import measured_baselines

    refuse_existing(out)
    made = labelled_data(data, column_options(columns), out, all_same=all_same)
    inspection = inspect_data(made.path, made.options)
    if classify:
        refuse_without_classes(inspection, data)
    typed, sets = shlex.quote(str(out)), DataSets()
    raw, config = api.config_for_data(inspection, out, "classify" if classify else "pairs", data=sets)
    next_step = f"seqtwin train {typed}, or seqtwin compare {typed}{with_network(raw)}"
    try:
        run = parse_run(raw, place=str(data))
        prepared = sets.prepare(run)
        lines = api.understood(run, prepared, describe(inspection))
        lines.append(best_line(measured_baselines(run, prepared)))
    except SeqTwinError as error:  # the config is useful all the same: the data can be corrected
        lines = [*describe(inspection), f"note: training is not possible yet: {error}"]
        next_step = f"correct this, then {next_step}"
    publish_text(out, config)
    then = [f"then: {made.then}"] if made.then else classify_hint(inspection, data, classify=classify)
    console.print_line("\n".join([*made.notes, *lines, f"wrote {out}", f"next: {next_step}", *then]))


@with_columns
def train(
    config: Config,
    overrides: Overrides = None,
    out: Out = None,
    columns: Columns = NO_COLUMNS,
    auto: Annotated[
        bool, typer.Option("--auto", help="first compare several encoders on dev, then train the best")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="with --auto: longest time for the comparison; default: 10")
    ] = None,
    reranker: Annotated[
        bool, typer.Option("--reranker", help="then fit a re-ranker for the encoder, as fit-reranker does")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="continue a training that was stopped, with the same result; else start")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train one encoder and save it with its scores.

    After Ctrl-C, SIGTERM or a crash, the same command with --resume continues.

    seqtwin train configs/placenames.yaml encoder.hidden=64 --out runs/small
    """
    from seqtwin import api_reranker
    from seqtwin.build_folders import free_folder
    from seqtwin.run.prepare import DataSets

    stopping.check_auto(auto=auto, minutes=minutes, resume=resume)
    folder, data = out or free_folder(Path("runs") / config.stem), DataSets()
    check_folder_name(folder)  # before files of this name are written next to it
    again, resume = stopping.winner_command(folder) if auto else "", resume or stopping.is_raced(folder, auto=auto)
    with stopping.told_when_stopped(lambda: stopping.training_line(folder, again)):
        run_config, prepared = _run_and_data(config, overrides or [], columns, folder, keep=not auto)
        pairs = api_reranker.pairs_of(prepared) if reranker else None  # refused before the race, not after it
        race = _race(run_config, data, minutes, overrides or [], folder) if auto else None
        if race is not None:
            run_config = stopping.keep_winner(race, race.config_of_winner(run_config), folder)
            prepared = data.prepare(run_config)
        if resume:
            console.print_notice(stopping.resumed_line(folder))
        is_winner = auto or config.absolute() == winner_file(folder).absolute()
        # a config of this name without a race is a file of the user, and stays
        raced = race_file(folder) if is_winner and race_file(folder).exists() else None
        _train(run_config, prepared, folder, raced, pairs, resume=resume, as_json=as_json)
        if raced is not None:
            stopping.forget_winner(folder)


def _train(
    config: "RunConfig", prepared: "Ready", folder: Path, raced: Path | None, pairs: "PairData | None", *,
    resume: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train and print the result. `raced`: results of a race. `pairs`: those of a re-ranker, which is then fitted."""
    from seqtwin import api_reranker
    from seqtwin.run.objectives.registry import objective_of
    from seqtwin.run.train import train as train_run

    finish = partial(_add_files, raced=raced)
    with console.epochs_bar(config.fit.epochs) as on_epoch:
        run = train_run(
            config, folder, on_epoch=on_epoch, finish=finish, prepared=prepared, baselines=True, resume=resume
        )
    fitted = api_reranker.fit_reranker(folder, pairs) if pairs is not None else None
    if as_json:
        _print_json(run, fitted)
    else:
        _print_run(run, fitted, has_threshold=objective_of(config).has_threshold)


def _add_files(building: Path, *, raced: Path | None) -> None:
    """The figures of a run and the results of its race."""
    from seqtwin.files import write_bytes
    from seqtwin.reporting.page.run_figures import run_figures
    from seqtwin.study.race import RACE

    run_figures(building)
    if raced is not None:
        write_bytes(building / RACE, raced.read_bytes())


def _run_and_data(
    config: Path, overrides: Sequence[str], columns: Columns, folder: Path, *, keep: bool
) -> "tuple[RunConfig, Ready]":
    """The run of a config or of a data file, and its data. `keep`: save the starter config of a data file."""
    from seqtwin import api
    from seqtwin.config import read_run
    from seqtwin.config.idle_options import refuse_idle_options
    from seqtwin.run.prepare import prepare
    from seqtwin.training.processes import check_processes

    options = column_options(columns, overrides)
    if is_data(config):
        starter = _run_for_data(config, options, overrides, folder, keep=keep)
        return starter.run, starter.prepared
    refuse_columns(columns, config)
    run = read_run(config, overrides)
    refuse_idle_options(run)
    check_processes(run)
    prepared = prepare(run)
    console.print_summary(api.understood(run, prepared))
    return run, prepared


def _race(
    config: "RunConfig", data: "DataSets", minutes: float | None, overrides: Sequence[str], folder: Path
) -> "Race":
    """Compare several encoders on dev, with a line for each. Overrides are for all. `folder`: of the winner."""
    from seqtwin.study.race import MINUTES, race_lines, result_line, run_race

    race = run_race(
        config,
        data,
        minutes=MINUTES if minutes is None else minutes,
        fixed=[override.partition("=")[0] for override in overrides],
        journal=race_journal(folder),
        on_result=lambda result: console.print_notice(result_line(result)),
    )
    console.print_summary(race_lines(race))
    return race


def _print_json(run: "Run", fitted: "FittedReranker | None") -> None:
    baselines = run.baselines.as_json() if run.baselines else None
    facts = {"path": str(run.path), "status": run.status, "scores": run.scores, "baselines": baselines}
    console.print_json(facts | ({"reranker": fitted_facts(fitted)} if fitted else {}))


def _print_run(run: "Run", fitted: "FittedReranker | None", *, has_threshold: bool) -> None:
    """Print the scores of a run next to those of the best free baseline, and its folder; then those of a re-ranker.

    `has_threshold`: whether the objective has one.
    """
    from seqtwin.floors import compare_with_best
    from seqtwin.published import read_facts
    from seqtwin.run.objectives.training_rows import added_lines

    scores, measured = run.scores, run.baselines
    best = measured.best if measured else None
    baseline = measured.floors[best.name] if measured and best else None
    console.print_line(f"{console.scores_table(scores['dev'], scores['test'], baseline)}\n")
    for line in console.undefined_lines(scores.get("undefined") or {}):
        console.print_line(line)
    for line in added_lines(read_facts(run.path).get("epoch_pairs", {})):
        console.print_line(line)
    if has_threshold and scores.get("threshold", 0) is None:
        console.print_line("no threshold: it could not be chosen on dev; score and dedupe will need one")
    compared = compare_with_best(measured, scores["dev"], scores["test"]) if measured else []
    for line in filter(None, [*compared, _longer_line(run)]):
        console.print_line(line)
    if fitted is not None:
        print_fitted(fitted)
    console.print_line(f"{run.status}: {run.path}")


def _longer_line(run: "Run") -> str:
    """The advice to train longer, with the number of epochs; empty without any."""
    from seqtwin.config import read_run
    from seqtwin.published import CONFIG
    from seqtwin.reporting.findings.diagnose import diagnose_cell, longer_line

    dev = run.scores["dev"].get(run.scores["primary"])
    return longer_line(diagnose_cell(run.path), read_run(run.path / CONFIG).fit.epochs, is_perfect=dev == 1)


def _run_for_data(
    data: Path, options: "ColumnOptions", overrides: Sequence[str], folder: Path, *, keep: bool
) -> Starter:
    """A run with the starter config of the data. Prints how the data are interpreted. `keep`: saves the config."""
    from seqtwin import api
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.training.processes import check_processes

    starter = read_starter(data, options, overrides, folder)
    check_processes(starter.run)
    console.print_summary(api.understood(starter.run, starter.prepared, seen_lines(starter.inspection)))
    api.refuse_untrainable(starter.run, starter.prepared)
    if keep:
        console.print_notice(f"config used: {api.keep_config(starter.text, folder, starter.run)}")
    return starter
