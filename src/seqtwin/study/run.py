"""One training from a config to a published folder: data, model, fit, scores."""

import csv
import io
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
from seqtwin.data.batches import epoch_batches
from seqtwin.files import Building, dump_json, publish_folder, write_text
from seqtwin.lookup import split_spec
from seqtwin.metrics import METRICS, Undefined
from seqtwin.model.siamese import Siamese
from seqtwin.store import Stored, save_encoder
from seqtwin.study.card import model_card
from seqtwin.study.check import build_loss, check_run, describe_loss
from seqtwin.study.grid import label
from seqtwin.study.identity import config_text, manifest
from seqtwin.study.judge import Judged, judge, judge_untrained
from seqtwin.study.prepare import Prepared, data_facts, prepare, word_vectors
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
    start = time.monotonic()
    if config.fit.threads is not None:
        torch.set_num_threads(config.fit.threads)
    device = pick_device(config.fit.device)
    model = fresh_model(config, prepared).to(device)
    loss = build_loss(config.loss, model, prepared.data.cut).to(device)
    _calibrate(loss, model, prepared, config)
    untrained = judge_untrained(model, prepared)
    begun = time.monotonic()
    state = fit(model, loss, prepared.stores["train"], _recipe(config), _rank_metric(prepared), on_epoch=on_epoch)
    trained = time.monotonic()
    deviation = _deviation(model, prepared, state)
    judged = judge(model, prepared, untrained)
    seconds = {"data": round(begun - start, 3), "train": round(trained - begun, 3)}
    seconds["evaluate"] = round(time.monotonic() - trained, 3)
    facts = {**_facts(config, prepared, model, loss, state, judged), "batch_deviation": deviation}
    _write(building.folder, config, prepared, model, state, judged, facts)
    building.manifest.update(manifest(config, prepared, factors, judged.status, device=str(device), seconds=seconds))
    return judged.scores


def fresh_model(config: RunConfig, prepared: Prepared) -> Siamese:
    """An untrained Siamese for this data, with the config's initial word vectors where it names some."""
    model = build_siamese(blueprint_of(config, prepared.inputs, prepared.size), seed=config.fit.seed)
    known = word_vectors(config, prepared)
    if known is not None:
        rows, vectors = known
        model.encoder.inputs.set_vectors(torch.from_numpy(rows), torch.from_numpy(vectors))
    return model


def _calibrate(loss: Loss, model: Siamese, prepared: Prepared, config: RunConfig) -> None:
    store = prepared.stores["train"]
    rng = np.random.default_rng([config.fit.seed, 1])
    rows = rng.permutation(len(store))[:CALIBRATION_PAIRS]
    pairs = store.batch(rows).to(next(model.parameters()).device)
    model.eval()
    with torch.no_grad():
        loss.calibrate(model(pairs), pairs.target)


def _recipe(config: RunConfig) -> Recipe:
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


def _rank_metric(prepared: Prepared) -> Callable[[Siamese], float | None]:
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


def _facts(
    config: RunConfig, prepared: Prepared, model: Siamese, loss: Loss, state: RunState, judged: Judged
) -> dict[str, Any]:
    train = prepared.stores["train"]
    batches = epoch_batches(train.lengths, config.fit.batch, seed=config.fit.seed, epoch=0)
    targets = [torch.tensor(train.target[rows]) for rows in batches]
    described = describe_loss(loss)
    return {
        **data_facts(prepared),
        "representation": label(config.representation),
        "similarity": label(config.similarity),
        "loss": {"name": split_spec(config.loss)[0], **described, "plateau": loss.plateau_of(targets)},
        "silent_batches": loss.silent_batches,
        "padding": config.encoder.padding,
        "encoder": config.encoder.model_dump(mode="json", exclude={"vectors"}),
        "tokens": prepared.tokens and {**config.tokens.model_dump(mode="json"), "vocabulary": prepared.size},
        "parameters": sum(p.numel() for p in model.parameters()),
        "dim": model.space.dim,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "train_pairs_per_second": round(len(train) * state.epoch / state.seconds, 1),
        "encode_texts_per_second": round(judged.encoded_per_second, 1),
    }


def _write(
    folder: Path,
    config: RunConfig,
    prepared: Prepared,
    model: Siamese,
    state: RunState,
    judged: Judged,
    facts: dict[str, Any],
) -> None:
    write_text(folder / "config.yaml", config_text(portable(config, folder)))
    write_text(folder / "history.csv", _history(state, prepared.primary))
    write_text(folder / "scores.json", dump_json(judged.scores))
    write_text(folder / "predictions.csv", judged.predictions)
    write_text(folder / "facts.json", dump_json(facts))
    blueprint = blueprint_of(config, prepared.inputs, prepared.size)
    known = {key: facts[key] for key in ("dataset", "data_hash", "split_hash", "loss", "cut")}
    known |= {"seqtwin": __version__, "threshold": judged.scores["threshold"], "scores": judged.scores["test"]}
    stored = Stored(model.cpu(), blueprint, prepared.tokens, known)
    save_encoder(folder / "encoder", stored, model_card(facts, judged.scores))


def _history(state: RunState, primary: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "step", "loss", f"dev_{primary}", "lr", "seconds"])
    for row in state.history:
        dev = "" if row["dev"] is None else f"{row['dev']:.9g}"
        numbers = [f"{row['loss']:.9g}", dev, f"{row['lr']:.9g}", f"{row['seconds']:.3f}"]
        writer.writerow([row["epoch"], row["step"], *numbers])
    return text.getvalue()
