"""The commands compare, report and check."""

import gc
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Columns,
    Config,
    Jobs,
    Json,
    Minutes,
    NoTune,
    Overrides,
    Quick,
    ReportOut,
    StudyOut,
    column_options,
    is_data,
    names_start,
    other_overrides,
    refuse_columns,
    with_columns,
)
from seqtwin.cli.bulk.dask_option import Dask
from seqtwin.cli.entry.starter import read_starter
from seqtwin.cli.stopping import study_line, told_when_stopped
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.config import StudyConfig
    from seqtwin.data.reading.column_options import ColumnOptions
    from seqtwin.run.prepare import DataSets
    from seqtwin.study.compare import Study

# a report makes many small objects and little garbage; at the usual 700, looking for it takes a seventh of the time
_RARELY = 100_000
NoSharedFolder = Annotated[bool, typer.Option("--no-shared-folder", help="with --dask: workers return their files")]
Stack = Annotated[str, typer.Option(help="train small LSTMs together, on a GPU or one core", metavar="on|off")]


@with_columns
def compare(
    config: Config,
    overrides: Overrides = None,
    out: StudyOut = None,
    columns: Columns = NO_COLUMNS,
    quick: Quick = False,
    minutes: Minutes = None,
    standard: Annotated[bool, typer.Option("--standard", help="10 seeds, 20 tuning trials per pairing")] = False,
    strong: Annotated[bool, typer.Option("--strong", help="20 seeds, 20 tuning trials per pairing")] = False,
    publication: Annotated[bool, typer.Option("--publication", help="30 seeds, 50 tuning trials per pairing")] = False,
    no_tune: NoTune = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="retry study cells that failed")] = False,
    jobs: Jobs = None,
    stack: Stack = "off",
    dask: Dask = None,
    no_shared_folder: NoSharedFolder = False,
    as_json: Json = False,
) -> None:
    """Tune and train every pairing in a grid, then write the report.

    A pairing is one representation with one loss, or with one head if the objective is not `pairs`. Run the command
    again to continue a study: study cells (one pairing with one seed each) are not retrained but continued.

    seqtwin compare experiments/output-or-hidden/placenames/study.yaml --quick --no-tune --out runs/first --jobs 2
    """
    from seqtwin import api
    from seqtwin.guards.begun import beginning
    from seqtwin.run.prepare import DataSets
    from seqtwin.study.on_cluster.options import check_options

    started, limit = time.monotonic(), _minutes(minutes, quick=quick)
    tier = _tier({"quick": quick, "standard": standard, "strong": strong, "publication": publication})
    every = [*(overrides or []), *tier, *(["tune=false"] if no_tune else [])]
    folder, data = out or Path("runs") / api.study_name(config), DataSets()
    options, stacked = column_options(columns, every), _is_on(stack, "--stack")
    check_options(dask, jobs=jobs, minutes=limit, stack=stacked, shared=not no_shared_folder)
    with beginning(folder):
        if is_data(config):
            study_config = _study_for_data(config, options, every, folder, data)
        else:
            study_config = _study(config, columns, every, data)
        with told_when_stopped(lambda: study_line(folder)), console.study_bars() as progress:
            study = api.compare(
                study_config, folder, jobs=jobs, retry_failed=retry_failed, on_progress=progress, data=data,
                on_notice=console.print_notice, minutes=limit, started=started, stack=stacked,
                client=dask, shared_folder=not no_shared_folder,
            )  # fmt: skip
    _print_study(study, folder, as_json=as_json)
    if study.failed:
        raise typer.Exit(1)


def _print_study(study: "Study", folder: Path, *, as_json: bool) -> None:
    page = folder / "report" / "index.html"
    if as_json:
        console.print_json({"path": str(folder), "report": str(page), "trained": study.trained, "failed": study.failed})
        return
    done = f"{len(study.trained)} trained now, {len(study.failed)} failed"
    console.print_line(f"{len(study.planned)} study cells, {done}\nreport: {page}")
    _print_limits(page.parent)


def _is_on(value: str, option: str) -> bool:
    """Raises: ConfigError for anything but on and off."""
    if value not in ("on", "off"):
        raise ConfigError("OPTION_SWITCH", f"expected on or off, got '{value}'", place=option)
    return value == "on"


def _minutes(asked: float | None, *, quick: bool) -> float | None:
    """The budget of a quick study in minutes; None without one.

    Raises: ConfigError for minutes without --quick.
    """
    from seqtwin.study.quick import MINUTES

    if asked is not None and not quick:
        cause = "--minutes has no effect without --quick"
        raise ConfigError("QUICK_MINUTES", cause, place="--minutes", remedy="add --quick")
    return (MINUTES if asked is None else asked) if quick else None


