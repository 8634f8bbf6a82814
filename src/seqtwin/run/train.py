"""One training from a config to a published folder: data, model, fit, scores."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtwin.build import Blueprint, blueprint_of, build_siamese
from seqtwin.config import RunConfig, portable
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.reading.series import channel_scaling
from seqtwin.files import Building, dump_json, publish_folder, write_text
from seqtwin.model.siamese import Siamese
from seqtwin.run.cell_tables import history_table, predictions_table, reads_table, texts_table, trace_table
from seqtwin.run.compatible import check_run, check_targets
from seqtwin.run.diagnose_run import AnyTrained, Trained
from seqtwin.run.labels import column_label, row_label
from seqtwin.run.manifest import config_text, manifest
from seqtwin.run.model_card import CardFacts, Interval, interval_of
from seqtwin.run.objectives.contract import AnyObjective
from seqtwin.run.objectives.table import objective_name, objective_of
from seqtwin.run.part_labels import label
from seqtwin.run.prepare import prepare, word_vectors
from seqtwin.run.prepared import Ready, data_facts
from seqtwin.run.pretrained import followed, load_start
from seqtwin.store import Stored, save_encoder
from seqtwin.training.encode_store import batch_deviation, part_of
from seqtwin.training.fit import Diverged, Recipe, RunState, fit, pick_device
from seqtwin.version import __version__

OnEpoch = Callable[[RunState], None]


@dataclass(frozen=True)
class Run:
    """A published training."""

    path: Path
    status: str
    scores: dict[str, Any]


def train(
    config: RunConfig,
    out: Path,
    *,
    on_epoch: OnEpoch = lambda _: None,
    finish: Callable[[Path], None] = lambda _: None,
    prepared: Ready | None = None,
) -> Run:
    """The run of a config, published as the folder `out`.

    `finish(folder)` may add files before it is published. `prepared`: the data of the config, where they are prepared
    already.

    Raises: ConfigError, DataError, Diverged.
    """
    config = followed(config)
    check_run(config)
    prepared = prepared or prepare(config)
    check_targets(config, prepared)
    with publish_folder(out) as building:
        factors: dict[str, str | int] = {
            "representation": row_label(config),
            "loss": column_label(config, {}),
            "seed": config.fit.seed,
        }
        scores = run_into(building, config, prepared, factors, on_epoch=on_epoch)
        building.manifest["id"] = out.name
        finish(building.folder)
    return Run(out, building.manifest["status"], scores)


def run_into(
    building: Building, config: RunConfig, prepared: Ready, factors: Mapping[str, str | int], *, on_epoch: OnEpoch
) -> dict[str, Any]:
    """Train, judge and write everything of one run into a folder under construction; its scores come back."""
    if config.fit.threads is not None:
        torch.set_num_threads(config.fit.threads)
    clock = _Clock()
    device = pick_device(config.fit.device)
    objective, model = objective_of(config), fresh_model(config, prepared).to(device)
    learner, loss = objective.trainee(model, prepared, config)
    untrained = objective.judge_untrained(learner, prepared)
    clock.lap("data")
    store, recipe = prepared.stores["train"], recipe_of(config)
    watcher = objective.watch(prepared, recipe)
    state = fit(learner, loss, store, recipe, objective.measure(prepared), watch=watcher, on_epoch=on_epoch)
    clock.lap("train")
    deviation = _deviation(model, prepared, state)
    judged = objective.judge(learner, prepared, untrained)
    clock.lap("evaluate")
    trained = Trained(model, learner, loss, prepared, recipe, state, watcher, judged, deviation)
    _write(building.folder, config, trained, objective)
    clock.lap("explain")
    building.manifest.update(
        manifest(config, prepared, factors, judged.status, device=str(device), seconds=clock.seconds)
    )
    return judged.scores


class _Clock:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self._since, 3)
        self._since = now


def fresh_model(config: RunConfig, prepared: Ready) -> Siamese:
    """A Siamese for this data: with fresh weights, the config's initial word vectors, or the encoder it starts from."""
    model = build_siamese(blueprint_for(config, prepared), seed=config.fit.seed)
    start = load_start(config)
    if start is not None:
        model.encoder.load_state_dict(start.model.encoder.state_dict())
        model.encoder.requires_grad_(not config.encoder.frozen)
        return model
    if prepared.inputs == "series" and config.encoder.scaling == "standard":
        model.encoder.inputs.set_scaling(*map(torch.from_numpy, channel_scaling(_training_steps(prepared))))
    known = word_vectors(config, prepared)
    if known is not None:
        rows, vectors = known
        model.encoder.inputs.set_vectors(torch.from_numpy(rows), torch.from_numpy(vectors))
    return model


def _training_steps(prepared: Ready) -> np.ndarray:
    """All steps of the training series, each once: Float[steps channels]."""
    store = prepared.stores["train"]
    items: Ragged = part_of(store, np.arange(len(store))).items if isinstance(store, PairStore) else store.items
    return items.steps


