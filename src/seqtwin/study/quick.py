"""A quick study: what a stated number of minutes allows. Rounds of successive halving, then the survivors in full.

The plan is made once, from measured times, and kept in `quick.json`. A second call continues the same study.
"""

import shutil
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from seqtwin.cards import read_sealed, sealed_text
from seqtwin.config import StudyConfig, vary
from seqtwin.errors import ConfigError, ResourceError, SeqTwinError
from seqtwin.files import driver_lock, publish_text, verify
from seqtwin.guards.begun import sign
from seqtwin.json_values import hash_of
from seqtwin.published import DIAGNOSTICS, read_diagnostics
from seqtwin.quick_budget import QuickBudget, StoppedPairing
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import DataSets
from seqtwin.study.compare import Study, check_cells, compare
from seqtwin.study.grid import Grid, expand_grid
from seqtwin.study.measure_cost import measure_cost
from seqtwin.study.quick_file import PLAN, Raced, read_quick_file
from seqtwin.study.quick_plan import Cost, Plan, Round, last_stage, make_plan, plan_line
from seqtwin.study.rounds import HEATS, Heat, Outcome, heats_of, outcome_of, survivors
from seqtwin.study.study_json import record_budget
from seqtwin.study.tiers import TIERS, seeds_of
from seqtwin.study.worker_pool import OnProgress, TimeUp, run_all

MINUTES = 10.0
_ROUNDS_SHARE = 0.6  # of the time: rounds end then, so that survivors can still be trained
_REPORT_SHARE, _REPORT_MOST = 0.12, 40.0  # seconds kept for the report
_EPOCHS = "fit.epochs"
AGAIN = "run the same command again: it continues, with the same minutes once more"


@dataclass(frozen=True)
class Budget:
    """The minutes of a quick study and the processes that share them. `started`: a time of `time.monotonic()`."""

    minutes: float
    processes: int
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if not 0 < self.minutes < float("inf"):
            cause = f"expected a number of minutes above 0, got {self.minutes:g}"
            raise ConfigError("QUICK_MINUTES", cause, place="--minutes", remedy="try --minutes 10")

    def until(self, share: float = 1.0) -> float:
        """The time at which this share of the minutes is spent; the report is written after them."""
        seconds = 60 * self.minutes
        return self.started + share * (seconds - min(_REPORT_SHARE * seconds, _REPORT_MOST))

    @property
    def left(self) -> float:
        """Seconds left of all processes together."""
        return self.processes * max(0.0, self.until() - time.monotonic())

    @property
    def spent(self) -> float:
        """Minutes since the start."""
        return max(0.0, time.monotonic() - self.started) / 60


def quick_compare(
    config: StudyConfig,
    out: Path,
    budget: Budget,
    *,
    retry_failed: bool = False,
    on_progress: OnProgress = lambda _: None,
    on_notice: Callable[[str], None] = lambda _: None,
    data: DataSets | None = None,
) -> Study:
    """Run what the budget allows of the study of a config. `on_notice`: gets the plan in words before training.

    Every pairing is trained in full if that fits. Otherwise rounds of short trainings halve the pairings, and those
    left are trained with the epochs of the config. Rows, then epochs, are reduced only if even that takes too long.

    Raises: ConfigError, DataError; ResourceError where no training or no pairing finished in time; InUseError.
    """
    data = data or DataSets()
    config = config.model_copy(update={"tier": "quick"})
    whole = expand_grid(config)
    check_cells(whole, data)
    plan, cost, tune = _plan(config, whole, out, budget, data, on_notice)
    config = _resized(config, plan, tune=tune)
    grid = expand_grid(config)
    with driver_lock(out):
        sign(out, {})
        raced = _race(grid, plan, out, budget, data, on_progress)
    plan, raced = _last_stage(plan, cost, raced, budget, out)
    config = _resized(config.model_copy(update={"seeds": seeds_of(config)[: plan.seeds]}), plan, tune=tune)
    chosen = _only(expand_grid(config), raced.left)
    study = compare(
        config, out, jobs=budget.processes, retry_failed=retry_failed, on_progress=on_progress, data=data, grid=chosen,
        until=budget.until(),
    )  # fmt: skip
    _record(study, whole, chosen, plan, raced, budget, data)
    _refuse_empty(study, chosen)
    return study


def _refuse_empty(study: Study, chosen: Grid) -> None:
    """Raises: ResourceError where no study cell was published: there is nothing to report."""
    if any((study.path / "cells" / id_).exists() for id_ in study.planned):
        return
    names = ", ".join(dict.fromkeys(cell.pairing for cell in chosen.cells))
    cause = f"the time was up before a pairing was trained in full; still in the race: {names}"
    raise ResourceError("QUICK_TIME", cause, place="--minutes", remedy=AGAIN)


