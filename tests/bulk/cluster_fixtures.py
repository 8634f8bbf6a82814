"""A cluster of two worker processes and a tiny encoder: fixtures that the test files import.

A conftest here would hide that of tests/, which is collected later.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny
from optional import library
from seqtwin.bulk.worker_encoder import EncoderAt
from seqtwin.inference.trained_encoder import TrainedEncoder, load


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    library("distributed")
    from seqtwin.cluster.client import connect

    with connect("local:2") as connected:
        yield connected


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="session")
def encoder(folder: Path) -> TrainedEncoder:
    return load(folder)


@pytest.fixture(scope="session")
def at(folder: Path, encoder: TrainedEncoder) -> EncoderAt:
    return EncoderAt(str(folder), encoder.fingerprint)
