"""Equal tuning for every pairing: the same number of full trainings, sampler and seeds, judged on dev alone.

Trial 0 is the config as written, so that "untuned" is known. The others come from Optuna's TPE sampler, made anew for
each trial with a seed of its own: what it proposes depends on the trials before and on nothing else, so that tuning
that was interrupted goes on as if it had not been.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqtwin.config import RunConfig, StudyConfig, vary
from seqtwin.errors import SeqTwinError
from seqtwin.files import dump_json, hash_of, publish_folder, read_json, write_text
from seqtwin.lookup import split_spec
from seqtwin.run.manifest import cell_key, versions
from seqtwin.run.prepare import prepare
from seqtwin.study.grid import StudyCell
from seqtwin.study.search_spaces import Space, space_of, written_value
from seqtwin.study.tiers import TUNING_SEED, trials_of
from seqtwin.study.trials import Trial, run_trials
from seqtwin.study.worker import Progress, tell


@dataclass(frozen=True)
class Tuning:
    """What is to be searched for one pairing. `config` has the tuning seed; `key`: identity of the search."""

    id: str
    config: RunConfig
    space: Space
    trials: int
    key: str


def plan_tunings(study: StudyConfig, cells: Sequence[StudyCell]) -> list[Tuning]:
    """One tuning for each pairing; none where the study is not tuned."""
    if not study.tune:
        return []
    first = {cell.pairing: cell for cell in reversed(cells)}
    return [_tuning(first[id_], study) for id_ in dict.fromkeys(cell.pairing for cell in cells)]


def _tuning(cell: StudyCell, study: StudyConfig) -> Tuning:
    config = vary(cell.config, {"fit.seed": TUNING_SEED})
    space, trials = space_of(config, study.grid), trials_of(study)
    key = hash_of([cell_key(config, prepare(config)), repr(space), trials])
    return Tuning(cell.pairing, config, space, trials, key)


def run_tuning(tuning: Tuning, folder: Path) -> str:
    """Search one pairing and publish what was found under `folder`; its status."""
    tell(Progress(tuning.id, 0, tuning.trials))
    found = run_trials(tuning.config, tuning.space, tuning.trials, _journal(tuning, folder), _told(tuning))
    _publish(tuning, folder / tuning.id, found)
    for used in (folder / ".journals").glob(f"{tuning.id}.*"):
        used.unlink()
    tell(Progress(tuning.id, tuning.trials, tuning.trials, done="finished"))
    return "finished"


def _journal(tuning: Tuning, folder: Path) -> Path:
    # the key in its name: what another search began is not taken up
    return folder / ".journals" / f"{tuning.id}.{tuning.key[:8]}.log"


def _told(tuning: Tuning) -> Any:
    return lambda trial: tell(Progress(tuning.id, trial.number + 1, tuning.trials, trial.value))


def publish_untuned(tuning: Tuning, final: Path, error: Exception) -> str:
    """Publish that nothing could be found, and why: the pairing is then trained as written."""
    _publish(tuning, final, [], error if isinstance(error, SeqTwinError) else SeqTwinError("TUNING", str(error)))
    return "failed"


def _publish(tuning: Tuning, final: Path, found: Sequence[Trial], error: SeqTwinError | None = None) -> None:
    with publish_folder(final) as building:
        write_text(building.folder / "trials.csv", trials_csv(found, tuning))
        write_text(building.folder / "best.json", dump_json(best_of(found, tuning)))
        building.manifest.update(kind="tuning", id=tuning.id, key=tuning.key)
        building.manifest.update(status="failed" if error else "finished", error=error and error.as_dict())
        building.manifest.update(space={key: repr(one) for key, one in tuning.space.items()}, versions=versions())


def best_of(found: Sequence[Trial], tuning: Tuning) -> dict[str, Any]:
    """The best trial, and what a reader needs to judge the search; the first of equals."""
    done = [trial for trial in found if trial.value is not None]
    best = max(done, key=lambda trial: trial.value or 0.0, default=None)
    params = best.params if best else {}
    return {
        "pairing": tuning.id,
        "trials": len(found),
        "changes": params if best and best.number else {},
        "edge": [key for key, value in params.items() if tuning.space[key].edge(value)],
        "value": best and best.value,
        "untuned": next((trial.value for trial in found if trial.number == 0), None),
        "seed": TUNING_SEED,
        "failed": len(found) - len(done),
        "notes": _notes(tuning.config),
        "seconds": round(sum(trial.seconds for trial in found), 3),
    }


def _notes(config: RunConfig) -> list[str]:
    margin = split_spec(config.loss)[1].get("margin", "auto")
    return [] if margin == "auto" else [f"margin not re-scaled: it was given as {margin}"]


def trials_csv(found: Sequence[Trial], tuning: Tuning) -> str:
    """A row for each trial; empty where a value is not defined, or a part's option was left to its default."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "value", "seconds", *tuning.space])
    for trial in found:
        written = {key: written_value(tuning.config, key) for key in tuning.space}
        params = trial.params if trial.number else written
        value = "" if trial.value is None else f"{trial.value:.9g}"
        cells = ["" if params[key] is None else params[key] for key in tuning.space]
        writer.writerow([trial.number, trial.state, value, f"{trial.seconds:.3f}", *cells])
    return text.getvalue()


def tuned(cells: Sequence[StudyCell], tunings: Sequence[Tuning], folder: Path) -> list[StudyCell]:
    """The cells with the settings that the published tuning of their pairing found."""
    ids = [tuning.id for tuning in tunings if (folder / tuning.id).exists()]
    best = {id_: read_json(folder / id_ / "best.json") for id_ in ids}
    return [_with(cell, best[cell.pairing]) if cell.pairing in best else cell for cell in cells]


def _with(cell: StudyCell, best: Mapping[str, Any]) -> StudyCell:
    kept = {key: value for key, value in best.items() if key != "seconds"}
    return replace(cell, config=vary(cell.config, best["changes"]), tuning=kept)
