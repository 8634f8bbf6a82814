"""Trained encoders as folders: `encoder.json`, `model.safetensors`, `tokenizer.json`, `README.md`. No pickle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from seqtwin.build import Blueprint, build_siamese, limited_numbers
from seqtwin.cards import checked_facts, verified_card
from seqtwin.data.tokens.letters import Letters
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import dump_json, sha256, write_bytes, write_text
from seqtwin.guards.largest import VOCABULARY
from seqtwin.guards.seals import seal_of
from seqtwin.json_values import hash_of
from seqtwin.lookup import Spec, whole
from seqtwin.model.base_head import Head
from seqtwin.model.heads import build_head
from seqtwin.model.siamese import Siamese
from seqtwin.paths import is_index

FORMAT = 1
LARGEST_HEADER = 10 << 20
SMALL = 1_000_000  # numbers that a module may have besides its weights
UNSOUND = (OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError)
REMEDY = "copy the encoder again, or train it again"
README_SEAL = "readme_sha256"  # outside the seal: an edited README changes no vector
CARD, WEIGHTS, TOKENS, README = "encoder.json", "model.safetensors", "tokenizer.json", "README.md"
ONNX_CARD = "onnx.json"
HEAD, WRITTEN = "head.safetensors", "written.json"


ModuleT = TypeVar("ModuleT", bound=nn.Module)


@dataclass(frozen=True)
class SavedHead:
    """The head of an encoder that was not trained on pairs.

    `spec`: the objective, as in the config. `size`: the number of classes or tokens. `classes`: their names, by index.
    `written`: the tokenizer of the texts that a decoder generates.
    """

    module: Head
    spec: Spec
    size: int
    classes: tuple[str, ...] = ()
    written: TextTokens | None = None


@dataclass(frozen=True)
class Stored:
    """An encoder with everything that is needed to use it. `facts`: threshold, hashes and scores of its training.

    `fingerprint`: the sha256 of its card, which contains those of its files. Empty before it is saved.
    """

    model: Siamese
    blueprint: Blueprint
    tokens: TextTokens | None
    facts: dict[str, Any]
    fingerprint: str = ""
    head: SavedHead | None = None


def save_encoder(folder: Path, stored: Stored, readme: str) -> None:
    """Write an encoder into a folder under construction."""
    card = {"format": FORMAT, "blueprint": stored.blueprint.model_dump(mode="json"), "facts": stored.facts}
    if stored.tokens is not None:
        card["empty"] = stored.tokens.empty
        if stored.tokens.letters is not None:
            card["letters"] = stored.tokens.letters.alphabet
        write_text(folder / TOKENS, stored.tokens.to_json())
    if stored.head is not None:
        card["head"] = _save_head(folder, stored.head)
    write_bytes(folder / WEIGHTS, _weights(stored.model))
    write_text(folder / README, readme)
    written = [name for name in (WEIGHTS, TOKENS, HEAD, WRITTEN) if (folder / name).exists()]
    card["files"] = {name: sha256(folder / name) for name in written}
    write_text(folder / CARD, dump_json({**card, "sha256": hash_of(card), README_SEAL: sha256(folder / README)}))


def _weights(module: nn.Module) -> bytes:
    return save({k: v.detach().cpu().contiguous().clone() for k, v in module.state_dict().items()})


def _save_head(folder: Path, head: SavedHead) -> dict[str, Any]:
    write_bytes(folder / HEAD, _weights(head.module))
    if head.written is not None:
        write_text(folder / WRITTEN, head.written.to_json())
    return {"objective": head.spec, "size": head.size, "classes": list(head.classes)}


def _load_head(folder: Path, card: dict[str, Any], model: Siamese) -> SavedHead | None:
    if "head" not in card:
        return None
    saved = card["head"]
    size = whole("size", saved["size"], VOCABULARY)
    module = _filled(lambda: build_head(saved["objective"], model, size, seed=0), folder / HEAD)
    written = TextTokens.load(folder / WRITTEN, empty="unk") if (folder / WRITTEN).exists() else None
    classes = saved["classes"]
    if not isinstance(classes, list) or len(set(map(str, classes))) != len(classes) or len(classes) not in (0, size):
        raise ValueError(f"expected the names of {size} classes")
    if written is not None:
        check_ids(written, size)
    return SavedHead(module.eval(), saved["objective"], size, tuple(map(str, classes)), written)


def _filled(build: Callable[[], ModuleT], path: Path) -> ModuleT:
    """A module with the weights of a file, as `fill`."""
    return fill(build, read_weights(path), path)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a safetensors file, by name. Raises: ValueError and the like for a file that is none."""
    data = path.read_bytes()
    if int.from_bytes(data[:8], "little") > LARGEST_HEADER:
        raise ValueError(f"the header of {path.name} is larger than {LARGEST_HEADER} bytes")
    return load(data)


