"""A re-ranker as a folder: loaded identically; damage, other encoders and other features are refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save
from toy_reranker import DIM, pairs, reranker

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import sha256
from seqtwin.json_values import hash_of
from seqtwin.reranker import reranker_folder
from seqtwin.reranker.reranker_folder import ARRAYS, CARD, WORDS, load_reranker, save_reranker

FINGERPRINT = "f" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_reranker(tmp_path / "reranker", reranker())
    return tmp_path / "reranker"


def seal(folder: Path, **changes: object) -> None:
    """Change the card and compute its hashes again, as an attacker can."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    card |= {"files": {name: sha256(folder / name) for name in (ARRAYS, WORDS)}, **changes}
    del card["sha256"]
    (folder / CARD).write_text(json.dumps({**card, "sha256": hash_of(card)}), encoding="utf-8")


def test_saved_and_loaded_identically(folder: Path) -> None:
    loaded = load_reranker(folder, FINGERPRINT, DIM)
    some = pairs(100, 7).pairs
    assert loaded.probabilities(some).tobytes() == reranker().probabilities(some).tobytes()
    assert (loaded.threshold, loaded.facts, loaded.weights) == (
        reranker().threshold,
        reranker().facts,
        reranker().weights,
    )


def test_no_reranker_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no re-ranker") as caught:
        load_reranker(tmp_path / "encoder" / "reranker", FINGERPRINT, DIM)
    assert f"seqtwin fit-reranker {tmp_path / 'encoder'}" in caught.value.remedy


def test_another_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to encoder ffff") as caught:
        load_reranker(folder, "e" * 64, DIM)
    assert caught.value.code == "RERANKER_OTHER_ENCODER"


def test_other_features_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranker_folder, "feature_names", lambda: ["word_overlap"])
    with pytest.raises(ConfigError) as caught:
        load_reranker(folder, FINGERPRINT, DIM)
    assert caught.value.code == "RERANKER_FEATURES"


@pytest.mark.parametrize("name", [ARRAYS, WORDS, CARD])
def test_a_changed_or_missing_file_is_damage(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content.replace(b"1", b"2", 1) if b"1" in content else content[:-1])
    with pytest.raises(DamagedError):
        load_reranker(folder, FINGERPRINT, DIM)
    (folder / name).unlink()
    with pytest.raises((DamagedError, ConfigError)):
        load_reranker(folder, FINGERPRINT, DIM)


@pytest.mark.parametrize(
    "change",
    [
        {"lower": np.zeros(1, np.int32)},
        {"feature": None},
        {"vectors": np.zeros(3)},
        {"combined": np.full(4, np.nan)},
        {"roots": np.array([10**6], np.int32)},
        {"value": np.zeros((9, 9))},
        {"vectors": np.zeros(0)},
    ],
    ids=str,
)
def test_consistent_hashes_of_invalid_arrays(folder: Path, change: dict[str, np.ndarray | None]) -> None:
    arrays = load((folder / ARRAYS).read_bytes()) | change
    (folder / ARRAYS).write_bytes(save({name: array for name, array in arrays.items() if array is not None}))
    seal(folder)
    with pytest.raises(DamagedError) as caught:
        load_reranker(folder, FINGERPRINT, DIM)
    assert caught.value.code == "RERANKER_DAMAGED"


@pytest.mark.parametrize(
    "changes", [{"facts": {}}, {"features": None}, {"fingerprint": None}, {"threshold": "high"}, {"facts": None}]
)
def test_consistent_hashes_of_an_invalid_card(folder: Path, changes: dict[str, object]) -> None:
    seal(folder, **changes)
    with pytest.raises((DamagedError, ConfigError)):
        load_reranker(folder, FINGERPRINT, DIM)


def test_a_width_of_another_encoder_is_damage(folder: Path) -> None:
    with pytest.raises(DamagedError, match="weights, expected"):
        load_reranker(folder, FINGERPRINT, DIM + 1)
