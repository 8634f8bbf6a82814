"""An exported kernel channel gives the vectors of the model, for any series, alone and in a batch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import seqtwin
import tiny_examples
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import Ragged
from seqtwin.errors import ConfigError
from seqtwin.inference.onnx_encoder import OnnxEncoder
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.interop.sentence_transformers import export_sentence_transformer
from seqtwin.store import Stored, save_encoder
from seqtwin.training.fit_kernels import fit_kernels

Both = tuple[TrainedEncoder, OnnxEncoder, Path]
series = st.lists(
    st.integers(1, 50).flatmap(lambda n: arrays.arrays(np.float32, (n, 2), elements=st.floats(-100, 100, width=32))),
    min_size=1,
    max_size=4,
)


def saved(folder: Path, share: float, *, mapped: bool, cell: str = "gru") -> Path:
    rng = np.random.default_rng(0)
    items = Ragged.of([rng.normal(size=(n, 2)).cumsum(0).astype(np.float32) for n in range(20, 45)])
    kernels = {"features": 500, "dim": 16, "share": share, "mapped": mapped}
    blueprint = Blueprint(
        inputs="series",
        size=2,
        encoder=EncoderConfig(embedding=6, hidden=8, cell=cell, kernels=kernels),
        representation="max_output",
        projection={"name": "linear", "dim": 5},
        similarity="cosine",
    )
    model = build_siamese(blueprint, seed=0).eval()
    assert model.kernels is not None
    fit_kernels(model.kernels, items, 0)
    save_encoder(folder, Stored(model, blueprint, None, {"threshold": 0.5}), "# card\n")
    return folder


@pytest.fixture(scope="module", params=[(0.4, True), (1.0, True), (1.0, False)], ids=str)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder, (share, mapped) = tmp_path_factory.mktemp("both"), request.param
    encoder = seqtwin.load(saved(folder / "encoder", share, mapped=mapped))
    exported = seqtwin.load(export_onnx(encoder, folder / "onnx"), backend="onnx")
    assert isinstance(exported, OnnxEncoder)
    return encoder, exported, folder


@settings(max_examples=25, deadline=None)
@given(items=series)
def test_any_series_has_the_vector_of_the_model(both: Both, items: list[np.ndarray]) -> None:
    encoder, exported, _ = both
    expected = encoder.encode(items)
    np.testing.assert_allclose(exported.encode(items), expected, rtol=0, atol=5e-6)
    alone = np.concatenate([exported.encode([one]) for one in items])
    np.testing.assert_allclose(alone, expected, rtol=0, atol=5e-6)
    np.testing.assert_allclose(np.concatenate([encoder.encode([one]) for one in items]), expected, rtol=0, atol=5e-6)


def test_sentence_transformers_has_no_such_module(tmp_path: Path) -> None:
    encoder = seqtwin.load(saved(tmp_path / "encoder", 0.5, mapped=True, cell="lstm"))
    with pytest.raises(ConfigError, match="series"):
        export_sentence_transformer(encoder, tmp_path / "st")


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("objective", ["classify", "pairs"])
def test_a_trained_run_is_loaded_with_the_same_vectors(tmp_path: Path, objective: str, share: float) -> None:
    raw = tiny_examples.raw_run("series", tiny_examples.write("series", tmp_path / "data.csv"), objective=objective)
    raw["encoder"] = {"embedding": 6, "hidden": 8, "kernels": {"features": 168, "dim": 16, "share": share}}
    run = seqtwin.train(raw, tmp_path / "run")
    encoder = seqtwin.load(run.path)
    assert encoder.dim == (16 if share == 1 else 32)
    items = [np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32) for n in (1, 4, 9, 30)]
    alone = np.concatenate([encoder.encode([one]) for one in items])
    np.testing.assert_allclose(alone, encoder.encode(items), rtol=0, atol=5e-6)
    assert len(set(map(tuple, alone.round(4).tolist()))) == len(items)
