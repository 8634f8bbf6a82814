"""An encoder as a folder: saved and loaded it is the same; damage of any kind is found and typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

import tiny
from seqtwin.build import build_siamese
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import dump_json, sha256
from seqtwin.store import CARD, README, TOKENS, WEIGHTS, Stored, card_seal, load_encoder, save_encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "encoder")


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", {"name": "lstm", "proj_size": 3}])
def test_round_trip(tmp_path: Path, series: bool, cell: Any) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", series=series, cell=cell)
    stored = load_encoder(folder)
    fresh = build_siamese(stored.blueprint, seed=3).state_dict()
    found = stored.model.state_dict()
    assert list(found) == list(fresh)
    assert all(torch.equal(found[name], fresh[name]) for name in fresh)
    assert not stored.model.training
    assert stored.facts == {"threshold": 0.25, "scores": {"roc_auc": 0.5}}
    assert (stored.tokens is None) == series
    assert {p.name for p in folder.iterdir()} == {CARD, WEIGHTS, README} | (set() if series else {TOKENS})


def test_saving_what_was_loaded_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_encoder(tmp_path / "again", load_encoder(folder), (folder / README).read_text())
    for name in (CARD, WEIGHTS, TOKENS, README):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_an_encoder_older_than_scaling_is_read_as_it_was(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", series=True, scaling="none")
    card = json.loads((folder / CARD).read_text())
    known = {"cell", "embedding", "hidden", "layers", "bidirectional", "dropout", "padding", "vectors"}
    card["blueprint"]["encoder"] = {key: value for key, value in card["blueprint"]["encoder"].items() if key in known}
    del card["blueprint"]["letters"]
    (folder / CARD).write_text(dump_json({**card, "sha256": card_seal(card)}))
    stored = load_encoder(folder)
    assert stored.blueprint.encoder.scaling == "none"
    assert not dict(stored.model.named_buffers())
    scaled = load_encoder(tiny.saved_encoder(tmp_path / "scaled", series=True))
    assert sorted(dict(scaled.model.named_buffers())) == ["encoder.inputs.mean", "encoder.inputs.scale"]


def test_letters_travel_with_their_encoder(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", characters=True, spelling=4)
    stored = load_encoder(folder)
    assert stored.tokens is not None
    assert stored.tokens.letters is not None
    assert sorted(stored.tokens.letters.alphabet) == list(tiny.LETTERS)
    assert stored.blueprint.letters == tiny.VOCABULARY
    assert stored.model.encoder.rnn.input_size == 6 + 4
    save_encoder(tmp_path / "again", stored, (folder / README).read_text())
    for name in (CARD, WEIGHTS, TOKENS, README):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    "change", [lambda c: c.update(letters="ab"), lambda c: c.pop("letters"), lambda c: c.update(letters=None)]
)
def test_an_alphabet_that_does_not_fit_the_weights_is_damage(tmp_path: Path, change: Any) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", characters=True)
    resealed(folder, change)
    with pytest.raises(DamagedError):
        load_encoder(folder)


def test_a_card_from_before_there_were_letters_is_read(folder: Path) -> None:
    before = load_encoder(folder)
    resealed(folder, lambda card: [card["blueprint"].pop("letters"), card["blueprint"]["encoder"].pop("spelling")])
    assert load_encoder(folder).blueprint == before.blueprint


def test_weights_that_are_views_are_saved(folder: Path, tmp_path: Path) -> None:
    stored = load_encoder(folder)
    stored.model.requires_grad_(False)
    embedding = stored.model.encoder.inputs.embedding
    embedding.weight = torch.nn.Parameter(embedding.weight.t().contiguous().t())
    save_encoder(tmp_path / "again", stored, "")
    assert torch.equal(load_encoder(tmp_path / "again").model.encoder.inputs.embedding.weight, embedding.weight)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "removed": lambda p: p.unlink(),
    "emptied": lambda p: p.write_bytes(b""),
    "cut in half": lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
    "a byte flipped in front": lambda p: flip(p, 1),
    "a byte flipped in the middle": lambda p: flip(p, p.stat().st_size // 2),
    "a byte flipped at the end": lambda p: flip(p, -2),
    "something else": lambda p: p.write_text('{"format": 1}'),
    "a list": lambda p: p.write_text("[]"),
    "a folder": lambda p: (p.unlink(), p.mkdir()),
}


@pytest.mark.parametrize("name", [CARD, WEIGHTS, TOKENS])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(folder: Path, name: str, damage: str) -> None:
    DAMAGE[damage](folder / name)
    with pytest.raises(DamagedError) as caught:
        load_encoder(folder)
    assert caught.value.exit_code == 3
    assert str(folder) in caught.value.place


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_no_flipped_byte_of_the_card_goes_unseen(folder: Path, place: int) -> None:
    before = load_encoder(folder)
    flip(folder / CARD, place)
    try:
        found = load_encoder(folder)
    except DamagedError:
        return
    # white space may change
    assert (found.blueprint, found.facts) == (before.blueprint, before.facts)


def test_the_model_card_is_free_to_be_edited(folder: Path) -> None:
    (folder / README).write_text("mine")
    assert load_encoder(folder)


def resealed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A card changed by someone who knows how it is sealed."""
    card = json.loads((folder / CARD).read_text())
    change(card)
    card["files"] = {name: sha256(folder / name) for name in card["files"]}
    (folder / CARD).write_text(dump_json({**card, "sha256": card_seal(card)}))


def with_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load((folder / WEIGHTS).read_bytes())
    change(weights)
    (folder / WEIGHTS).write_bytes(save(weights))
    resealed(folder, lambda card: None)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_damage(folder: Path, value: float) -> None:
    with_weights(folder, lambda w: w["encoder.rnn.weight_hh_l0"].view(-1)[3].fill_(value))
    with pytest.raises(DamagedError, match="not finite"):
        load_encoder(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.pop("encoder.rnn.weight_hh_l0"),
        lambda w: w.update(extra=torch.zeros(1)),
        lambda w: w.update({"encoder.rnn.bias_hh_l0": torch.zeros(3)}),
    ],
)
def test_weights_that_do_not_fit_the_card_are_damage(folder: Path, change: Any) -> None:
    with_weights(folder, change)
    with pytest.raises(DamagedError):
        load_encoder(folder)


def test_a_card_that_does_not_fit_the_weights_is_damage(folder: Path) -> None:
    resealed(folder, lambda card: card["blueprint"]["encoder"].update(hidden=9))
    with pytest.raises(DamagedError):
        load_encoder(folder)


def test_a_newer_format_is_named(folder: Path) -> None:
    resealed(folder, lambda card: card.update(format=2))
    with pytest.raises(DamagedError, match="format 2; this version reads format 1"):
        load_encoder(folder)


def test_a_part_this_program_does_not_know_is_named(folder: Path) -> None:
    resealed(folder, lambda card: card["blueprint"].update(representation="mine"))
    with pytest.raises(ConfigError, match="unknown representation 'mine'"):
        load_encoder(folder)


def test_no_pickle_is_written(folder: Path) -> None:
    for path in folder.iterdir():
        assert not path.read_bytes().startswith((b"\x80", b"PK"))


def test_vectors_of_the_config_are_no_part_of_a_stored_encoder(tmp_path: Path) -> None:
    stored = load_encoder(tiny.saved_encoder(tmp_path / "encoder"))
    assert stored.blueprint.encoder.vectors is None
    assert isinstance(stored, Stored)
