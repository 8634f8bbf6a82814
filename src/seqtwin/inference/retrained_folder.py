"""The folder of an encoder that was exported to sentence-transformers, unchanged or trained further there."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from seqtwin.build import Blueprint, build_siamese
from seqtwin.cards import checked_facts
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import read_json
from seqtwin.json_values import hash_of
from seqtwin.store import TOKENS, UNSOUND, WEIGHTS, Stored, check_ids, fill, read_weights

FORMAT = 1
SETTINGS, MODULES, OPTIONS = "seqtwin_tokens.json", "modules.json", "config_sentence_transformers.json"
POOLING = "config.json"
REMEDY = "export the encoder again, or save the model again in sentence-transformers"
NO_LONGER = ("threshold", "scores")  # facts that other weights do not have

Weights = Mapping[str, torch.Tensor]


def is_exported(folder: Path) -> bool:
    """Whether a folder is an encoder exported to sentence-transformers."""
    return (folder / SETTINGS).is_file() and (folder / MODULES).is_file()


def read_exported(folder: Path) -> Stored:
    """The encoder of a folder that sentence-transformers may have trained further.

    With the weights of the export it is the same encoder. With others it has another fingerprint and no threshold.

    Raises: DamagedError if the files do not fit together, or for modules that were added or removed.
    """
    try:
        return _read(folder)
    except (*UNSOUND, ValidationError) as error:
        cause = str(error).split("\n", 1)[0] or type(error).__name__
        raise DamagedError("ENCODER_DAMAGED", f"not an encoder: {cause}", place=str(folder), remedy=REMEDY) from error


def _read(folder: Path) -> Stored:
    settings = read_json(folder / SETTINGS)
    card = settings["card"]
    if card["format"] != FORMAT:
        raise ValueError(f"format {card['format']!r}; this version reads format {FORMAT}")
    _check_modules(folder, card)
    blueprint = Blueprint.model_validate(card["blueprint"])
    tokens = TextTokens.load(folder / TOKENS, empty=settings["empty"])
    check_ids(tokens, blueprint.size)
    weights = _named_weights(folder, card["modules"])
    other = {name: torch.tensor(values, dtype=torch.float32) for name, values in card["other_weights"].items()}
    model = fill(lambda: build_siamese(blueprint, seed=0), {**weights, **other}, folder)
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ValueError("some weights are not finite numbers")
    facts, fingerprint = checked_facts(card["facts"]), str(card["fingerprint"])
    digest = digest_of(weights)
    if digest != card["weights"]:
        facts = retrained_facts(facts)
        fingerprint = hash_of({"exported": fingerprint, "weights": digest})
    return Stored(model.eval(), blueprint, tokens, facts, fingerprint)


def _check_modules(folder: Path, card: Mapping[str, Any]) -> None:
    """Check that the modules are those that were exported. Raises: ConfigError, ValueError."""
    names = [str(module["type"]).rpartition(".")[2] for module in read_json(folder / MODULES)]
    if names != card["modules"]:
        cause = f"expected the modules {', '.join(card['modules'])}, found {', '.join(names)}"
        raise ConfigError("ENCODER_MODULES", cause, place=str(folder / MODULES), remedy=REMEDY)
    pooling = read_json(folder / f"{names.index('Pooling')}_Pooling" / POOLING)["pooling_mode"]
    if ([pooling] if isinstance(pooling, str) else pooling) != card["pooling"]:
        raise ValueError(f"expected the pooling {card['pooling']}, found {pooling}")
    options = read_json(folder / OPTIONS)
    if (options.get("prompts") or {}).get(options.get("default_prompt_name")):
        cause = "a default prompt is set, and seqtwin has no prompts"
        raise ConfigError("ENCODER_PROMPT", cause, place=str(folder / OPTIONS), remedy="save it without the prompt")


def _named_weights(folder: Path, modules: list[str]) -> dict[str, torch.Tensor]:
    """The weights of all modules, with the names that they have in an encoder."""
    named = {"encoder.inputs.embedding.weight": read_weights(folder / WEIGHTS)["embedding.weight"]}
    layers = modules.count("Dense")
    for place, module in enumerate(modules):
        if module not in ("LSTM", "Dense"):
            continue
        before, after = ("encoder.", "encoder.rnn.") if module == "LSTM" else ("linear.", _layer_name(layers, named))
        weights = read_weights(folder / f"{place}_{module}" / WEIGHTS)
        named |= {after + name.removeprefix(before): value for name, value in weights.items()}
    return named


def _layer_name(layers: int, named: Weights) -> str:
    """The name of the next layer of a projection with so many layers."""
    if layers == 1:
        return "projection.map."
    return "projection.map.2." if "projection.map.0.weight" in named else "projection.map.0."


def retrained_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that are still true after the weights have changed: no threshold, and no scores."""
    return {name: value for name, value in facts.items() if name not in NO_LONGER}


def digest_of(weights: Weights) -> str:
    """The sha256 of some weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + b"\0" + weights[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def is_module_weight(name: str) -> bool:
    """Whether a weight of an encoder is in a module of sentence-transformers; others are in the settings."""
    return name.startswith(("encoder.", "projection."))