def blueprint_for(config: RunConfig, prepared: Ready) -> Blueprint:
    """What an encoder of this config and data is made of."""
    letters = prepared.tokens.letter_size if prepared.tokens is not None else 0
    return blueprint_of(config, prepared.inputs, prepared.size, letters=letters)


def recipe_of(config: RunConfig) -> Recipe:
    """How the config wants the encoder trained."""
    f = config.fit
    return Recipe(
        epochs=f.epochs,
        batch=f.batch,
        lr=f.lr,
        optimizer=f.optimizer,
        weight_decay=f.weight_decay,
        schedule=f.schedule,
        warmup=f.warmup,
        clip=f.clip,
        patience=f.patience,
        precision=f.precision,
        seed=f.seed,
        layer_decay=f.layer_decay,
    )


def _deviation(model: Siamese, prepared: Ready, state: RunState) -> float:
    """Largest difference between a vector made alone and in a batch. Raises: Diverged when one is not finite."""
    deviation = batch_deviation(model, prepared.stores["test"].items)
    if not math.isfinite(deviation):
        raise Diverged(state.step, [])
    return deviation


def _facts(config: RunConfig, t: AnyTrained, objective: AnyObjective) -> dict[str, Any]:
    prepared, state = t.prepared, t.state
    return {
        **data_facts(prepared),
        **({"judged": noun} if (noun := objective.row_noun(prepared)) else {}),
        "representation": row_label(config),
        "similarity": label(config.similarity),
        "loss": {**objective.loss_facts(t.loss, config), "plateau": t.plateau},
        "silent_batches": t.loss.silent_batches,
        "padding": config.encoder.padding,
        "encoder": config.encoder.model_dump(mode="json", exclude={"vectors", "start"}),
        "tokens": prepared.tokens and {**config.tokens.model_dump(mode="json"), "vocabulary": prepared.size},
        "parameters": sum(p.numel() for p in t.model.parameters()),
        "dim": t.model.space.dim,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "precision": state.precision,
        "train_pairs_per_second": round(len(prepared.stores["train"]) * state.epoch / state.seconds, 1),
        "encode_texts_per_second": round(t.judged.encoded_per_second, 1),
        "batch_deviation": t.batch_deviation,
    }


def _write(folder: Path, config: RunConfig, t: AnyTrained, objective: AnyObjective) -> None:
    facts, scores = _facts(config, t, objective), t.judged.scores
    texts = {
        "config.yaml": config_text(portable(config, folder)),
        "history.csv": history_table(t.state, t.prepared.primary),
        "trace.csv": trace_table(t.state.losses),
        "scores.json": dump_json(scores),
        "predictions.csv": predictions_table(t.prepared, t.judged.predicted),
        "pairs.csv": texts_table(t.prepared),
        "facts.json": dump_json(facts),
        "diagnostics.json": dump_json(objective.diagnose(t)),
        "reads.csv": reads_table(objective.read_all(t, config)),
    }
    for name, text in texts.items():
        if text:
            write_text(folder / name, text)
    _save(folder / "encoder", config, t, facts)


def _save(folder: Path, config: RunConfig, t: AnyTrained, facts: Mapping[str, object]) -> None:
    scores, objective = t.judged.scores, objective_of(config)
    known = {key: facts[key] for key in ("dataset", "data_hash", "split_hash", "loss", "cut")}
    known |= {"seqtwin": __version__, "threshold": scores["threshold"], "scores": scores["test"]}
    head = objective.saved_head(t.learner.cpu(), t.prepared, config)
    stored = Stored(t.model.cpu(), blueprint_for(config, t.prepared), t.prepared.tokens, known, head=head)
    save_encoder(folder, stored, objective.card(_card_facts(config, t, objective)))


def _card_facts(config: RunConfig, t: AnyTrained, objective: AnyObjective) -> CardFacts:
    prepared, scores = t.prepared, t.judged.scores
    loss = objective.loss_facts(t.loss, config)
    return CardFacts(
        representation=row_label(config),
        loss=loss["name"],
        formula=loss["formula"],
        dataset=prepared.data.name,
        dim=t.model.space.dim,
        similarity=label(config.similarity),
        parameters=sum(p.numel() for p in t.model.parameters()),
        rows={split: len(store) for split, store in prepared.stores.items()},
        best_epoch=t.state.best_epoch,
        max_length=config.tokens.max_length if prepared.tokens else None,
        unknown_share=prepared.unknown_share,
        data_hash=prepared.data.fingerprint,
        split_hash=prepared.data.split_fingerprint,
        primary=scores["primary"],
        test=scores["test"],
        interval=_interval(t, objective),
        threshold=scores["threshold"],
        counts=prepared.counts(),
        objective=objective_name(config),
        classes=len(prepared.classes),
    )


def _interval(t: AnyTrained, objective: AnyObjective) -> Interval | None:
    """The interval of the primary metric on test."""
    target, scores = t.prepared.stores["test"].target, t.judged.predicted["test"]
    return interval_of(
        lambda rows: objective.value(t.prepared, target[rows], scores[rows]), t.prepared.clusters["test"]
    )
