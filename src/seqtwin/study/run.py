"""One training from a config to a published folder: data, model, fit, scores."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtwin.build import blueprint_of, build_siamese
from seqtwin.config import RunConfig, portable
from seqtwin.files import Building, dump_json, publish_folder, write_text
from seqtwin.lookup import split_spec
from seqtwin.metrics import METRICS, Undefined
from seqtwin.model.siamese import Siamese
from seqtwin.store import Stored, save_encoder
from seqtwin.study.card import interval_of, model_card
from seqtwin.study.check import build_loss, check_run, describe_loss
from seqtwin.study.evidence import Trained, Watcher, diagnostics
from seqtwin.study.grid import label
from seqtwin.study.identity import config_text, manifest
from seqtwin.study.judge import judge, judge_untrained, primary_value
from seqtwin.study.prepare import Prepared, data_facts, prepare, word_vectors
from seqtwin.study.reads import read_all
from seqtwin.study.tables import history_table, predictions_table, reads_table, texts_table, trace_table
from seqtwin.training.fit import Diverged, Recipe, RunState, fit, pick_device
from seqtwin.training.losses import Loss
from seqtwin.training.predict import batch_deviation, predict
from seqtwin.version import __version__

OnEpoch = Callable[[RunState], None]
CALIBRATION_PAIRS = 1024


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
) -> Run:
    """The run of a config, published as the folder `out`. `finish` may add files before it is published.

    Raises: ConfigError, DataError, Diverged.
    """
    check_run(config)
    prepared = prepare(config)
    with publish_folder(out) as building:
        factors: dict[str, str | int] = {
            "representation": label(config.representation),
            "loss": label(config.loss),
            "seed": config.fit.seed,
        }
        scores = run_into(building, config, prepared, factors, on_epoch=on_epoch)
        building.manifest["id"] = out.name
        finish(building.folder)
    return Run(out, building.manifest["status"], scores)


def run_into(
    building: Building, config: RunConfig, prepared: Prepared, factors: Mapping[str, str | int], *, on_epoch: OnEpoch
) -> dict[str, Any]:
    """Train, judge and write everything of one run into a folder under construction; its scores come back."""
    if config.fit.threads is not None:
        torch.set_num_threads(config.fit.threads)
    clock = _Clock()
    device = pick_device(config.fit.device)
    model = fresh_model(config, prepared).to(device)
    loss = build_loss(config.loss, model, prepared.data.cut).to(device)
    calibrate(loss, model, prepared, config)
    untrained = judge_untrained(model, prepared)
    clock.lap("data")
    store, recipe = prepared.stores["train"], recipe_of(config)
    watcher = Watcher.of(store, recipe)
    state = fit(model, loss, store, recipe, rank_metric(prepared), watch=watcher, on_epoch=on_epoch)
    clock.lap("train")
    deviation = _deviation(model, prepared, state)
    judged = judge(model, prepared, untrained)
    clock.lap("evaluate")
    trained = Trained(model, loss, prepared, recipe, state, watcher, judged, deviation)
    _write(building.folder, config, trained)
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


def fresh_model(config: RunConfig, prepared: Prepared) -> Siamese:
    """An untrained Siamese for this data, with the config's initial word vectors where it names some."""
    model = build_siamese(blueprint_of(config, prepared.inputs, prepared.size), seed=config.fit.seed)
    known = word_vectors(config, prepared)
    if known is not None:
        rows, vectors = known
        model.encoder.inputs.set_vectors(torch.from_numpy(rows), torch.from_numpy(vectors))
    return model


def calibrate(loss: Loss, model: Siamese, prepared: Prepared, config: RunConfig) -> None:
    """Fix what a loss sets from data, on a sample of training pairs."""
    store = prepared.stores["train"]
    rng = np.random.default_rng([config.fit.seed, 1])
    rows = rng.permutation(len(store))[:CALIBRATION_PAIRS]
    pairs = store.batch(rows).to(next(model.parameters()).device)
    model.eval()
    with torch.no_grad():
        loss.calibrate(model(pairs), pairs.target)


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
    )


def rank_metric(prepared: Prepared) -> Callable[[Siamese], float | None]:
    """What measures an encoder on dev while it is trained: the primary metric, None where it is undefined."""
    store = prepared.stores["dev"]
    metric = METRICS[prepared.primary]
    target = store.target >= prepared.data.cut if metric.targets == "binary" else store.target

    def measure(model: Siamese) -> float | None:
        scores = predict(model, store)
        if not np.isfinite(scores).all():
            return math.nan
        try:
            return metric.function(scores, target)
        except Undefined:
            return None

    return measure


def _deviation(model: Siamese, prepared: Prepared, state: RunState) -> float:
    """Largest difference between a vector made alone and in a batch. Raises: Diverged when one is not finite."""
    deviation = batch_deviation(model, prepared.stores["test"].items)
    if not math.isfinite(deviation):
        raise Diverged(state.step, [])
    return deviation


def _facts(config: RunConfig, t: Trained) -> dict[str, Any]:
    prepared, state = t.prepared, t.state
    return {
        **data_facts(prepared),
        "representation": label(config.representation),
        "similarity": label(config.similarity),
        "loss": {"name": split_spec(config.loss)[0], **describe_loss(t.loss), "plateau": t.plateau},
        "silent_batches": t.loss.silent_batches,
        "padding": config.encoder.padding,
        "encoder": config.encoder.model_dump(mode="json", exclude={"vectors"}),
        "tokens": prepared.tokens and {**config.tokens.model_dump(mode="json"), "vocabulary": prepared.size},
        "parameters": sum(p.numel() for p in t.model.parameters()),
        "dim": t.model.space.dim,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "train_pairs_per_second": round(len(prepared.stores["train"]) * state.epoch / state.seconds, 1),
        "encode_texts_per_second": round(t.judged.encoded_per_second, 1),
        "batch_deviation": t.batch_deviation,
    }


def _write(folder: Path, config: RunConfig, t: Trained) -> None:
    facts, scores = _facts(config, t), t.judged.scores
    texts = {
        "config.yaml": config_text(portable(config, folder)),
        "history.csv": history_table(t.state, t.prepared.primary),
        "trace.csv": trace_table(t.state.losses),
        "scores.json": dump_json(scores),
        "predictions.csv": predictions_table(t.prepared, t.judged.predicted),
        "pairs.csv": texts_table(t.prepared),
        "facts.json": dump_json(facts),
        "diagnostics.json": dump_json(diagnostics(t)),
        "reads.csv": reads_table(read_all(t.model, t.prepared, config.similarity)),
    }
    for name, text in texts.items():
        if text:
            write_text(folder / name, text)
    _save(folder / "encoder", config, t, facts)


def _save(folder: Path, config: RunConfig, t: Trained, facts: Mapping[str, Any]) -> None:
    scores = t.judged.scores
    known = {key: facts[key] for key in ("dataset", "data_hash", "split_hash", "loss", "cut")}
    known |= {"seqtwin": __version__, "threshold": scores["threshold"], "scores": scores["test"]}
    blueprint = blueprint_of(config, t.prepared.inputs, t.prepared.size)
    stored = Stored(t.model.cpu(), blueprint, t.prepared.tokens, known)
    save_encoder(folder, stored, model_card(dict(facts), scores, _interval(t)))


def _interval(t: Trained) -> tuple[float, float] | None:
    """Of the primary metric on test."""
    target, scores = t.prepared.stores["test"].target, t.judged.predicted["test"]
    return interval_of(lambda rows: primary_value(t.prepared, target[rows], scores[rows]), t.prepared.clusters["test"])
