"""Commands that train and compare: init, train, compare, report, check."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin import console
from seqtwin.cli.arguments import Config, Json, Out, Overrides, Scale, is_data
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.config import StudyConfig


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


def train(
    config: Config, overrides: Overrides = None, out: Out = None, scale: Scale = None, as_json: Json = False
) -> None:
    """Train one encoder; the folder holds it with its scores.

    seqtwin train configs/placenames.yaml encoder.hidden=64 --out runs/small
    """
    from seqtwin import face
    from seqtwin.config import objective_of, overridden, parse_run, read_run
    from seqtwin.reporting.single import run_figures
    from seqtwin.study.run import train as train_run

    folder = out or face.free_folder(Path("runs") / config.stem)
    if is_data(config):
        raw, text = face.config_for_data(config, scale, folder, objective_of({}, overrides or []))
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


def compare(
    config: Config,
    overrides: Overrides = None,
    out: Out = None,
    scale: Scale = None,
    quick: Annotated[bool, typer.Option("--quick", help="5 seeds, 8 trials a pairing: a description")] = False,
    standard: Annotated[bool, typer.Option("--standard", help="10 seeds, 20 trials")] = False,
    strong: Annotated[bool, typer.Option("--strong", help="20 seeds, 20 trials")] = False,
    publication: Annotated[bool, typer.Option("--publication", help="30 seeds, 50 trials")] = False,
    no_tune: Annotated[bool, typer.Option("--no-tune", help="train every pairing as written")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="train again what failed")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes; default: one a core")] = None,
    as_json: Json = False,
) -> None:
    """Tune and train every pairing of a grid and write the report; what is published already is not done again.

    seqtwin compare experiments/output-or-hidden/placenames/study.yaml --quick --no-tune --out runs/first --jobs 2
    """
    from seqtwin import face

    flags = {"quick": quick, "standard": standard, "strong": strong, "publication": publication}
    chosen = [f"tier={_one_tier(flags)}"] if any(flags.values()) else []
    folder = out or Path("runs") / face.study_name(config)
    found = _study(config, [*(overrides or []), *chosen, *(["tune=false"] if no_tune else [])], scale, folder)
    with console.study_bars() as on_progress:
        study = face.compare(found, folder, jobs=jobs, retry_failed=retry_failed, on_progress=on_progress)
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


def _study(config: Path, overrides: Sequence[str], scale: tuple[float, float] | None, folder: Path) -> "StudyConfig":
    """The study of a config, or of the data itself with the usual grid."""
    from seqtwin import face
    from seqtwin.config import objective_of, override_study, parse_study, read_study, usual_grid

    if not is_data(config):
        return read_study(config, overrides)
    raw, text = face.config_for_data(config, scale, folder, objective_of({}, overrides))
    grid = usual_grid(objective_of(raw, overrides))
    found = parse_study(override_study({"base": raw, "grid": grid}, overrides), place=str(config))
    console.complain(f"config used: {face.keep_config(text, folder, found.base)}")
    return found


def report(study: Path, out: Out = None, as_json: Json = False) -> None:
    """Rebuild the page of a study from its published cells (or from committed results) alone.

    seqtwin report runs/first --out reports/first
    """
    from seqtwin.reporting.page import write_report

    page = write_report(study, out)
    if as_json:
        console.say_json({"report": str(page)})
    else:
        console.say(f"report: {page}")


def check(config: Config, overrides: Overrides = None, scale: Scale = None) -> None:
    """Say whether a config (with its data) or a data file can be used, without training.

    seqtwin check configs/placenames.yaml
    """
    if is_data(config):
        _check_data(config, scale)
    else:
        _check_config(config, overrides or [])


def _check_data(path: Path, scale: tuple[float, float] | None) -> None:
    from seqtwin.data.inspection import inspect_data
    from seqtwin.data.starter import describe

    console.say(describe(inspect_data(path, scale=scale)))


def _check_config(path: Path, overrides: list[str]) -> None:
    from seqtwin.config import read_study
    from seqtwin.strict_yaml import read_yaml
    from seqtwin.study.grid import expand_grid
    from seqtwin.study.prepare import prepare
    from seqtwin.study.prepared import Prepared

    grid = expand_grid(read_study(path, overrides))
    prepared = prepare(grid.cells[0].config)
    study = "grid" in read_yaml(path)
    pairs = ", ".join(f"{len(store):,} {split}" for split, store in prepared.stores.items())
    what = {True: "pairs", False: "sequences"}[isinstance(prepared, Prepared)]
    console.say(f"{prepared.data.name}: {pairs} {what}; primary metric {prepared.primary}")
    for note in prepared.notes:
        console.say(f"note: {note}")
    console.say(f"{len(grid.cells)} study cells: good" if study else "good")