def _plan(
    config: StudyConfig, grid: Grid, out: Path, budget: Budget, data: DataSets, on_notice: Callable[[str], None]
) -> tuple[Plan, Cost, bool]:
    """The plan, the measured costs and whether to tune: those in quick.json, or new ones."""
    first = list({cell.pairing: cell for cell in reversed(grid.cells)}.values())[::-1]
    keys = [cell_key(cell.config, data.prepare(cell.config)) for cell in first]
    key = hash_of([config.tune, seeds_of(config), *keys])
    if (out / PLAN).exists():
        return _known_plan(out / PLAN, key)
    cost = measure_cost(first, data)
    plan = make_plan(cost, len(first), len(seeds_of(config)), budget.left, budget.processes)
    tune = config.tune and _fits_tuned(plan, cost, budget)
    publish_text(out / PLAN, sealed_text({"key": key, "tune": tune, "cost": asdict(cost), "plan": asdict(plan)}))
    on_notice(plan_line(plan, cost, budget.minutes, budget.processes))
    return plan, cost, tune


def _fits_tuned(plan: Plan, cost: Cost, budget: Budget) -> bool:
    whole = not plan.rounds and plan.rows is None and plan.epochs == cost.epochs
    return whole and plan.pairings * (plan.seeds + TIERS["quick"].trials) * cost.cell() <= budget.left


def _known_plan(path: Path, key: str) -> tuple[Plan, Cost, bool]:
    saved = read_quick_file(path)
    if saved["key"] != key:
        cause = "this quick study was planned for another config, other data or another version"
        raise ConfigError("STUDY_CHANGED", cause, place=str(path), remedy="choose another --out")
    rounds = tuple(Round(**one) for one in saved["plan"]["rounds"])
    return Plan(**{**saved["plan"], "rounds": rounds}), Cost(**saved["cost"]), bool(saved["tune"])


def _resized(config: StudyConfig, plan: Plan, *, tune: bool) -> StudyConfig:
    """The study with the rows and epochs of a plan."""
    changes: dict[str, object] = {} if plan.rows is None else {"data.rows": plan.rows}
    if _EPOCHS not in config.grid and plan.epochs != config.base.fit.epochs:
        changes[_EPOCHS] = plan.epochs
        mined = config.base.fit.hard_negatives
        if mined is not None and mined.from_epoch > plan.epochs:
            changes["fit.hard_negatives.from_epoch"] = plan.epochs
    return config.model_copy(update={"base": vary(config.base, changes), "tune": tune})


def _race(grid: Grid, plan: Plan, out: Path, budget: Budget, data: DataSets, on_progress: OnProgress) -> Raced:
    """Run the rounds of a plan. Their outcome is kept in quick.json.

    Raises: ResourceError if no training of the first round finished in time; ConfigError if all of them failed.
    """
    saved = read_quick_file(out / PLAN)
    if "raced" in saved:
        return Raced(**saved["raced"])
    raced = _rounds(grid, plan, out, budget, data, on_progress)
    for late in (out / "rounds").glob(".*.round*"):  # checkpoints of trainings that the time was too short for
        shutil.rmtree(late, ignore_errors=True)
    publish_text(out / PLAN, sealed_text({**saved, "raced": asdict(raced)}))
    return raced


def _rounds(grid: Grid, plan: Plan, out: Path, budget: Budget, data: DataSets, on_progress: OnProgress) -> Raced:
    raced = Raced(list(dict.fromkeys(cell.pairing for cell in grid.cells)))
    known: dict[str, Outcome] = {}
    for number, one in enumerate(plan.rounds, 1):
        heats = heats_of([cell for cell in grid.cells if cell.pairing in raced.left], number, one.share, data)
        outcomes = _run_round(heats, out, budget, data, on_progress)
        in_time = len(outcomes) == len(heats)
        if number == 1 and not any(outcome["dev"] is not None for outcome in outcomes.values()):
            raise _too_short(budget, outcomes)
        after = plan.rounds[number].pairings if in_time and number < len(plan.rounds) else plan.pairings
        # where the time was up, the pairings that did not finish this round are ranked by the one before
        known = {heat.id: outcomes.get(heat.id) or known[heat.pairing] for heat in heats
                 if heat.id in outcomes or heat.pairing in known}  # fmt: skip
        raced = _after_round(raced, heats, known, outcomes, number, after)
        known = {heat.pairing: known[heat.id] for heat in heats if heat.id in known}
        if not in_time:
            break
    return raced


def _run_round(
    heats: Sequence[Heat], out: Path, budget: Budget, data: DataSets, on_progress: OnProgress
) -> dict[str, Outcome]:
    """The outcomes of the trainings of a round that finished, by id."""
    folder = out / "rounds"
    missing = [heat for heat in heats if outcome_of(heat, folder) is None]
    until = budget.until(_ROUNDS_SHARE)
    with suppress(TimeUp):  # those that are missing rank last
        run_all(replace(HEATS, data=data), missing, folder, budget.processes, on_progress, until=until)
    return {heat.id: outcome for heat in heats if (outcome := outcome_of(heat, folder)) is not None}


