"""A trained encoder as a folder: `encoder.json`, `model.safetensors`, `tokenizer.json`, `README.md`. No pickle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from seqtwin.build import Blueprint, build_siamese
from seqtwin.cards import seal_of, verified_card
from seqtwin.data.tokens import TextTokens
from seqtwin.errors import DamagedError
from seqtwin.files import dump_json, hash_of, sha256, write_bytes, write_text
from seqtwin.model.siamese import Siamese

FORMAT = 1
REMEDY = "copy the encoder again, or train it again"
README_SEAL = "readme_sha256"  # outside the seal: a card that is edited changes no vector
CARD, WEIGHTS, TOKENS, README = "encoder.json", "model.safetensors", "tokenizer.json", "README.md"


@dataclass(frozen=True)
class Stored:
    """An encoder with all that is needed to use it. `facts`: threshold, hashes and scores of its training.

    `fingerprint`: the sha256 of its card, which holds those of its files; empty before it was saved.
    """

    model: Siamese
    blueprint: Blueprint
    tokens: TextTokens | None
    facts: dict[str, Any]
    fingerprint: str = ""


def save_encoder(folder: Path, stored: Stored, readme: str) -> None:
    """Write an encoder into a folder under construction."""
    card = {"format": FORMAT, "blueprint": stored.blueprint.model_dump(mode="json"), "facts": stored.facts}
    if stored.tokens is not None:
        card["empty"] = stored.tokens.empty
        write_text(folder / TOKENS, stored.tokens.to_json())
    weights = {k: v.detach().cpu().contiguous().clone() for k, v in stored.model.state_dict().items()}
    write_bytes(folder / WEIGHTS, save(weights))
    write_text(folder / README, readme)
    card["files"] = {name: sha256(folder / name) for name in (WEIGHTS, TOKENS) if (folder / name).exists()}
    write_text(folder / CARD, dump_json({**card, "sha256": hash_of(card), README_SEAL: sha256(folder / README)}))


def load_encoder(folder: Path) -> Stored:
    """The encoder of a folder, on the CPU, ready to encode.

    Raises: DamagedError when a file is missing, changed or does not fit the others; ConfigError for a part that this
    version (or this program) does not know.
    """
    card = verified_card(folder / CARD, FORMAT, REMEDY, {README_SEAL})
    try:
        blueprint = Blueprint.model_validate(card["blueprint"])
        model = build_siamese(blueprint, seed=0)
        model.load_state_dict(load((folder / WEIGHTS).read_bytes()))
        tokens = TextTokens.load(folder / TOKENS, empty=card["empty"]) if blueprint.inputs == "tokens" else None
    except (OSError, KeyError, RuntimeError, SafetensorError, ValidationError) as error:
        raise DamagedError("ENCODER_DAMAGED", str(error).split("\n", 1)[0], place=str(folder)) from error
    if not all(torch.isfinite(v).all() for v in model.state_dict().values()):
        raise DamagedError("ENCODER_NOT_FINITE", "weights that are not finite numbers", place=str(folder / WEIGHTS))
    return Stored(model.eval(), blueprint, tokens, card["facts"], card["sha256"])


def card_seal(card: dict[str, Any]) -> str:
    """The sha256 of all a card says but for the two seals themselves."""
    return seal_of(card, {README_SEAL})
