"""A trained encoder as a SentenceTransformer: any encoder in a program, and many as a folder of its native modules.

sentence-transformers loads only modules of its own without `trust_remote_code`, so a folder needs an encoder that its
WordEmbeddings, LSTM, Pooling, Dense and Normalize can spell; everything else works through `to_sentence_transformer`.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import Ragged
from seqtwin.errors import ConfigError, DamagedError, missing_extra
from seqtwin.files import publish_folder, write_text
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.model import representations as r
from seqtwin.model.projections import Identity, Linear, Mlp
from seqtwin.records import Sequences

POOLINGS: dict[type, str] = {
    r.MeanOutput: "mean",
    r.SqrtMeanOutput: "mean_sqrt_len_tokens",
    r.MaxOutput: "max",
    r.LastOutput: "lasttoken",
}
LARGEST_DIFFERENCE = 1e-5  # of a coordinate, relative to the largest where that is above 1
REMEDY = "in a program, use seqtwin.interop.sentence_transformers.to_sentence_transformer(encoder)"


def to_sentence_transformer(encoder: TrainedEncoder) -> Any:
    """A SentenceTransformer with the vectors of any encoder of texts; it runs the encoder itself, and cannot be saved.

    Its `similarity` ranks as the encoder's does; for `exp_...` similarities it gives the negative distance instead.

    Raises: ConfigError for an encoder of series or a similarity that sentence-transformers does not have;
    MissingExtraError.
    """
    library = _library()
    _refuse(encoder)
    return _assembled(library, [_module_class()(encoder)], encoder)


def _library() -> Any:
    try:
        import sentence_transformers
    except ImportError as error:
        raise missing_extra("sentence-transformers", "st") from error
    return sentence_transformers


def _refuse(encoder: TrainedEncoder) -> None:
    if encoder.inputs != "tokens":
        raise _unsupported("an encoder of series", "sentence-transformers reads texts", "")
    if encoder._model.similarity.sentence_transformers_name is None:
        reason = "sentence-transformers has no similarity that ranks so"
        raise _unsupported(f"similarity '{encoder.similarity_name}'", reason, "")


def _unsupported(part: str, reason: str, remedy: str) -> ConfigError:
    return ConfigError("EXPORT_UNSUPPORTED", f"{part} cannot be exported: {reason}", place="export", remedy=remedy)


def _assembled(library: Any, modules: list[nn.Module], encoder: TrainedEncoder) -> Any:
    similarity = encoder._model.similarity.sentence_transformers_name
    return library.SentenceTransformer(modules=modules, device="cpu", similarity_fn_name=similarity)


def _module_class() -> Any:
    """The wrapping module; its base class exists only where the library does."""
    from sentence_transformers.base.modules.input_module import InputModule

    class SeqTwinModule(InputModule):
        """Texts to ids by the encoder's tokenizer, ids to vectors by its model."""

        def __init__(self, encoder: TrainedEncoder) -> None:
            nn.Module.__init__(self)
            self.encoder, self.model = encoder, encoder._model

        def preprocess(self, inputs: Any, prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
            texts = [prompt + text for text in inputs] if prompt else list(inputs)
            ragged = Ragged.of(self.encoder.sequences(texts))
            batch = ragged.take(torch.arange(len(texts)).numpy())
            return {"input_ids": batch.values, "attention_mask": batch.mask.long(), "sentence_lengths": batch.lengths}

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
            batch = Sequences(features["input_ids"], features["sentence_lengths"])
            return {**features, "sentence_embedding": self.model.encode(batch)}

        def get_embedding_dimension(self) -> int:
            return self.encoder.dim

        def save(self, output_path: str, *_: Any, **__: Any) -> None:
            raise _unsupported("this wrapper", "sentence-transformers loads modules of its own only", _SAVING)

    return SeqTwinModule


_SAVING = "save the encoder's own folder, or use seqtwin export ENCODER --to sentence-transformers -o DIR"


# --- native modules ----------------------------------------------------------------------------------------------


def export_sentence_transformer(encoder: TrainedEncoder, folder: Path) -> Path:
    """A folder that `SentenceTransformer(folder)` loads without seqtwin and without `trust_remote_code`.

    Raises: ConfigError for an encoder that its native modules cannot spell, or when something stands there already;
    MissingExtraError; DamagedError when its modules give other vectors than the encoder.
    """
    library = _library()
    with torch.random.fork_rng(devices=[]):  # its modules draw weights before they get theirs
        model = _assembled(library, _native(encoder), encoder)
    _check(model, encoder)
    with publish_folder(folder) as building:
        model.save(os.fspath(building.folder))
        write_text(building.folder / "README.md", _readme(encoder))
    return folder


def _check(model: Any, encoder: TrainedEncoder) -> None:
    """Nothing, when both give the same vectors to some texts of the encoder's own tokens."""
    tokens = encoder._stored.tokens
    assert tokens is not None  # an encoder of series was refused
    pieces = tokens.vocabulary[2:80]
    texts = [" ".join(pieces[:n]) for n in (1, 33, 7, 2)]
    texts = [text for text in texts if text.strip()]
    expected = encoder.encode(texts)
    difference = np.abs(model.encode(texts, show_progress_bar=False) - expected).max(initial=0.0)
    if not difference <= LARGEST_DIFFERENCE * max(1.0, np.abs(expected).max(initial=0.0)):
        cause = f"its modules' vectors differ from the encoder's by {difference:.2g}"
        raise DamagedError("EXPORT_DIFFERS", cause, place="export", remedy=REMEDY)


def _native(encoder: TrainedEncoder) -> list[nn.Module]:
    from sentence_transformers.sentence_transformer import modules as native

    _refuse(encoder)
    model, rnn = encoder._model, encoder._model.encoder.rnn
    if not isinstance(rnn, nn.LSTM) or rnn.proj_size:
        raise _unsupported(f"cell '{model.encoder.shape.cell}'", "its one recurrent module is a plain LSTM", REMEDY)
    if encoder._stored.blueprint.letters:
        raise _unsupported("tokens.characters: true", "its WordEmbeddings reads no letters", REMEDY)
    if model.encoder.padding == "read":
        raise _unsupported("encoder.padding: read", "its LSTM reads no pads", REMEDY)
    poolings = _poolings(model.representation, bidirectional=rnn.bidirectional)
    head = _head(model.projection)
    found = native.LSTM(rnn.input_size, rnn.hidden_size, rnn.num_layers, rnn.dropout, rnn.bidirectional)
    found.encoder.load_state_dict(rnn.state_dict())
    width = model.encoder.shape.joined
    return [_words(encoder), found, native.Pooling(width, pooling_mode=poolings), *head]


def _words(encoder: TrainedEncoder) -> nn.Module:
    """Tokenizer and embedding. No token is declared special: a text that spells "[PAD]" is what it says."""
    from sentence_transformers.sentence_transformer.modules import WordEmbeddings
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    tokens = encoder._stored.tokens
    assert tokens is not None  # an encoder of series was refused
    wrapper: Any = PreTrainedTokenizerFast
    fast = wrapper(tokenizer_object=Tokenizer.from_str(tokens.to_json()))
    weights = encoder._model.encoder.inputs.embedding.weight.detach().clone()
    found: nn.Module = WordEmbeddings(fast, weights, max_seq_length=tokens.max_length)
    return found


def _poolings(part: Any, *, bidirectional: bool) -> tuple[str, ...]:
    """The names of the poolings that make this representation, in its order."""
    if isinstance(part, r.Join):
        return tuple(name for inner in part.parts for name in _poolings(inner, bidirectional=bidirectional))
    if isinstance(part, r.FinalHidden) and not bidirectional:
        return ("lasttoken",)
    if type(part) not in POOLINGS:
        reason = "its Pooling has mean, sqrt_mean, max and last outputs only"
        raise _unsupported(f"representation '{type(part).__name__}'", reason, REMEDY)
    return (POOLINGS[type(part)],)


def _head(part: Any) -> list[nn.Module]:
    from sentence_transformers.base.modules import Normalize

    write = HEADS.get(type(part))
    if write is None:
        raise _unsupported(f"projection '{type(part).__name__}'", "its Dense has linear layers only", REMEDY)
    return [*write(part), *([Normalize()] if part.unit else [])]


def _dense(layer: nn.Linear, activation: nn.Module) -> nn.Module:
    from sentence_transformers.base.modules import Dense

    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    found: nn.Module = Dense(
        layer.in_features, layer.out_features, activation_function=activation, init_weight=weight, init_bias=bias
    )
    return found


HEADS: dict[type, Any] = {
    Identity: lambda _: [],
    Linear: lambda part: [_dense(part.map, nn.Identity())],
    Mlp: lambda part: [_dense(part.map[0], nn.ReLU()), _dense(part.map[2], nn.Identity())],
}


def _readme(encoder: TrainedEncoder) -> str:
    name, set_here = encoder.similarity_name, encoder._model.similarity.sentence_transformers_name
    threshold = "none: dev could not tell" if encoder.threshold is None else f"{encoder.threshold:.6g} of `{name}`"
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

One vector of width {encoder.dim} a text; trained for the similarity `{name}`, set here as `{set_here}`. Two texts
were called the same from a score of {threshold} on. An empty text, which seqtwin refuses or reads as one unknown token,
gets a vector without meaning here. Encoder {encoder.fingerprint[:16]}.
"""
