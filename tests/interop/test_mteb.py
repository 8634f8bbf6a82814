"""The protocol MTEB calls an encoder by, and the real MTEB with its default cache."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop_encoders import TEXTS, encoder_of
from scipy.stats import spearmanr
from torch.utils.data import DataLoader

from optional import library
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.trained_encoder import TrainedEncoder
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


CAFES = [(a, b, float(a[0] == b[0])) for a in ("abc", "cafe", "fed", "dead") for b in ("abd", "face", "feed", "cab")]


def sts_task() -> Any:
    """A task of MTEB with rows of our own, so that nothing is downloaded."""
    from datasets import Dataset, DatasetDict
    from mteb.abstasks.sts import AbsTaskSTS
    from mteb.abstasks.task_metadata import TaskMetadata

    class Tiny(AbsTaskSTS):
        metadata = TaskMetadata(
            name="SeqTwinTinySTS",
            description="pairs of short words",
            type="STS",
            main_score="cosine_spearman",
            dataset={"path": "none", "revision": "1"},
            eval_langs=["eng-Latn"],
            eval_splits=["test"],
            reference=None,
            date=None,
            domains=None,
            task_subtypes=None,
            license=None,
            annotations_creators=None,
            dialect=None,
            sample_creation=None,
            bibtex_citation=None,
        )
        min_score, max_score = 0, 1

        def load_data(self, **_: Any) -> None:
            left, right, score = (list(column) for column in zip(*CAFES, strict=True))
            rows = {"sentence1": left, "sentence2": right, "score": score}
            self.dataset = DatasetDict({"test": Dataset.from_dict(rows)})
            self.data_loaded = True

    return Tiny()


@pytest.fixture
def mteb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MTEB without a network and with its default cache in a fresh folder. Absent: a failure in CI, else a skip."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = library("mteb")
    # the folder is that of the default cache, which MTEB makes when it is imported
    monkeypatch.setattr(sys.modules["mteb.evaluate"]._DEFAULT_CACHE, "cache_path", tmp_path / "cache")
    return found


@pytest.mark.filterwarnings("ignore")
def test_the_default_cache_keeps_the_results_of_two_encoders(tmp_path: Path, mteb: Any) -> None:
    encoders = [encoder_of(tmp_path / str(hidden), hidden=hidden) for hidden in (8, 4)]
    found = []
    for encoder in [*encoders, encoders[0]]:
        result = mteb.evaluate(MtebEncoder(encoder), sts_task(), co2_tracker=False)
        found.append(result.task_results[0].get_score())
    expected = [float(spearmanr(cosines(encoder), [row[2] for row in CAFES]).statistic) for encoder in encoders]
    assert abs(expected[0] - expected[1]) > 1e-3
    np.testing.assert_allclose(found, [*expected, expected[0]], atol=1e-5)
    kept = sorted(path.parent for path in (tmp_path / "cache").rglob("SeqTwinTinySTS.json"))
    assert [folder.name for folder in kept] == sorted(encoder.fingerprint for encoder in encoders)


def cosines(encoder: TrainedEncoder) -> list[float]:
    """The cosines of the rows of the task, by hand."""
    a, b = (encoder.encode([row[side] for row in CAFES]).astype(np.float64) for side in (0, 1))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return ((a * b).sum(axis=1) / norms).tolist()


@pytest.mark.filterwarnings("ignore")
def test_the_facts_for_mteb(model: MtebEncoder, mteb: Any) -> None:
    meta = model.mteb_model_meta
    fingerprint = model.encoder.fingerprint
    assert (meta.name, meta.revision) == (f"seqtwin/{fingerprint[:12]}", fingerprint)
    assert (meta.embed_dim, meta.max_tokens) == (model.encoder.dim, model.encoder.max_length)
    assert meta.similarity_fn_name.value == "euclidean"
    named = MtebEncoder(model.encoder, name="me/places")
    assert named.mteb_model_meta.name == "me/places"


def test_another_precision_is_another_revision(model: MtebEncoder) -> None:
    fp32 = model.revision
    model.encoder.precision = "bf16"
    assert model.revision == f"{fp32}-bf16"
