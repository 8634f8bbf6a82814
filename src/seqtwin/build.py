"""From a config to a Siamese: all that is saved with an encoder and nothing else."""

from typing import Any, Literal

import torch

from seqtwin.config import EncoderConfig, RunConfig
from seqtwin.lookup import pick, split_spec
from seqtwin.model.encoder import CELLS, Encoder, SeriesInput, TokenInput
from seqtwin.model.projections import PROJECTIONS
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.validation import Part, Strict

INPUTS: dict[str, Any] = {"tokens": TokenInput, "series": SeriesInput}


class Blueprint(Strict):
    """What an encoder is made of. `size`: the vocabulary of tokens or the channels of series."""

    inputs: Literal["tokens", "series"]
    size: int
    encoder: EncoderConfig
    representation: Part
    projection: Part
    similarity: Part


def blueprint_of(config: RunConfig, inputs: Literal["tokens", "series"], size: int) -> Blueprint:
    """The blueprint a run's config describes, for data of this kind and size."""
    return Blueprint(
        inputs=inputs,
        size=size,
        # vectors are initial weights; a saved encoder has its own
        encoder=config.encoder.model_copy(update={"vectors": None}),
        representation=config.representation,
        projection=config.projection,
        similarity=config.similarity,
    )


def build_siamese(blueprint: Blueprint, *, seed: int) -> Siamese:
    """A Siamese with fresh weights; the same seed gives the same encoder under every representation.

    Raises: ConfigError for unknown names or options, and for parts that do not fit together.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = _encoder(blueprint)
        # a stream of its own: what stands above the encoder must not depend on how the encoder drew
        torch.manual_seed(seed + 1)
        representation = pick(REPRESENTATIONS, blueprint.representation, "representation", encoder.shape)
        projection = pick(PROJECTIONS, blueprint.projection, "projection", representation.out_dim, representation.bound)
        similarity = pick(SIMILARITIES, blueprint.similarity, "similarity", projection.out_dim)
    return Siamese(encoder, representation, projection, similarity, split_spec(blueprint.similarity)[0])


def _encoder(blueprint: Blueprint) -> Encoder:
    e = blueprint.encoder
    inputs = INPUTS[blueprint.inputs](blueprint.size, e.embedding)
    rnn = pick(CELLS, e.cell, "cell", e.embedding, e.hidden, e.layers, e.bidirectional, e.dropout)
    return Encoder(inputs, split_spec(e.cell)[0], rnn, e.padding)
