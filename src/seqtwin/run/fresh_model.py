"""The Siamese encoder that a training starts with."""

import numpy as np
import torch
from torch import Tensor

from seqtwin.build import Blueprint, blueprint_of, build_siamese, trainable_numbers
from seqtwin.config import RunConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.reading.series import channel_scaling
from seqtwin.guards.largest import machine_memory
from seqtwin.guards.memory import TrainingMemory, TrainingSizes, estimate_memory
from seqtwin.lookup import split_spec
from seqtwin.model.encoder import UNKNOWN, TableInput
from seqtwin.model.siamese import Siamese
from seqtwin.run.prepare import word_vectors
from seqtwin.run.prepared_data import Ready
from seqtwin.run.pretrained import load_start, start_weights
from seqtwin.training.encode_store import part_of
from seqtwin.training.fit import pick_device
from seqtwin.training.fit_kernels import fit_kernels
from seqtwin.training.fit_lexical import fit_lexical
from seqtwin.training.losses import parts_of
from seqtwin.training.losses.batchwise import BATCHWISE


def training_memory(config: RunConfig, prepared: Ready) -> TrainingMemory:
    """The memory that a training takes at least, from the sizes of the config and of the data."""
    e, store = config.encoder, prepared.stores["train"]
    rows, paired = min(config.fit.batch, len(store)), isinstance(store, PairStore)
    all_compared = paired and any(split_spec(part)[0] in BATCHWISE for part in parts_of(config.loss))
    return estimate_memory(
        TrainingSizes(
            size=prepared.trained_size,
            embedding=e.embedding,
            cell=split_spec(e.cell)[0],
            hidden=e.hidden,
            layers=e.layers,
            directions=1 + e.bidirectional,
            sequences=rows * (1 + paired),
            steps=int(store.items.lengths.max()),
            compared=rows if all_compared else 0,
        )
    )


def refuse_memory(config: RunConfig, prepared: Ready) -> None:
    """Raises: ResourceError for a training that does not fit into the memory of this machine."""
    if pick_device(config.fit.device).type == "cpu":
        training_memory(config, prepared).check(machine_memory())


def fresh_model(config: RunConfig, prepared: Ready) -> Siamese:
    """A Siamese encoder for this data: with fresh weights, initial word vectors, or the weights that it starts from.

    Raises: ResourceError for one whose training does not fit into memory, before it is built.
    """
    refuse_memory(config, prepared)
    # words beyond train need no random vectors; without them, the initial weights do not depend on their number
    blueprint = blueprint_for(config, prepared).model_copy(update={"size": prepared.trained_size})
    with trainable_numbers():
        model = build_siamese(blueprint, seed=config.fit.seed)
    if model.lexical is not None and prepared.tokens is not None:
        fit_lexical(model.lexical, prepared.tokens, _training_items(prepared))
    if model.kernels is not None:
        fit_kernels(model.kernels, _training_items(prepared), config.fit.seed)
    if config.encoder.start is not None:
        start_weights(config, model)
        return model
    if prepared.inputs == "series" and config.encoder.scaling == "standard":
        model.encoder.inputs.set_scaling(*map(torch.from_numpy, channel_scaling(_training_steps(prepared))))
    initial = word_vectors(config, prepared)
    if initial is not None:
        rows, vectors = map(torch.from_numpy, initial)
        _set_vectors(model.encoder.inputs, rows, vectors, config, prepared.trained_size)
    return model


def _set_vectors(inputs: TableInput, rows: Tensor, vectors: Tensor, config: RunConfig, trained_size: int) -> None:
    """Set the initial word vectors. Those of words beyond train are fixed, or all of them.

    Words without a vector start at random ones with the mean and deviation of the others, and the unknown token starts
    at that mean. Far from all words, they would make the texts alike that have such words.
    """
    inputs.spread_like(vectors)
    inputs.set_vectors(torch.tensor([UNKNOWN]), vectors.mean(dim=0, keepdim=True))
    is_fixed = torch.ones_like(rows, dtype=torch.bool) if config.encoder.vectors_frozen else rows >= trained_size
    inputs.set_vectors(rows[~is_fixed], vectors[~is_fixed])
    if is_fixed.any():
        inputs.fix_vectors(rows[is_fixed], vectors[is_fixed])


def _training_steps(prepared: Ready) -> np.ndarray:
    """All steps of the training series, each series once: Float[steps channels]."""
    return _training_items(prepared).steps


def _training_items(prepared: Ready) -> Ragged:
    """The training sequences, each once."""
    store = prepared.stores["train"]
    items: Ragged = part_of(store, np.arange(len(store))).items if isinstance(store, PairStore) else store.items
    return items


def blueprint_for(config: RunConfig, prepared: Ready) -> Blueprint:
    """The parts of an encoder for this config and data."""
    letters = prepared.tokens.letter_size if prepared.tokens is not None else 0
    start = load_start(config)
    spelled = config.tokens.characters if start is None else start.blueprint.letters > 0 and start.blueprint.spelled
    return blueprint_of(config, prepared.inputs, prepared.size, letters=letters, spelled=spelled)
