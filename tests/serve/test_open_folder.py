"""Folders opened for the service: an encoder, a run, an index, and an index that is replaced."""

import logging
import shutil
from pathlib import Path

import pytest
from served_client import CORPUS

import tiny
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.index.generations import CURRENT
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.serve.live_index import LiveIndex
from seqtwin.serve.open_folder import open_folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    tiny.saved_encoder(tmp_path / "small" / "encoder")
    return tmp_path / "small"


@pytest.fixture
def index(run: Path, tmp_path: Path) -> Path:
    Index.build(load(run), CORPUS).save(tmp_path / "names", encoder_at=run / "encoder")
    return tmp_path / "names"


def test_an_encoder_is_named_after_its_run(run: Path) -> None:
    for folder in (run, run / "encoder"):
        found = open_folder(folder)
        assert (found.name, found.source, found.encoder.dim) == ("small", None, 5)


def test_an_index_brings_its_encoder(index: Path, run: Path) -> None:
    found = open_folder(index)
    assert found.name == "names"
    assert found.encoder.fingerprint == load(run).fingerprint
    assert found.facts["index"] == {"size": 8, "kind": "exact", "generation": "gen-000001"}


def test_the_encoder_of_an_index_may_have_moved(index: Path, run: Path, tmp_path: Path) -> None:
    shutil.move(run, tmp_path / "moved")
    with pytest.raises(ConfigError, match="no longer"):
        open_folder(index)
    assert open_folder(index, tmp_path / "moved").facts["index"]["size"] == 8
    other = tiny.saved_encoder(tmp_path / "other", hidden=4)
    with pytest.raises(ConfigError) as caught:
        open_folder(index, other)
    assert caught.value.code == "INDEX_OTHER_ENCODER"


def test_an_encoder_of_no_index_is_refused(run: Path) -> None:
    with pytest.raises(ConfigError, match="no index here"):
        open_folder(run, run)


def test_a_damaged_index_is_not_opened(index: Path) -> None:
    (index / CURRENT).write_text("gen-000009 " + "0" * 64, encoding="ascii")
    with pytest.raises(DamagedError):
        open_folder(index)


def test_a_new_generation_is_taken_and_a_broken_one_is_not(index: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = LiveIndex(index)
    first = live.current()
    assert live.current() is first
    grown = Index.load(index)
    grown.add(["bed"])
    grown.save(index)
    assert live.last is first
    second = live.current()
    assert (second.generation, len(second.index)) == ("gen-000002", 9)
    with caplog.at_level(logging.WARNING):
        (index / CURRENT).write_text("nonsense", encoding="ascii")
        assert live.current() is second
        assert live.current() is second
    assert len(caplog.records) == 1  # what could not be read is not read at every search
    grown.add(["deaf"])
    with pytest.raises(DamagedError):
        grown.save(index)
    assert live.current() is second
    (index / CURRENT).unlink()
    assert live.current() is second