def fill(build: Callable[[], ModuleT], weights: Mapping[str, torch.Tensor], place: Path) -> ModuleT:
    """A module with these weights. It may take only about as much memory as they do. `place`: named in errors.

    Raises: DamagedError for other weights than the module has.
    """
    most = 2 * sum(value.numel() for value in weights.values()) + SMALL
    with limited_numbers(most, lambda _: _misfit(place, "its numbers are fewer than the card describes")):
        module = build()
    expected = {name: value.shape for name, value in module.state_dict().items()}
    odd = [name for name in {**expected, **weights} if name not in weights or expected.get(name) != weights[name].shape]
    if odd:
        raise _misfit(place, f"'{odd[0]}' does not have the shape that the card describes")
    module.load_state_dict(weights)
    return module


def _misfit(path: Path, cause: str) -> DamagedError:
    return DamagedError("ENCODER_DAMAGED", f"the weights do not fit: {cause}", place=str(path), remedy=REMEDY)


def load_encoder(folder: Path) -> Stored:
    """The encoder of a folder, on the CPU, ready to encode.

    Raises: DamagedError when a file is missing, changed or does not fit the others; ConfigError for a part that is
    unknown to this version or this program.
    """
    card = verified_card(folder / CARD, FORMAT, REMEDY, {README_SEAL})
    try:
        blueprint = Blueprint.model_validate(card["blueprint"])
        model = _filled(lambda: build_siamese(blueprint, seed=0), folder / WEIGHTS)
        tokens = _tokens_of(folder, card, blueprint) if blueprint.inputs == "tokens" else None
        head = _load_head(folder, card, model)
        facts = checked_facts(card["facts"])
    except UNSOUND as error:
        cause = str(error).split("\n", 1)[0] or type(error).__name__
        raise DamagedError("ENCODER_DAMAGED", f"not an encoder: {cause}", place=str(folder), remedy=REMEDY) from error
    if not all(torch.isfinite(v).all() for v in model.state_dict().values()):
        raise DamagedError("ENCODER_NOT_FINITE", "some weights are not finite numbers", place=str(folder / WEIGHTS))
    return Stored(model.eval(), blueprint, tokens, facts, card["sha256"], head)


def _tokens_of(folder: Path, card: dict[str, Any], blueprint: Blueprint) -> TextTokens:
    letters = Letters(str(card["letters"]), lower=not blueprint.spelled) if blueprint.letters else None
    tokens = TextTokens.load(folder / TOKENS, empty=card["empty"], letters=letters)
    check_ids(tokens, blueprint.size)
    if tokens.letter_size != blueprint.letters:
        cause = f"the alphabet has {tokens.letter_size} letter ids, but there are weights for {blueprint.letters}"
        raise DamagedError("ENCODER_DAMAGED", cause, place=str(folder / CARD), remedy=REMEDY)
    return tokens


def check_ids(tokens: TextTokens, size: int) -> None:
    """Check that every token has weights. Raises: ValueError."""
    largest = max(tokens.tokenizer.get_vocab().values(), default=0)
    if largest >= size:
        raise ValueError(f"the tokenizer has the id {largest}, but there are weights for {size} ids")


def encoder_folder(path: Path, key: str = "") -> Path:
    """The folder itself if it contains an encoder, else its `encoder/`. `key`: the key of a config that names it.

    Raises: ConfigError when neither contains one.
    """
    for folder in (path, path / "encoder"):
        if (folder / CARD).exists() or (folder / WEIGHTS).exists():
            return folder
    cause, remedy = f"no {CARD} here or in encoder/", "name the encoder folder of a finished run"
    if (path / ONNX_CARD).exists():
        cause = "this folder contains an encoder exported to ONNX, and the encoder itself is needed"
        remedy = "name the encoder it was exported from; encode, score, index, search and serve take this folder"
    elif is_index(path):
        cause, remedy = "this is an index, not an encoder", "name the encoder that it was built with"
    raise ConfigError("NO_ENCODER", cause, place=f"{key}: {path}" if key else str(path), remedy=remedy)


def card_seal(card: dict[str, Any]) -> str:
    """The sha256 of a card without its two seals."""
    return seal_of(card, {README_SEAL})
