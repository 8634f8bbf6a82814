"""Probe an encoder folder on a file of labelled data."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.inspect_file import Inspection
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.splits import clusters
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.linear_probe import OnRead, probe_classes, probe_pairs, unheard
from seqtwin.run.probe_scores import Probes
from seqtwin.store import Stored, encoder_folder, load_encoder

READ_PADDING = "trained with padding: read: its vectors depend on the other sequences of a batch"


def probe_file(
    encoder: Path, found: Inspection, *, seed: int = 0, on_read: OnRead = unheard
) -> tuple[Probes, list[str]]:
    """The scores of every head on every representation for inspected data, and notes on the data.

    `seed`: of folds and heads. `on_read(done, count)` is called before each representation.

    Raises: ConfigError, DataError for an encoder or data that cannot be probed.
    """
    stored = _load(encoder)
    data = found.judged_file
    reader = READERS.get(found.kind)
    if reader is None:
        cause = f"expected labelled texts, labelled series or pairs, found {found.kind}"
        raise DataError("PROBE_KIND", cause, place=str(data))
    try:
        return reader(stored, found, seed, on_read)
    except ValueError as error:
        remedy = "add rows, of more classes or with other texts"
        raise DataError("PROBE_TOO_FEW", str(error), place=str(data), remedy=remedy) from error


def _load(folder: Path) -> Stored:
    path = encoder_folder(folder)
    stored = load_encoder(path)
    if stored.blueprint.encoder.padding == "read":
        raise ConfigError("PADDING_READ", READ_PADDING, place=str(path), remedy="train with padding: masked")
    return stored


def _items(stored: Stored, found: Inspection, seed: int, on_read: OnRead) -> tuple[Probes, list[str]]:
    _refuse_inputs(stored, "tokens", found)
    text, label = found.name("text"), found.name("label")
    data = read_classes(found.judged_file, text=text, label=label, empty="drop", quoting=found.quoting)
    return _probe_classes(stored, _ids(stored, data.items), data.targets, seed, on_read)


def _series(stored: Stored, found: Inspection, seed: int, on_read: OnRead) -> tuple[Probes, list[str]]:
    _refuse_inputs(stored, "series", found)
    series, time, label = (found.name(role) for role in ("series", "time", "label"))
    data = read_series_classes(found.judged_file, series=series, time=time, label=label, gaps=found.gaps)
    channels = data.items[0].shape[1]
    if channels != stored.blueprint.size:
        cause = f"series of {channels} channels, but the encoder expects {stored.blueprint.size}"
        raise DataError("SERIES_CHANNELS", cause, place=str(found.judged_file))
    items = Ragged.of([np.asarray(series_, dtype=np.float32) for series_ in data.items])
    return _probe_classes(stored, items, data.targets, seed, on_read)


def _probe_classes(
    stored: Stored, items: Ragged, targets: Sequence[str], seed: int, on_read: OnRead
) -> tuple[Probes, list[str]]:
    names, classes = np.unique(np.asarray(targets), return_inverse=True)
    probes = probe_classes(stored.model, items, classes, stored.blueprint.similarity, seed=seed, on_read=on_read)
    return probes, [f"{len(classes):,} items of {len(names)} classes", *_training_notes(stored)]


def _pairs(stored: Stored, found: Inspection, seed: int, on_read: OnRead) -> tuple[Probes, list[str]]:
    _refuse_inputs(stored, "tokens", found)
    cut = float(stored.facts.get("cut", 0.5))
    data = read_inspected_pairs(found, cut=cut)
    part = data.part("test")
    count = len(part)
    same = part["target"] >= cut
    if same.nunique() < 2:
        cause = f"all {count:,} pairs are {'same' if same.all() else 'different'}: there is nothing to distinguish"
        raise DataError("DATA_ONE_CLASS", cause, place=str(found.judged_file), remedy="add pairs of the other kind")
    items = _ids(stored, [*part["left"], *part["right"]])
    store = PairStore(items, np.arange(count), np.arange(count, 2 * count), part["target"].to_numpy())
    groups, how = clusters(part["left"].tolist(), part["right"].tolist())
    probes = probe_pairs(stored.model, store, cut, groups, stored.blueprint.similarity, seed=seed, on_read=on_read)
    return probes, [f"{count:,} pairs; folds and intervals by {how}", *_training_notes(stored)]


def _ids(stored: Stored, texts: Sequence[str]) -> Ragged:
    assert stored.tokens is not None
    return Ragged.of(stored.tokens.encode(list(texts)))


def _refuse_inputs(stored: Stored, wanted: str, found: Inspection) -> None:
    if stored.blueprint.inputs != wanted:
        cause = f"the encoder expects {stored.blueprint.inputs}, but the data are {found.kind}"
        raise DataError("PROBE_INPUTS", cause, place=str(found.judged_file))


def _training_notes(stored: Stored) -> list[str]:
    dataset = stored.facts.get("dataset")
    note = f"the encoder was trained on {dataset}: its training rows score higher than new ones"
    return [note] if dataset else []


Reader = Callable[[Stored, Inspection, int, OnRead], tuple[Probes, list[str]]]
READERS: dict[str, Reader] = {"items": _items, "series": _series, "pairs": _pairs}
