"""Commands that train and compare: init, train, compare, report, check."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    Config,
    Data,
    Json,
    Label,
    Labels,
    Left,
    Out,
    Overrides,
    Right,
    Scale,
    Text,
    asked_of,
    is_data,
    names_start,
    other_overrides,
    refuse_options,
)
from seqtwin.errors import ConfigError, SeqTwinError

if TYPE_CHECKING:
    from seqtwin.config import RunConfig, StudyConfig
    from seqtwin.data.reading.column_options import Asked


def init(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="the config to write")] = Path("config.yaml"),
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
) -> None:
    """Look at a data file and write a commented config with sensible choices.

    seqtwin init pairs.csv -o pairs.yaml
    """
    from seqtwin import api
    from seqtwin.config import parse_run
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import describe
    from seqtwin.files import publish_text, refuse_existing

    refuse_existing(out)
    found = inspect_data(data, asked_of(left, right, label, labels, text, scale))
    raw, written = api.config_for_data(found, out)
    after = f"seqtwin train {out}, or seqtwin compare {out}"
    try:
        lines = api.understood(parse_run(raw, place=str(data)), describe(found))
    except SeqTwinError as error:  # the config is of use: what is wrong can be corrected in the data
        lines, after = [*describe(found), f"note: it cannot be trained on yet: {error}"], f"correct that, then {after}"
    publish_text(out, written)
    console.say("\n".join([*lines, f"wrote {out}", f"next: {after}"]))


def train(
    config: Config,
    overrides: Overrides = None,
    out: Out = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
    as_json: Json = False,
) -> None:
    """Train one encoder; the folder contains it with its scores.

    seqtwin train configs/placenames.yaml encoder.hidden=64 --out runs/small
    """
    from seqtwin import api
    from seqtwin.config import read_run
    from seqtwin.reporting.page.run_figures import run_figures
    from seqtwin.run.train import train as train_run

    folder = out or api.free_folder(Path("runs") / config.stem)
    asked = asked_of(left, right, label, labels, text, scale, overrides or [])
    if is_data(config):
        found = _run_of_data(config, asked, overrides or [], folder)
    else:
        refuse_options(asked_of(left, right, label, labels, text, scale), config)
        found = read_run(config, overrides or [])
        console.show_understood(api.understood(found))
    with console.epochs_bar(found.fit.epochs) as on_epoch:
        run = train_run(found, folder, on_epoch=on_epoch, finish=run_figures)
    if as_json:
        console.say_json({"path": str(run.path), "status": run.status, "scores": run.scores})
    else:
        console.say(f"{console.scores_table(run.scores)}\n")
        for why in console.undefined_lines(run.scores):
            console.say(why)
        console.say(f"{run.status}: {run.path}")


def _run_of_data(data: Path, asked: "Asked", overrides: Sequence[str], folder: Path) -> "RunConfig":
    """The run that suits data; what was understood of them is shown, and the config is kept beside the folder."""
    from seqtwin import api

    found, text, lines = _understood_run(data, asked, overrides, folder)
    console.show_understood(lines(whole=False))
    api.refuse_untrainable(found)
    console.complain(f"config used: {api.keep_config(text, folder, found)}")
    return found


def _understood_run(
    data: Path, asked: "Asked", overrides: Sequence[str], folder: Path
) -> tuple["RunConfig", str, Callable[..., list[str]]]:
    """The run that suits data, its commented text without overrides, and what was understood, in short or in full."""
    from seqtwin import api
    from seqtwin.config import objective_of, overridden, parse_run
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import describe, seen_lines

    rest = other_overrides(overrides)
    inspected = inspect_data(data, asked)
    raw, text = api.config_for_data(inspected, folder, objective_of({}, rest), start=names_start(rest))
    found = parse_run(overridden(raw, rest), place=str(data))
    return found, text, lambda *, whole: api.understood(found, (describe if whole else seen_lines)(inspected))


def compare(
    config: Config,
    overrides: Overrides = None,
    out: Out = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="5 seeds, 8 tuning trials per pairing; descriptive only")
    ] = False,
    standard: Annotated[bool, typer.Option("--standard", help="10 seeds, 20 trials")] = False,
    strong: Annotated[bool, typer.Option("--strong", help="20 seeds, 20 trials")] = False,
    publication: Annotated[bool, typer.Option("--publication", help="30 seeds, 50 trials")] = False,
    no_tune: Annotated[bool, typer.Option("--no-tune", help="train every pairing as written")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="train again what failed")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes; default: one per core")] = None,
    as_json: Json = False,
) -> None:
    """Tune and train every pairing of a grid and write the report; what is published already is not done again.

    seqtwin compare experiments/output-or-hidden/placenames/study.yaml --quick --no-tune --out runs/first --jobs 2
    """
    from seqtwin import api

    flags = {"quick": quick, "standard": standard, "strong": strong, "publication": publication}
    chosen = [f"tier={_one_tier(flags)}"] if any(flags.values()) else []
    every = [*(overrides or []), *chosen, *(["tune=false"] if no_tune else [])]
    folder = out or Path("runs") / api.study_name(config)
    asked = asked_of(left, right, label, labels, text, scale, every)
    if is_data(config):
        found = _study_of_data(config, asked, every, folder)
    else:
        refuse_options(asked_of(left, right, label, labels, text, scale), config)
        found = _study(config, every)
    with console.study_bars() as on_progress:
        study = api.compare(found, folder, jobs=jobs, retry_failed=retry_failed, on_progress=on_progress)
    page = folder / "report" / "index.html"
    if as_json:
        console.say_json({"path": str(folder), "report": str(page), "trained": study.trained, "failed": study.failed})
    else:
        done = f"{len(study.trained)} trained now, {len(study.failed)} without a result"
        console.say(f"{len(study.planned)} study cells, {done}\nreport: {page}")
    if study.failed:
        raise typer.Exit(1)


def _one_tier(flags: Mapping[str, bool]) -> str:
    """The tier that was named. Raises: ConfigError for several."""
    named = [name for name, on in flags.items() if on]
    if len(named) > 1:
        cause = f"one tier at a time, got --{' --'.join(named)}"
        raise ConfigError("TIER_TWICE", cause, place="command line", remedy=f"name --{named[-1]} alone")
    return named[0]


def _study(config: Path, overrides: Sequence[str]) -> "StudyConfig":
    """The study of a config; what was understood of its first data set is shown."""
    from seqtwin import api
    from seqtwin.config import read_study
    from seqtwin.study.grid import expand_grid

    found = read_study(config, overrides)
    console.show_understood(api.understood(expand_grid(found).cells[0].config))
    return found


def _study_of_data(data: Path, asked: "Asked", overrides: Sequence[str], folder: Path) -> "StudyConfig":
    """The usual grid of data; what was understood of them is shown, and the base is kept beside the folder."""
    from seqtwin import api
    from seqtwin.config import objective_of, override_study, parse_study, usual_grid
    from seqtwin.data.inspect import inspect_data
    from seqtwin.data.starter_config import seen_lines

    rest = other_overrides(overrides)
    seen = inspect_data(data, asked)
    raw, text = api.config_for_data(seen, folder, objective_of({}, rest), start=names_start(rest))
    grid = usual_grid(objective_of(raw, rest))
    found = parse_study(override_study({"base": raw, "grid": grid}, rest), place=str(data))
    console.show_understood(api.understood(found.base, seen_lines(seen)))
    console.complain(f"config used: {api.keep_config(text, folder, found.base)}")
    return found


def report(
    study: Path,
    out: Out = None,
    pages_only: Annotated[
        bool, typer.Option("--pages-only", help="no CSV, JSON and PNG: the pages point to the results that STUDY holds")
    ] = False,
    as_json: Json = False,
) -> None:
    """Rebuild the page of a study from its published cells (or from committed results) alone.

    seqtwin report runs/first --out reports/first
    """
    from seqtwin.reporting.page.write import write_report

    page = write_report(study, out, pages_only=pages_only)
    if as_json:
        console.say_json({"report": str(page)})
    else:
        console.say(f"report: {page}")


def check(
    config: Config,
    overrides: Overrides = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    labels: Labels = None,
    text: Text = None,
    scale: Scale = None,
) -> None:
    """Report whether a config (with its data) or a data file can be used, without training.

    seqtwin check configs/placenames.yaml
    """
    asked = asked_of(left, right, label, labels, text, scale, overrides or [])
    if is_data(config):
        _check_data(config, asked, overrides or [])
    else:
        refuse_options(asked_of(left, right, label, labels, text, scale), config)
        _check_config(config, overrides or [])


def _check_data(path: Path, asked: "Asked", overrides: Sequence[str]) -> None:
    """The same steps as before a training, so that whatever that would refuse is refused here."""
    from seqtwin import api

    found, _, lines = _understood_run(path, asked, overrides, path)
    console.say("\n".join(lines(whole=True)))
    api.refuse_misfits(found)


def _check_config(path: Path, overrides: list[str]) -> None:
    from seqtwin import api
    from seqtwin.config import read_run, read_study
    from seqtwin.run.prepare import prepare
    from seqtwin.strict_yaml import read_yaml
    from seqtwin.study.grid import expand_grid

    grid = expand_grid(read_study(path, overrides))
    prepared = prepare(grid.cells[0].config)
    study = "grid" in read_yaml(path)
    each = {cell.pairing: cell.config for cell in grid.cells}.values() if study else [read_run(path, overrides)]
    for config in each:
        api.refuse_misfits(config)
    console.say("\n".join(api.understood(grid.cells[0].config)))
    console.say(f"{prepared.data.name}: primary metric {prepared.primary}")
    console.say(f"{len(grid.cells)} study cells: good" if study else "good")
