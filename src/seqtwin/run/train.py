"""One training from its config to its published folder."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtwin.baselines.measure import measure_baselines
from seqtwin.build_folders import sweep_old
from seqtwin.config import RunConfig, portable
from seqtwin.data.cluster_intervals import Interval, interval_of
from seqtwin.files import Building, dump_json, publish_folder, write_text
from seqtwin.floors import Baselines
from seqtwin.json_values import Json
from seqtwin.model.encoder import TableInput
from seqtwin.model.siamese import Siamese
from seqtwin.published import (
    CONFIG,
    DIAGNOSTICS,
    ENCODER,
    FACTS,
    FLOORS,
    HISTORY,
    PREDICTIONS,
    READS,
    SCORES,
    TEXTS,
    TRACE,
    Facts,
    Scores,
    TrainingOptions,
)
from seqtwin.run.begin import Begun, begin, ready_to_follow
from seqtwin.run.cell_tables import history_table, predictions_table, reads_table, texts_table, trace_table
from seqtwin.run.check_config import check_run, check_targets
from seqtwin.run.diagnose_run import AnyTrained, Trained
from seqtwin.run.fresh_model import blueprint_for, refuse_memory
from seqtwin.run.labels import column_label, row_label
from seqtwin.run.manifest import config_text, identity, manifest, remains_kept, resolved
from seqtwin.run.model_card import baseline_section, rounding_section
from seqtwin.run.objectives.base import AnyObjective
from seqtwin.run.objectives.training_rows import row_facts
from seqtwin.run.part_labels import label
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import Ready, data_facts
from seqtwin.run.pretrained import followed
from seqtwin.store import Stored, save_encoder
from seqtwin.trackers.callbacks import Callback, Cell
from seqtwin.trackers.known_trackers import flat, training_listeners
from seqtwin.trackers.listeners import NOBODY, Listeners
from seqtwin.training.checkpoint import Checkpoints
from seqtwin.training.clock import per_second
from seqtwin.training.encode_store import batch_deviation, encode_items, rounding_deviation, warn_of_zeros
from seqtwin.training.fit import fit
from seqtwin.training.processes import follow_torchrun, is_follower, processes_of
from seqtwin.training.run_state import Diverged, RunState
from seqtwin.version import __version__

OnEpoch = Callable[[RunState], None]


@dataclass(frozen=True)
class Run:
    """A published training. `status`: finished or collapsed; `baselines`: None where they were not measured."""

    path: Path
    status: str
    scores: Scores
    baselines: Baselines | None = None


def train(
    config: RunConfig,
    out: Path,
    *,
    on_epoch: OnEpoch = lambda _: None,
    callbacks: Sequence[Callback] = (),
    finish: Callable[[Path], None] = lambda _: None,
    prepared: Ready | None = None,
    baselines: bool = False,
    resume: bool = False,
) -> Run:
    """The run of a config, published as the folder `out`.

    `finish(folder)` may add files before it is published. `prepared`: the data of the config, where they are prepared
    already. `baselines`: also measure the free baselines, for floors.json and the model card. `resume`: continue the
    training for `out` that was interrupted; where there is none, start. `callbacks`: called as `Callback` describes, as
    the tracker of `fit.log` is.

    Raises: ConfigError, DataError; Diverged, after publishing what is left as `out`.diverged; InUseError.
    """
    config = followed(config)
    check_run(config)
    follows = is_follower(config)
    prepared = prepared or prepare(config)
    check_targets(config, prepared)
    refuse_memory(config, prepared)
    if follows:
        follow_torchrun(config, ready_to_follow(config, prepared))
        raise SystemExit(0)  # process 0 writes and prints the result
    sweep_old(out.parent)
    with training_listeners(callbacks, config.fit.log, out, flat(resolved(config))) as listeners:
        run = _published(config, out, prepared, listeners, on_epoch, finish, baselines=baselines, resume=resume)
        listeners.cell(Cell(out.name, run.status, out))
    return run


def _published(
    config: RunConfig, out: Path, prepared: Ready, listeners: Listeners, on_epoch: OnEpoch,
    finish: Callable[[Path], None], *, baselines: bool, resume: bool,
) -> Run:  # fmt: skip
    with remains_kept(out, config, prepared), publish_folder(out, resume=resume) as building:
        factors: dict[str, str | int] = {
            "representation": row_label(config),
            "loss": column_label(config, {}),
            "seed": config.fit.seed,
        }
        measured = measured_baselines(config, prepared) if baselines else None
        scores = run_into(
            building, config, prepared, factors, on_epoch=on_epoch, listeners=listeners, baselines=measured
        )
        building.manifest["id"] = out.name
        finish(building.folder)
    return Run(out, str(building.manifest["status"]), scores, measured)


def measured_baselines(config: RunConfig, prepared: Ready) -> Baselines:
    """The free baselines of the data of a config. Raises: DataError for a file of word vectors that cannot be read."""
    return measure_baselines(prepared.data, prepared.primary, vectors=config.encoder.vectors)


def run_into(
    building: Building,
    config: RunConfig,
    prepared: Ready,
    factors: Mapping[str, str | int],
    *,
    on_epoch: OnEpoch,
    listeners: Listeners = NOBODY,
    baselines: Baselines | None = None,
    start_over: bool = False,
) -> Scores:
    """Train, evaluate and write one run into a folder under construction; return its scores.

    The training continues from the checkpoints in the folder. `start_over`: also without an error where those are of
    another config. `baselines`: published with the run, where they were measured.
    """
    b = begin(config, prepared)
    keeper = Checkpoints(building.folder, identity(config, prepared, str(b.device)), start_over=start_over)
    try:
        on_step, on_row = listeners.following(on_epoch)
        heard = {"on_step": on_step, "on_epoch": on_row}
        with processes_of(config, building.folder, ready_to_follow) as ranks:
            state = fit(
                b.learner, b.loss, b.rows, b.recipe, b.measure, watch=b.watcher, keeper=keeper, ranks=ranks, **heard
            )  # fmt: skip
    except Diverged:
        keeper.remove()  # it would diverge again
        raise
    b.clock.lap("train", before=keeper.before)
    return finish(building, config, prepared, factors, b, state, baselines)


def finish(
    building: Building,
    config: RunConfig,
    prepared: Ready,
    factors: Mapping[str, str | int],
    begun: Begun,
    state: RunState,
    baselines: Baselines | None = None,
) -> Scores:
    """Evaluate a training and write it into a folder under construction; return its scores."""
    model, clock = begun.model, begun.clock
    if isinstance(model.encoder.inputs, TableInput):
        model.encoder.inputs.join_fixed()
    deviation = _deviation(model, prepared, state)
    judged = begun.objective.judge(begun.learner, prepared, begun.untrained)
    clock.lap("evaluate")
    test = judged.read["test"].vectors.own if judged.read else encode_items(model, prepared.stores["test"].items)
    warn_of_zeros(model, test)
    trained = Trained(
        model, begun.learner, begun.loss, prepared, begun.recipe, state, begun.watcher, judged, deviation, begun.rows
    )
    _write(building.folder, config, trained, begun.objective, baselines)
    clock.lap("explain")
    building.manifest.update(
        manifest(
            *(config, prepared, factors, judged.status), device=str(begun.device), seconds=clock.seconds,
            cpu_seconds=clock.cpu_seconds,
        )
    )  # fmt: skip
    return judged.scores


def _deviation(model: Siamese, prepared: Ready, state: RunState) -> float:
    """The largest difference between a vector encoded alone and in a batch. Raises: Diverged when it is not finite."""
    deviation = batch_deviation(model, prepared.stores["test"].items)
    if not math.isfinite(deviation):
        error = Diverged(state.step, [])
        error.state = state
        raise error
    return deviation


def _facts(config: RunConfig, t: AnyTrained, objective: AnyObjective) -> Facts:
    prepared, state = t.prepared, t.state
    facts: Facts = {
        **data_facts(prepared),
        **objective.judged_facts(prepared),
        "representation": row_label(config),
        "similarity": label(config.similarity),
        "loss": {**objective.loss_facts(t.loss, config), "plateau": t.plateau},
        "silent_batches": t.loss.silent_batches,
        "padding": config.encoder.padding,
        "encoder": config.encoder.model_dump(mode="json", exclude={"vectors", "start"}),
        "tokens": _token_facts(config, prepared),
        "parameters": sum(p.numel() for p in t.model.parameters()),
        "dim": t.model.space.dim,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "precision": state.precision,
        "train_pairs_per_second": round(per_second(state.rows, state.seconds), 1),
        "encode_texts_per_second": round(t.judged.encoded_per_second, 1),
        "batch_deviation": t.batch_deviation,
    }
    if counts := row_facts(t.rows):
        facts["epoch_pairs"] = counts
    if options := training_options(config, state):
        facts["training"] = options
    return facts


def training_options(config: RunConfig, state: RunState) -> TrainingOptions:
    """The options of the training that a config sets; empty where it sets none."""
    options: TrainingOptions = {}
    if config.fit.average is not None:
        options["average"] = label(config.fit.average)
        options["averaged_steps"] = state.averaged
    if rates := config.fit.rates.changed():
        options["rates"] = rates
    if config.fit.balance is not None:
        options["balance"] = config.fit.balance
    return options


def _token_facts(config: RunConfig, prepared: Ready) -> dict[str, Json] | None:
    if prepared.tokens is None:
        return None
    known = {"known_words": prepared.tokens.known} if prepared.tokens.known else {}
    return {**config.tokens.model_dump(mode="json"), "vocabulary": prepared.size, **known}


def _write(
    folder: Path, config: RunConfig, t: AnyTrained, objective: AnyObjective, baselines: Baselines | None
) -> None:
    facts, scores = _facts(config, t, objective), t.judged.scores
    texts = {
        CONFIG: config_text(portable(config, folder)),
        HISTORY: history_table(t.state, t.prepared.primary),
        TRACE: trace_table(t.state.losses),
        SCORES: dump_json(scores),
        PREDICTIONS: predictions_table(t.prepared, t.judged.predicted),
        TEXTS: texts_table(t.prepared),
        FACTS: dump_json(facts),
        DIAGNOSTICS: dump_json(objective.diagnose(t)),
        READS: reads_table(objective.read_all(t, config)),
        FLOORS: dump_json(baselines.as_json()) if baselines else "",
    }
    for name, text in texts.items():
        if text:
            write_text(folder / name, text)
    card = objective.card(facts, scores, _interval(t, objective))
    card += rounding_section(rounding_deviation(t.model, t.prepared.stores["test"].items))
    card += baseline_section(baselines, scores) if baselines else ""
    _save(folder / ENCODER, config, t, objective, facts, card)


def _save(folder: Path, config: RunConfig, t: AnyTrained, objective: AnyObjective, facts: Facts, card: str) -> None:
    scores = t.judged.scores
    saved_facts = {
        "dataset": facts["dataset"],
        "data_hash": facts["data_hash"],
        "split_hash": facts["split_hash"],
        "loss": facts["loss"],
        "cut": facts["cut"],
        "seqtwin": __version__,
        "threshold": scores["threshold"],
        "scores": scores["test"],
    }
    head = objective.saved_head(t.learner.cpu(), t.prepared, config)
    stored = Stored(t.model.cpu(), blueprint_for(config, t.prepared), t.prepared.tokens, saved_facts, head=head)
    save_encoder(folder, stored, card)


def _interval(t: AnyTrained, objective: AnyObjective) -> Interval | None:
    """The interval of the primary metric on test."""
    prepared = t.prepared
    target, scores = prepared.stores["test"].target, t.judged.predicted["test"]
    return interval_of(lambda rows: objective.value(prepared, target[rows], scores[rows]), prepared.clusters["test"])
