"""A trained encoder as a SentenceTransformer: any encoder in a program, many as a folder that needs no seqtwin.

sentence-transformers can train both further and save them, and `seqtwin.load` reads the saved folder. The folder of
`export_sentence_transformer` has the library's own LSTM, Pooling, Dense and Normalize. Only its first module is code in
the folder (see `modeling_seqtwin`), so it is loaded with `trust_remote_code=True`.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DamagedError, SeqTwinError, missing_extra
from seqtwin.files import publish_folder, write_text
from seqtwin.inference.retrained_folder import FORMAT, MODULES, digest_of, is_module_weight
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.model import representations as r
from seqtwin.model.projections import Identity, Linear, Mlp, Projection
from seqtwin.paths import expand

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
# no token, unknown tokens only, stop words only, marks only, what a library may take for its own marks, half a letter
PROBES = ("", " \t", "\u2603", "\u2603 \U0001f600", "the of and", "a", "...", "[PAD] [UNK]", "\ud800")


def to_sentence_transformer(encoder: TrainedEncoder) -> "SentenceTransformer":
    """A SentenceTransformer with a copy of any encoder of texts. It can be trained, and saved.

    A saved folder is loaded by `SentenceTransformer(folder, trust_remote_code=True)` where seqtwin is installed, and by
    `seqtwin.load(folder)`. Its `similarity` gives the same ranking as that of the encoder; for `exp_...` it is the
    negative distance.

    Raises: ConfigError for an encoder of series or a similarity without an equivalent in sentence-transformers;
    MissingExtraError; DamagedError if its vectors differ from those of the encoder.
    """
    library = _library()
    _refuse(encoder)
    from seqtwin.interop.wrapped_encoder import SeqTwinModule

    model = _assembled(library, [SeqTwinModule(encoder._stored)], encoder)
    _check(model, encoder)
    return model


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
    # the trainer loads its own checkpoints again, with the same trust
    return library.SentenceTransformer(
        modules=modules, device="cpu", similarity_fn_name=similarity, trust_remote_code=True
    )


# --- native modules ----------------------------------------------------------------------------------------------


def export_sentence_transformer(encoder: TrainedEncoder, folder: Path | str) -> Path:
    """Write a folder that `SentenceTransformer(folder, trust_remote_code=True)` loads without seqtwin; returns it.

    Raises: ConfigError for an encoder that its modules cannot express, or if the folder exists; MissingExtraError;
    DamagedError if the vectors of the modules differ from those of the encoder.
    """
    library = _library()
    with torch.random.fork_rng(devices=[]):  # its modules draw random weights before the trained ones are set
        model = _assembled(library, _native(encoder), encoder)
    _check(model, encoder)
    folder = expand(str(folder))
    with publish_folder(folder) as building:
        model.save(os.fspath(building.folder), create_model_card=False)
        _add_code(building.folder)
        write_text(building.folder / "README.md", _readme(encoder))
    return folder


def _add_code(folder: Path) -> None:
    """Copy the code of the first module into the folder, and refer to it there."""
    from seqtwin.interop import modeling_seqtwin as code

    assert code.__file__ is not None
    name = code.__name__.rpartition(".")[2]
    write_text(folder / f"{name}.py", Path(code.__file__).read_text(encoding="utf-8"))
    modules = (folder / MODULES).read_text(encoding="utf-8")
    write_text(folder / MODULES, modules.replace(f'"{code.__name__}.', f'"{name}.'))


def _check(model: "SentenceTransformer", encoder: TrainedEncoder) -> None:
    """Compare the vectors of both, also for texts without a known token. Raises: DamagedError if they differ."""
    tokens = encoder._stored.tokens
    assert tokens is not None  # an encoder of series was refused
    for text in _texts_to_compare(tokens):
        expected, given = (_vector(encode, text) for encode in (encoder.encode, model.encode))
        if expected is None or given is None:
            same = expected is given
        else:
            difference = np.abs(given - expected).max(initial=0.0)
            same = bool(difference <= LARGEST_DIFFERENCE * max(1.0, np.abs(expected).max(initial=0.0)))
        if not same:
            cause = f"the exported modules do not agree with the encoder on the text {text[:40]!r}"
            raise DamagedError("EXPORT_DIFFERS", cause, place="export", remedy=REMEDY)


def _texts_to_compare(tokens: TextTokens) -> Iterator[str]:
    pieces = tokens.vocabulary[2:80]
    yield from (" ".join(pieces[:n]) for n in (1, 33, 7, 2))
    yield from PROBES


def _vector(encode: Callable[..., np.ndarray], text: str) -> np.ndarray | None:
    """The vector of a text; None if it is refused."""
    try:
        return encode([text], show_progress_bar=False)[0]
    except (ValueError, SeqTwinError):
        return None


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
    return _with_card(encoder, [lstm, native.Pooling(width, pooling_mode=poolings), *head], poolings)


def _with_card(encoder: TrainedEncoder, others: list[nn.Module], poolings: tuple[str, ...]) -> list[nn.Module]:
    """The module of tokens, which has the facts that `seqtwin.load` needs, and the other modules."""
    from seqtwin.interop.modeling_seqtwin import SeqTwinTokens

    stored = encoder._stored
    assert stored.tokens is not None  # an encoder of series was refused
    state = stored.model.state_dict()
    weights = {name: value for name, value in state.items() if is_module_weight(name)}
    card: dict[str, object] = {
        "format": FORMAT,
        "fingerprint": encoder.fingerprint,
        "blueprint": stored.blueprint.model_dump(mode="json"),
        "facts": stored.facts,
        "modules": [SeqTwinTokens.__name__, *(type(module).__name__ for module in others)],
        "pooling": list(poolings),
        "weights": digest_of(weights),
        "other_weights": {name: value.tolist() for name, value in state.items() if name not in weights},
    }
    vectors = stored.model.encoder.inputs.embedding.weight.detach().clone()
    tokenizer = TextTokens.from_json(stored.tokens.to_json()).tokenizer
    return [SeqTwinTokens(tokenizer, vectors, encoder.empty, card), *others]


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
    empty = "is encoded as one unknown token" if encoder.empty == "unk" else "is an error, as in seqtwin"
    return f"""---
library_name: sentence-transformers
tags: [sentence-transformers, sentence-similarity, seqtwin]
---

# SeqTwin encoder for sentence-transformers

```python
from sentence_transformers import SentenceTransformer
model = SentenceTransformer("this-folder", trust_remote_code=True)
vectors = model.encode([...])
```

One vector of width {encoder.dim} per text. The encoder was trained for the similarity `{name}`, set here as
`{set_here}`. {threshold} A text without a token {empty}. Encoder: {encoder.fingerprint[:16]}.

`trust_remote_code` is needed for `modeling_seqtwin.py`, the first module. It makes token ids and word vectors, and uses
nothing of seqtwin. With this tokenizer, the word-vector module of sentence-transformers 6.2 fails in `encode_query`, in
the evaluators and in the trainer. It also gives an empty text the vector 0 or -inf.

The model can be trained further and saved. `seqtwin.load` reads this folder and what is saved from it. After training
there is no threshold.
"""
