"""What a folder holds, opened for the service: an encoder, a run, an index; and an index that is replaced."""

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
from seqtwin.serve.live_index import Live
from seqtwin.serve.open_folder import opened


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
        found = opened(folder)
        assert (found.name, found.source, found.encoder.dim) == ("small", None, 5)


def test_an_index_brings_its_encoder(index: Path, run: Path) -> None:
    found = opened(index)
    assert found.name == "names"
    assert found.encoder.fingerprint == load(run).fingerprint
    assert found.facts["index"] == {"size": 8, "kind": "exact", "generation": "gen-000001"}


def test_the_encoder_of_an_index_may_have_moved(index: Path, run: Path, tmp_path: Path) -> None:
    shutil.move(run, tmp_path / "moved")
    with pytest.raises(ConfigError, match="no longer"):
        opened(index)
    assert opened(index, tmp_path / "moved").facts["index"]["size"] == 8
    other = tiny.saved_encoder(tmp_path / "other", hidden=4)
    with pytest.raises(ConfigError) as caught:
        opened(index, other)
    assert caught.value.code == "INDEX_OTHER_ENCODER"


def test_an_encoder_of_no_index_is_refused(run: Path) -> None:
    with pytest.raises(ConfigError, match="no index here"):
        opened(run, run)


def test_a_damaged_index_is_not_opened(index: Path) -> None:
    (index / CURRENT).write_text("gen-000009 " + "0" * 64, encoding="ascii")
    with pytest.raises(DamagedError):
        opened(index)


def test_a_new_generation_is_taken_and_a_broken_one_is_not(index: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = Live(index)
    first = live.now()
    assert live.now() is first
    grown = Index.load(index)
    grown.add(["bed"])
    grown.save(index)
    assert live.opened is first
    second = live.now()
    assert (second.generation, len(second.index)) == ("gen-000002", 9)
    with caplog.at_level(logging.WARNING):
        (index / CURRENT).write_text("nonsense", encoding="ascii")
        assert live.now() is second
        assert live.now() is second
    assert len(caplog.records) == 1  # what could not be read is not read at every search
    grown.add(["deaf"])
    with pytest.raises(DamagedError):
        grown.save(index)
    assert live.now() is second
    (index / CURRENT).unlink()
    assert live.now() is second
