"""Tune every pairing alike: the same number of full training runs, the same sampler and seeds, judged on dev alone.

Trial 0 is the config as written, so the untuned value is known. The others come from Optuna's TPE sampler, which is
created anew for each trial with its own seed. A proposal depends only on the trials before it, and interrupted tuning
therefore ends with the same result.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from typing_extensions import TypedDict

from seqtwin.config import RunConfig, StudyConfig, vary
from seqtwin.errors import SeqTwinError
from seqtwin.files import dump_json, publish_folder, read_json, verify, write_text
from seqtwin.guards.shapes import check_shape
from seqtwin.json_values import hash_of
from seqtwin.lookup import split_spec
from seqtwin.run.manifest import cell_key, versions
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import StudyCell
from seqtwin.study.search_spaces import Dimension, Range, Space, space_of, written_value
from seqtwin.study.tiers import TUNING_SEED, trials_of
from seqtwin.study.trials import Setting, Trial, run_trials
from seqtwin.study.worker import Progress, report


@dataclass(frozen=True)
class Tuning:
    """The search for one pairing. `config` has the tuning seed; `trials`: their number; `key`: identity of the
    search."""

    id: str
    config: RunConfig
    space: Space
    trials: int
    key: str


class Best(TypedDict):
    """The best trial of a search, as best.json has it.

    `changes`: its settings, empty where the config as written was best. `edge`: the settings near an end of their
    range. `value`, `untuned`: dev metric of the best trial and of the config as written. `failed`: trials without a
    value.
    """

    pairing: str
    trials: int
    changes: Mapping[str, object]
    edge: list[str]
    value: float | None
    untuned: float | None
    seed: int
    failed: int
    notes: list[str]
    seconds: float


def plan_tunings(study: StudyConfig, cells: Sequence[StudyCell], data: DataSets) -> list[Tuning]:
    """One tuning for each pairing; none where the study is not tuned."""
    if not study.tune:
        return []
    first = {cell.pairing: cell for cell in reversed(cells)}
    return [_tuning(first[id_], study, data) for id_ in dict.fromkeys(cell.pairing for cell in cells)]


def _tuning(cell: StudyCell, study: StudyConfig, data: DataSets) -> Tuning:
    config = vary(cell.config, {"fit.seed": TUNING_SEED})
    space, trials = space_of(config, study.grid), trials_of(study)
    key = hash_of([cell_key(config, data.prepare(config)), repr(space), trials])
    return Tuning(cell.pairing, config, space, trials, key)


def run_tuning(tuning: Tuning, folder: Path, data: DataSets | None = None) -> str:
    """Search one pairing and publish the trials under `folder`; its status.

    `data`: the prepared data of the study; None reads them.
    """
    report(Progress(tuning.id, 0, tuning.trials))
    prepared = (data or DataSets()).prepare(tuning.config)
    journal = _journal(tuning, folder)
    trials = run_trials(tuning.config, prepared, tuning.space, tuning.trials, journal, _report_trials(tuning))
    _publish(tuning, folder / tuning.id, trials)
    for used in (folder / ".journals").glob(f"{tuning.id}.*"):
        used.unlink()
    report(Progress(tuning.id, tuning.trials, tuning.trials, done="finished"))
    return "finished"


def _journal(tuning: Tuning, folder: Path) -> Path:
    # its name contains the key, so a search continues only its own journal
    return folder / ".journals" / f"{tuning.id}.{tuning.key[:8]}.log"


def _report_trials(tuning: Tuning) -> Callable[[Trial], None]:
    return lambda trial: report(Progress(tuning.id, trial.number + 1, tuning.trials, trial.value))


def publish_untuned(tuning: Tuning, final: Path, error: Exception, _data: DataSets | None = None) -> str:
    """Publish that the search failed, and why; its status. The pairing is then trained as written."""
    _publish(tuning, final, [], error if isinstance(error, SeqTwinError) else SeqTwinError("TUNING", str(error)))
    return "failed"


def _publish(tuning: Tuning, final: Path, trials: Sequence[Trial], error: SeqTwinError | None = None) -> None:
    with publish_folder(final) as building:
        write_text(building.folder / "trials.csv", trials_csv(trials, tuning))
        write_text(building.folder / "best.json", dump_json(best_trial(trials, tuning)))
        building.manifest.update(kind="tuning", id=tuning.id, key=tuning.key)
        building.manifest.update(status="failed" if error else "finished", error=error and error.as_dict())
        space = {key: repr(dimension) for key, dimension in tuning.space.items()}
        building.manifest.update(space=space, versions=versions())


def best_trial(trials: Sequence[Trial], tuning: Tuning) -> Best:
    """The best trial, the first of equals, and what a reader needs to judge the search."""
    done = [trial for trial in trials if trial.value is not None]
    best = max(done, key=lambda trial: trial.value or 0.0, default=None)
    params = best.params if best else {}
    return {
        "pairing": tuning.id,
        "trials": len(trials),
        "changes": params if best and best.number else {},
        "edge": [key for key, value in params.items() if _at_edge(tuning.space[key], value)],
        "value": best.value if best else None,
        "untuned": next((trial.value for trial in trials if trial.number == 0), None),
        "seed": TUNING_SEED,
        "failed": len(trials) - len(done),
        "notes": _notes(tuning.config),
        "seconds": round(sum(trial.seconds for trial in trials), 3),
    }


def _at_edge(dimension: Dimension, value: Setting) -> bool:
    return isinstance(dimension, Range) and not isinstance(value, str) and dimension.edge(value)


def _notes(config: RunConfig) -> list[str]:
    margin = split_spec(config.loss)[1].get("margin", "auto")
    return [] if margin == "auto" else [f"margin not re-scaled: it was given as {margin}"]


def trials_csv(trials: Sequence[Trial], tuning: Tuning) -> str:
    """One row for each trial. A field is empty where a value is undefined or an option has its default."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "value", "seconds", *tuning.space])
    for trial in trials:
        written = {key: written_value(tuning.config, key) for key in tuning.space}
        params = trial.params if trial.number else written
        value = "" if trial.value is None else f"{trial.value:.9g}"
        fields = ["" if params[key] is None else params[key] for key in tuning.space]
        writer.writerow([trial.number, trial.state, value, f"{trial.seconds:.3f}", *fields])
    return text.getvalue()


def tuned(cells: Sequence[StudyCell], tunings: Sequence[Tuning], folder: Path) -> list[StudyCell]:
    """The cells with the settings that the published tuning of their pairing chose."""
    ids = [tuning.id for tuning in tunings if (folder / tuning.id).exists()]
    for id_ in ids:
        verify(folder / id_, only=("best.json",))
    best = {id_: _read_best(folder / id_ / "best.json") for id_ in ids}
    return [_with_settings(cell, best[cell.pairing]) if cell.pairing in best else cell for cell in cells]


def _read_best(path: Path) -> Best:
    best: Best = read_json(path)
    check_shape(best, Best, path, {"changes"})
    return best


def _with_settings(cell: StudyCell, best: Best) -> StudyCell:
    tuning = {key: value for key, value in best.items() if key != "seconds"}
    return replace(cell, config=vary(cell.config, best["changes"]), tuning=tuning)
