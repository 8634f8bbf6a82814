"""A trained encoder as a SentenceTransformer: any encoder in a program, many as a folder of native modules.

Without `trust_remote_code`, sentence-transformers loads only its own modules. A folder therefore requires an encoder
that its WordEmbeddings, LSTM, Pooling, Dense and Normalize can express. `to_sentence_transformer` supports all others.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import Ragged
from seqtwin.errors import ConfigError, DamagedError, missing_extra
from seqtwin.files import publish_folder, write_text
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.model import representations as r
from seqtwin.model.projections import Identity, Linear, Mlp, Projection
from seqtwin.records import Sequences

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

POOLINGS: dict[type, str] = {
    r.MeanOutput: "mean",
    r.SqrtMeanOutput: "mean_sqrt_len_tokens",
    r.MaxOutput: "max",
    r.LastOutput: "lasttoken",
}
LARGEST_DIFFERENCE = 1e-5  # of a coordinate, relative to the largest one if that is above 1
REMEDY = "in a program, use seqtwin.interop.sentence_transformers.to_sentence_transformer(encoder)"


def to_sentence_transformer(encoder: TrainedEncoder) -> "SentenceTransformer":
    """A SentenceTransformer that runs an encoder of texts; it cannot be saved.

    Its `similarity` gives the same ranking as that of the encoder; for `exp_...` it is the negative distance.

    Raises: ConfigError for an encoder of series or a similarity without an equivalent in sentence-transformers;
    MissingExtraError.
    """
    library = _library()
    _refuse(encoder)
    return _assembled(library, [_module_class()(encoder)], encoder)


def _library() -> ModuleType:
    try:
        import sentence_transformers
    except ImportError as error:
        raise missing_extra("sentence-transformers", "st") from error
    return sentence_transformers


def _refuse(encoder: TrainedEncoder) -> None:
    if encoder.inputs != "tokens":
        raise _unsupported("an encoder of series", "sentence-transformers encodes texts", "")
    if encoder._model.similarity.sentence_transformers_name is None:
        reason = "sentence-transformers has no similarity with the same ranking"
        raise _unsupported(f"similarity '{encoder.similarity_name}'", reason, "")


def _unsupported(part: str, reason: str, remedy: str) -> ConfigError:
    return ConfigError("EXPORT_UNSUPPORTED", f"{part} cannot be exported: {reason}", place="export", remedy=remedy)


def _assembled(library: ModuleType, modules: list[nn.Module], encoder: TrainedEncoder) -> "SentenceTransformer":
    similarity = encoder._model.similarity.sentence_transformers_name
    return library.SentenceTransformer(modules=modules, device="cpu", similarity_fn_name=similarity)


def _module_class() -> Callable[[TrainedEncoder], nn.Module]:
    """The class of the wrapping module; it is defined here because its base class is in the library."""
    from sentence_transformers.base.modules.input_module import InputModule

    class SeqTwinModule(InputModule):
        """Converts texts to ids with the tokenizer of the encoder, and ids to vectors with its model."""

        def __init__(self, encoder: TrainedEncoder) -> None:
            nn.Module.__init__(self)
            self.encoder, self.model = encoder, encoder._model

        def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: object) -> dict[str, Tensor]:
            texts = [prompt + text for text in inputs] if prompt else list(inputs)
            ragged = Ragged.of(self.encoder.sequences(texts))
            batch = ragged.take(torch.arange(len(texts)).numpy())
            return {"input_ids": batch.values, "attention_mask": batch.mask.long(), "sentence_lengths": batch.lengths}

        def forward(self, features: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
            batch = Sequences(features["input_ids"], features["sentence_lengths"])
            return {**features, "sentence_embedding": self.model.encode(batch)}

        def get_embedding_dimension(self) -> int:
            return self.encoder.dim

        def save(self, output_path: str, *_: object, **__: object) -> None:
            raise _unsupported("this wrapper", "sentence-transformers loads only its own modules", _SAVING)

    return SeqTwinModule


_SAVING = "save the encoder's own folder, or use seqtwin export ENCODER --to sentence-transformers -o DIR"


# --- native modules ----------------------------------------------------------------------------------------------


def export_sentence_transformer(encoder: TrainedEncoder, folder: Path) -> Path:
    """Write a folder that `SentenceTransformer(folder)` loads without seqtwin or `trust_remote_code`; returns it.

    Raises: ConfigError for an encoder that native modules cannot express, or if the folder exists; MissingExtraError;
    DamagedError if the vectors of the modules differ from those of the encoder.
    """
    library = _library()
    with torch.random.fork_rng(devices=[]):  # its modules draw random weights before the trained ones are set
        model = _assembled(library, _native(encoder), encoder)
    _check(model, encoder)
    with publish_folder(folder) as building:
        model.save(os.fspath(building.folder))
        write_text(building.folder / "README.md", _readme(encoder))
    return folder


def _check(model: "SentenceTransformer", encoder: TrainedEncoder) -> None:
    """Compare the vectors of both for some texts. Raises: DamagedError if they differ."""
    tokens = encoder._stored.tokens
    assert tokens is not None  # an encoder of series was refused
    pieces = tokens.vocabulary[2:80]
    texts = [" ".join(pieces[:n]) for n in (1, 33, 7, 2)]
    texts = [text for text in texts if text.strip()]
    expected = encoder.encode(texts)
    difference = np.abs(model.encode(texts, show_progress_bar=False) - expected).max(initial=0.0)
    if not difference <= LARGEST_DIFFERENCE * max(1.0, np.abs(expected).max(initial=0.0)):
        cause = f"the vectors of the exported modules differ from those of the encoder by {difference:.2g}"
        raise DamagedError("EXPORT_DIFFERS", cause, place="export", remedy=REMEDY)


def _native(encoder: TrainedEncoder) -> list[nn.Module]:
    from sentence_transformers.sentence_transformer import modules as native

    _refuse(encoder)
    model, rnn = encoder._model, encoder._model.encoder.rnn
    if not isinstance(rnn, nn.LSTM) or rnn.proj_size:
        reason = "the only recurrent module of sentence-transformers is a plain LSTM"
        raise _unsupported(f"cell '{model.encoder.shape.cell}'", reason, REMEDY)
    if model.lexical is not None:
        raise _unsupported("encoder.lexical", "sentence-transformers has no module of hashed n-grams", REMEDY)
    if encoder._stored.blueprint.letters:
        raise _unsupported("tokens.characters: true", "WordEmbeddings does not use the characters of a word", REMEDY)
    if model.encoder.padding == "read":
        raise _unsupported("encoder.padding: read", "its LSTM cannot read pads", REMEDY)
    poolings = _poolings(model.representation, bidirectional=rnn.bidirectional)
    head = _head(model.projection)
    lstm = native.LSTM(rnn.input_size, rnn.hidden_size, rnn.num_layers, rnn.dropout, rnn.bidirectional)
    lstm.encoder.load_state_dict(rnn.state_dict())
    width = model.encoder.shape.joined
    return [_words(encoder), lstm, native.Pooling(width, pooling_mode=poolings), *head]


def _words(encoder: TrainedEncoder) -> nn.Module:
    """Tokenizer and embedding. No token is declared special, so "[PAD]" in a text is ordinary text."""
    from sentence_transformers.sentence_transformer.modules import WordEmbeddings
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    tokens = encoder._stored.tokens
    assert tokens is not None  # an encoder of series was refused
    tokenizer = Tokenizer.from_str(tokens.to_json())
    wrapped: Callable[..., PreTrainedTokenizerFast] = PreTrainedTokenizerFast  # its constructor has no types
    fast = wrapped(tokenizer_object=tokenizer)
    weights = encoder._model.encoder.inputs.embedding.weight.detach().clone()
    module: nn.Module = WordEmbeddings(fast, weights, max_seq_length=tokens.max_length)
    return module


def _poolings(part: object, *, bidirectional: bool) -> tuple[str, ...]:
    """The names of the poolings that are equal to a representation, in its order."""
    if isinstance(part, r.Join):
        return tuple(name for inner in part.parts for name in _poolings(inner, bidirectional=bidirectional))
    if isinstance(part, r.FinalHidden) and not bidirectional:
        return ("lasttoken",)
    if type(part) not in POOLINGS:
        reason = "its Pooling supports only mean, sqrt_mean, max and last outputs"
        raise _unsupported(f"representation '{type(part).__name__}'", reason, REMEDY)
    return (POOLINGS[type(part)],)


def _head(part: Projection) -> list[nn.Module]:
    from sentence_transformers.base.modules import Normalize

    write = HEADS.get(type(part))
    if write is None:
        raise _unsupported(f"projection '{type(part).__name__}'", "its Dense supports only linear layers", REMEDY)
    return [*write(part), *([Normalize()] if part.unit else [])]


def _dense(layer: nn.Linear, activation: nn.Module) -> nn.Module:
    from sentence_transformers.base.modules import Dense

    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    module: nn.Module = Dense(
        layer.in_features, layer.out_features, activation_function=activation, init_weight=weight, init_bias=bias
    )
    return module


def _linear(part: object) -> list[nn.Module]:
    assert isinstance(part, Linear)
    return [_dense(part.map, nn.Identity())]


def _mlp(part: object) -> list[nn.Module]:
    assert isinstance(part, Mlp)
    first, second = part.map[0], part.map[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    return [_dense(first, nn.ReLU()), _dense(second, nn.Identity())]


HEADS: dict[type, Callable[[object], list[nn.Module]]] = {Identity: lambda _: [], Linear: _linear, Mlp: _mlp}


def _readme(encoder: TrainedEncoder) -> str:
    name, set_here = encoder.similarity_name, encoder._model.similarity.sentence_transformers_name
    threshold = (
        "It has no threshold, because none could be estimated on dev."
        if encoder.threshold is None
        else f"Two texts with a score of at least {encoder.threshold:.6g} of `{name}` were predicted to be the same."
    )
    return f"""---
library_name: sentence-transformers
tags: [sentence-transformers, sentence-similarity, seqtwin]
---

# SeqTwin encoder as sentence-transformers modules

```python
from sentence_transformers import SentenceTransformer
model = SentenceTransformer("this-folder")
vectors = model.encode([...])
```

One vector of width {encoder.dim} per text. The encoder was trained for the similarity `{name}`, set here as
`{set_here}`. {threshold}
For an empty text, which seqtwin rejects or treats as one unknown token, the vector here has no meaning.
Encoder: {encoder.fingerprint[:16]}.
"""