def _too_short(budget: Budget, outcomes: dict[str, Outcome]) -> SeqTwinError:
    causes = [outcome["cause"] for outcome in outcomes.values() if outcome["cause"]]
    if causes:
        remedy = "correct this, then choose another --out"
        return ConfigError("QUICK_FAILED", f"every training failed: {causes[0]}", place="--minutes", remedy=remedy)
    cause = f"no training finished in {_ROUNDS_SHARE:.0%} of the {budget.minutes:g} minutes"
    return ResourceError("QUICK_TIME", cause, place="--minutes", remedy=AGAIN)


def _after_round(
    before: Raced, heats: Sequence[Heat], known: dict[str, Outcome], new: dict[str, Outcome], number: int, count: int
) -> Raced:
    """The race after a round. `known`: the outcomes to rank by; `new`: those of this round; `count`: how many go on."""
    kept = [heat.pairing for heat in survivors(heats, known, min(count, len(known)))]
    latest = {heat.pairing: _stopped(heat, known.get(heat.id), number) for heat in heats}
    stopped = [latest[heat.pairing] for heat in heats if heat.pairing not in kept]
    epochs, steps = (sum(outcome[key] for outcome in new.values()) for key in ("epochs", "steps"))
    seconds = sum(outcome["seconds"] for outcome in new.values())
    return Raced(
        left=kept,
        stopped=[*before.stopped, *stopped],
        trainings=before.trainings + len(new),
        steps=before.steps + steps,
        epoch_seconds=seconds / epochs if epochs else before.epoch_seconds,
        latest=latest,
    )


def _stopped(heat: Heat, outcome: Outcome | None, number: int) -> StoppedPairing:
    dev, epochs = (outcome["dev"], outcome["epochs"]) if outcome else (None, 0)
    return {"labels": dict(heat.labels), "dev": dev, "round": number, "epochs": epochs}


def _last_stage(plan: Plan, cost: Cost, raced: Raced, budget: Budget, out: Path) -> tuple[Plan, Raced]:
    """The plan of the study cells, reduced to the time that is left, and the race with the pairings it trains.

    quick.json keeps the reduced plan.
    """
    saved = read_quick_file(out / PLAN)
    if "last" not in saved:
        last = plan
        if plan.rounds:
            epoch = raced.epoch_seconds or cost.training() / plan.epochs
            seconds = budget.left / budget.processes - cost.start
            last = last_stage(replace(plan, pairings=len(raced.left)), epoch, cost.rest, seconds, budget.processes)
        saved = {**saved, "last": [last.pairings, last.seeds, last.epochs]}
        publish_text(out / PLAN, sealed_text(saved))
    pairings, seeds, epochs = saved["last"]
    late = [raced.latest[pairing] for pairing in raced.left[pairings:]]
    raced = replace(raced, left=raced.left[:pairings], stopped=[*raced.stopped, *late])
    return replace(plan, pairings=pairings, seeds=seeds, epochs=epochs), raced


def _only(grid: Grid, pairings: Collection[str]) -> Grid:
    """The cells of these pairings, seed by seed: a study that runs out of time then has the same seeds of each."""
    cells = sorted((cell for cell in grid.cells if cell.pairing in pairings), key=lambda cell: cell.config.fit.seed)
    used = {key: {cell.labels[key] for cell in cells if key in cell.labels} for key in grid.factors}
    factors = {key: [name for name in names if name in used[key]] for key, names in grid.factors.items()}
    return Grid(cells, factors, grid.merged)


def _steps_of(cell: Path) -> float:
    verify(cell, only=(DIAGNOSTICS,))
    return read_diagnostics(cell).get("steps") or 0


def _record(study: Study, whole: Grid, chosen: Grid, plan: Plan, raced: Raced, budget: Budget, data: DataSets) -> None:
    """Write what was spent into study.json."""
    path = study.path / "study.json"
    before: dict[str, float] = read_sealed(path).get("quick", {})
    published = [id_ for id_ in study.planned if (study.path / "cells" / id_).exists()]
    done = [id_ for id_ in published if id_ not in study.failed]
    cell_steps = sum(_steps_of(study.path / "cells" / id_) for id_ in done)
    ready, all_rows = data.prepare(chosen.cells[0].config), data.prepare(whole.cells[0].config)
    record_budget(
        study.path,
        QuickBudget(
            minutes=before.get("minutes", 0.0) + budget.minutes, processes=budget.processes,
            spent=round(before.get("spent", 0.0) + budget.spent, 2),
            trainings=raced.trainings + len(published), steps=raced.steps + int(cell_steps), epochs=plan.epochs,
            rows=len(ready.stores["train"]), of_rows=len(all_rows.stores["train"]), metric=ready.primary,
            stopped=raced.stopped, time_up=len(published) < len(study.planned),
        ),
    )  # fmt: skip
