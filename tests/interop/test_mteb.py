"""The protocol MTEB calls an encoder by."""

from pathlib import Path

import numpy as np
import pytest
from interop_encoders import TEXTS, encoder_of
from torch.utils.data import DataLoader

from seqtwin.errors import ConfigError, DataError
from seqtwin.interop.mteb import MtebEncoder


@pytest.fixture
def model(tmp_path: Path) -> MtebEncoder:
    return MtebEncoder(encoder_of(tmp_path / "encoder", similarity="negative_euclidean"))


def test_lists_and_loaders_give_the_same_vectors(model: MtebEncoder) -> None:
    expected = model.encoder.encode(TEXTS)
    np.testing.assert_allclose(model.encode(TEXTS, task_name="STS17"), expected, atol=1e-6)
    loader = DataLoader([{"text": text} for text in TEXTS], batch_size=3)
    found = model.encode(
        loader, task_metadata=None, hf_split="test", hf_subset="en", prompt_type=None, batch_size=2, precision="float32"
    )
    assert (found.shape, found.dtype) == ((len(TEXTS), model.encoder.dim), np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert model.encode([]).shape == (0, model.encoder.dim)


def test_similarity_is_the_one_trained_for(model: MtebEncoder) -> None:
    a, b = model.encode(TEXTS[:3]), model.encode(TEXTS[3:6])
    by_hand = -np.linalg.norm(a[:, None] - b[None], axis=2)
    np.testing.assert_allclose(model.similarity(a, b), by_hand, atol=1e-5)
    np.testing.assert_allclose(model.similarity_pairwise(a, b), np.diag(by_hand), atol=1e-5)
    assert model.similarity_pairwise(a[:0], b[:0]).shape == (0,)


def test_what_is_no_text_is_refused(model: MtebEncoder, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        model.encode([1, 2])
    with pytest.raises(ConfigError, match="series"):
        MtebEncoder(encoder_of(tmp_path / "series", series=True))