def _print_limits(report: Path) -> None:
    """Print what a quick study spent and left out, and the pairings that were still rising when training ended."""
    from seqtwin.reporting.findings.refusals.rising import rising_line
    from seqtwin.reporting.page.spent_budget import budget_lines
    from seqtwin.reporting.table.study_table import read_study

    if not (report / "study.json").exists():
        return
    table = read_study(report)
    for line in (*budget_lines(table.meta.get("quick")), rising_line(table)):
        if line:
            console.print_line(line.replace("`", ""))


def _tier(flags: Mapping[str, bool]) -> list[str]:
    """The chosen tier as an override; empty without one.

    Raises: ConfigError for more than one.
    """
    named = [name for name, on in flags.items() if on]
    if len(named) > 1:
        cause = f"expected one tier, got --{' --'.join(named)}"
        raise ConfigError("TIER_TWICE", cause, place="command line", remedy=f"keep only --{named[-1]}")
    return [f"tier={name}" for name in named]


def _study(config: Path, columns: Columns, overrides: Sequence[str], data: "DataSets") -> "StudyConfig":
    """The study of a config. Prints how its first data set is interpreted, which is added to `data`.

    Raises: ConfigError for options that name columns, which a config does itself; DataError.
    """
    from seqtwin import api
    from seqtwin.config import read_study
    from seqtwin.study.grid import expand_grid

    refuse_columns(columns, config)
    study = read_study(config, overrides)
    first = expand_grid(study).cells[0].config
    console.print_summary(api.understood(first, data.prepare(first)))
    return study


def _study_for_data(
    path: Path, options: "ColumnOptions", overrides: Sequence[str], folder: Path, data: "DataSets"
) -> "StudyConfig":
    """The usual grid over a starter config. Prints how the data are interpreted and saves the base config."""
    from seqtwin import api
    from seqtwin.config import objective_of
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.data.starter_config import seen_lines

    rest = other_overrides(overrides)
    inspection = inspect_data(path, options)
    finish = partial(api.study_over, overrides=rest, place=str(path))
    raw, text = api.config_for_data(
        inspection, folder, objective_of({}, rest), start=names_start(rest),
        finish=lambda raw: finish(raw).base, data=data,
    )  # fmt: skip
    study = finish(raw)
    console.print_summary(api.understood(study.base, data.prepare(study.base), seen_lines(inspection)))
    console.print_notice(f"config used: {api.keep_config(text, folder, study.base)}")
    return study


def report(
    study: Annotated[Path, typer.Argument(help="study folder, or a subfolder of experiments/", metavar="STUDY")],
    out: ReportOut = None,
    pages_only: Annotated[bool, typer.Option("--pages-only", help="write only pages, linked to STUDY's data")] = False,
    as_json: Json = False,
) -> None:
    """Rebuild a study's report from its finished cells, without training.

    seqtwin report runs/first --out reports/first
    """
    gc.set_threshold(_RARELY)
    from seqtwin.reporting.page.write_report import write_report

    page = write_report(study, out, pages_only=pages_only)
    if as_json:
        console.print_json({"report": str(page)})
    else:
        console.print_line(f"report: {page}")
    gc.freeze()  # the process ends here, and would look for garbage among all objects once more


@with_columns
def check(
    config: Config,
    overrides: Overrides = None,
    columns: Columns = NO_COLUMNS,
) -> None:
    """Check a config and its data, or a data file, without training.

    seqtwin check configs/placenames.yaml
    """
    options = column_options(columns, overrides or [])
    if is_data(config):
        _check_data(config, options, overrides or [])
    else:
        refuse_columns(columns, config)
        _check_config(config, overrides or [])


def _check_data(path: Path, options: "ColumnOptions", overrides: Sequence[str]) -> None:
    """Run the same checks as before a training."""
    from seqtwin import api
    from seqtwin.data.starter_config import describe

    starter = read_starter(path, options, overrides, path)
    console.print_line("\n".join(api.understood(starter.run, starter.prepared, describe(starter.inspection))))
    api.refuse_untrainable(starter.run, starter.prepared)


def _check_config(path: Path, overrides: list[str]) -> None:
    from seqtwin import api
    from seqtwin.config import read_run, read_study
    from seqtwin.config.idle_options import refuse_idle_options
    from seqtwin.run.prepare import DataSets
    from seqtwin.strict_yaml import read_yaml
    from seqtwin.study.grid import expand_grid

    data, is_study = DataSets(), bool({"grid", "base"} & read_yaml(path).keys())
    cells = expand_grid(read_study(path, overrides)).cells if is_study else []
    configs = list({cell.pairing: cell.config for cell in cells}.values()) or [read_run(path, overrides)]
    if not is_study:
        refuse_idle_options(configs[0])
    for config in configs:
        api.refuse_untrainable(config, data.prepare(config))
    prepared = data.prepare(configs[0])
    console.print_line("\n".join(api.understood(configs[0], prepared)))
    console.print_line(f"{prepared.data.name}: primary metric {prepared.primary}")
    console.print_line(f"{len(cells)} study cells: OK" if is_study else "OK")
