"""From a config to a Siamese, by a blueprint that is saved with the encoder; and the memory that it needs."""

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from pydantic import Field, field_validator
from torch.overrides import TorchFunctionMode

from seqtwin.config import EncoderConfig, RunConfig
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.guards.largest import TRAINED_BYTES, machine_memory, not_enough_memory
from seqtwin.lookup import pick, split_spec
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder, SeriesInput, SpelledInput, TableInput, TokenInput
from seqtwin.model.projections import PROJECTIONS
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese
from seqtwin.model.side_channels.kernels import KERNELS, KernelChannel
from seqtwin.model.side_channels.lexical import LexicalChannel
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.validation import Part, Strict

REMEDY = "choose smaller widths, fewer layers or a smaller vocabulary"
_NEW = frozenset({"empty", "zeros", "ones", "full", "randn", "rand", "eye", "arange"})
# settings of the start of a training, as they are in a saved encoder, which has its own weights
STARTED: dict[str, object] = {
    "start": None,
    "frozen": False,
    "vectors": None,
    "known_words": None,
    "vectors_frozen": False,
    "vectors_pca": False,
}


class Blueprint(Strict):
    """The parts of an encoder and their settings. `size`: of the vocabulary, or the number of channels of a series.

    `letters`: the number of letter ids, 0 for tokens without letters. `spelled`: False if only the lexical channel
    reads them.
    """

    inputs: Literal["tokens", "series"]
    size: int = Field(ge=1)
    letters: int = Field(0, ge=0)
    spelled: bool = True
    encoder: EncoderConfig
    representation: Part
    projection: Part
    similarity: Part

    @field_validator("encoder", mode="before")
    @classmethod
    def _without_scaling_by_default(cls, encoder: object) -> object:
        """A card without a scaling was written before there was one."""
        return {"scaling": "none", **encoder} if isinstance(encoder, dict) else encoder


def _token_input(blueprint: Blueprint) -> TokenInput | SpelledInput:
    spelled = blueprint.letters and blueprint.spelled
    inputs = _spelled_input(blueprint) if spelled else _word_input(blueprint)
    inputs.scale_vectors(blueprint.encoder.embedding_std)
    return inputs


def _word_input(blueprint: Blueprint) -> TokenInput:
    e = blueprint.encoder
    return TokenInput(blueprint.size, e.embedding, e.input_dropout, e.word_dropout)


def _spelled_input(blueprint: Blueprint) -> SpelledInput:
    size, e = blueprint.size, blueprint.encoder
    return SpelledInput(size, e.embedding, blueprint.letters, e.spelling, e.input_dropout, e.word_dropout)


def _series_input(blueprint: Blueprint) -> SeriesInput:
    e = blueprint.encoder
    return SeriesInput(blueprint.size, e.embedding, scaled=e.scaling == "standard", dropout=e.input_dropout)


INPUTS: dict[str, Callable[[Blueprint], TableInput | SeriesInput]] = {"tokens": _token_input, "series": _series_input}


def blueprint_of(
    config: RunConfig, inputs: Literal["tokens", "series"], size: int, *, letters: int = 0, spelled: bool = True
) -> Blueprint:
    """The blueprint of a config, for inputs of this kind and size."""
    return Blueprint(
        inputs=inputs,
        size=size,
        letters=letters,
        spelled=spelled,
        encoder=config.encoder.model_copy(update=STARTED),
        representation=config.representation,
        projection=config.projection,
        similarity=config.similarity,
    )


def build_siamese(blueprint: Blueprint, *, seed: int) -> Siamese:
    """A Siamese with new weights. The same seed gives the same encoder for every representation.

    Raises: ConfigError for unknown names or options, and for parts that do not fit together.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = _encoder(blueprint)
        # their own random stream: the weights above the encoder must not depend on those of the encoder
        torch.manual_seed(seed + 1)
        representation = pick(REPRESENTATIONS, blueprint.representation, "representation", encoder.shape)
        projection = pick(PROJECTIONS, blueprint.projection, "projection", representation.out_dim, representation.bound)
        lexical, kernels = _lexical(blueprint), _kernels(blueprint)
        width, channel = projection.out_dim, lexical or kernels
        width = width if channel is None else channel.beside(width)
        similarity = pick(SIMILARITIES, blueprint.similarity, "similarity", width)
    name = split_spec(blueprint.similarity)[0]
    return Siamese(encoder, representation, projection, similarity, name, lexical, kernels)


def _lexical(blueprint: Blueprint) -> LexicalChannel | None:
    options = blueprint.encoder.lexical
    if options is None:
        return None
    if blueprint.inputs == "series":
        cause, remedy = "series have no words or letters", "remove encoder.lexical"
        raise ConfigError("CONFIG_LEXICAL", cause, place="encoder.lexical", remedy=remedy)
    letters = blueprint.letters or blueprint.size
    return LexicalChannel(letters, options.dim, options.share, mapped=options.mapped, trained=options.trained)


def _kernels(blueprint: Blueprint) -> KernelChannel | None:
    options = blueprint.encoder.kernels
    if options is None:
        return None
    if blueprint.inputs != "series":
        cause, remedy = "texts have no numbers to convolve", "remove encoder.kernels, or use encoder.lexical"
        raise ConfigError("CONFIG_KERNELS", cause, place="encoder.kernels", remedy=remedy)
    rounds = options.features // KERNELS
    return KernelChannel(blueprint.size, rounds, options.dim, options.share, mapped=options.mapped)


def _encoder(blueprint: Blueprint) -> Encoder:
    e = blueprint.encoder
    inputs = INPUTS[blueprint.inputs](blueprint)
    rnn = pick(CELLS, e.cell, "cell", inputs.dim, e.hidden, e.layers, e.bidirectional, e.dropout)
    return Encoder(inputs, split_spec(e.cell)[0], rnn, e.padding)


class limited_numbers(TorchFunctionMode):  # noqa: N801 - used as a context
    """Refuses to create more than `most` numbers in new tensors, before it takes the memory for them.

    `refusal(count)`: the error for `count` numbers.
    """

    def __init__(self, most: int, refusal: Callable[[int], SeqTwinError]) -> None:
        super().__init__()
        self.most, self.refusal, self.count = most, refusal, 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if getattr(func, "__name__", "") in _NEW:
            self.count += math.prod(_sizes(options.get("size", args)))
            if self.count > self.most:
                raise self.refusal(self.count)
        return func(*args, **options)


def _sizes(shape: Any) -> list[int]:
    """The sizes in the arguments of a function that creates a tensor: (2, 3), ((2, 3),) or a size."""
    first = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return [int(size) for size in first if isinstance(size, int)]


def trainable_numbers(memory: Callable[[], int] = machine_memory) -> limited_numbers:
    """Limits a model to what can be trained in the memory of this machine.

    Raises (in the block): ResourceError.
    """
    have = memory()

    def refusal(count: int) -> SeqTwinError:
        need = count * TRAINED_BYTES
        return not_enough_memory(need, have, f"training {count:,} weights or more", "encoder", REMEDY)

    return limited_numbers(have // TRAINED_BYTES, refusal)
