"""sentence-transformers: its verbs, its evaluators, one epoch of its trainer, and the way back to seqtwin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop_encoders import TEXTS, encoder_of

from seqtwin.inference.load import load
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.sentence_transformers import export_sentence_transformer, to_sentence_transformer

pytestmark = pytest.mark.filterwarnings("ignore")  # of the trainer and its libraries

st = pytest.importorskip("sentence_transformers")
Make = Callable[[TrainedEncoder, Path], Any]


def opened(folder: Path) -> Any:
    return st.SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=True)


DOORS: dict[str, tuple[dict[str, Any], Make]] = {
    "folder": ({}, lambda encoder, root: opened(export_sentence_transformer(encoder, root / "exported"))),
    "folder, mlp": (
        {"projection": {"name": "mlp", "dim": 5, "hidden": 7}, "representation": "max_output"},
        lambda encoder, root: opened(export_sentence_transformer(encoder, root / "exported")),
    ),
    "wrapper": ({"cell": "gru"}, lambda encoder, _: to_sentence_transformer(encoder)),
    "wrapper of a kept lstm": ({}, lambda encoder, _: to_sentence_transformer(encoder)),
}


@pytest.fixture(params=DOORS)
def door(request: Any, tmp_path: Path, monkeypatch: Any) -> tuple[TrainedEncoder, Any]:
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    settings, make = DOORS[request.param]
    encoder = encoder_of(tmp_path / "encoder", **settings)
    return encoder, make(encoder, tmp_path)


def test_every_verb_and_evaluator_gives_the_numbers_of_the_encoder(door: tuple[TrainedEncoder, Any]) -> None:
    from sentence_transformers.evaluation import EmbeddingSimilarityEvaluator, InformationRetrievalEvaluator
    from sklearn.metrics.pairwise import cosine_similarity

    encoder, model = door
    expected = encoder.encode(TEXTS)
    for encode in (model.encode, model.encode_query, model.encode_document):
        np.testing.assert_allclose(encode(TEXTS), expected, atol=1e-6, rtol=0)
    corpus = {f"d{i}": text for i, text in enumerate(dict.fromkeys(TEXTS))}
    retrieval = InformationRetrievalEvaluator(corpus, corpus, {name: {name} for name in corpus})
    assert retrieval(model)["cosine_accuracy@1"] == 1.0
    scores = np.diag(cosine_similarity(expected[:-1], expected[1:]))
    correlation = EmbeddingSimilarityEvaluator(TEXTS[:-1], TEXTS[1:], scores.tolist())(model)
    assert correlation["pearson_cosine"] == pytest.approx(1.0, abs=1e-4)


def test_all_weights_are_trained_and_the_way_back_gives_the_same_vectors(
    door: tuple[TrainedEncoder, Any], tmp_path: Path
) -> None:
    from datasets import Dataset

    encoder, model = door
    before = {name: value.clone() for name, value in model.named_parameters()}
    vectors = encoder.encode(TEXTS)
    pairs = Dataset.from_dict({"a": ["cafe", "abcdef", "fed", "be"] * 4, "b": ["face", "fedcba", "def", "eb"] * 4})
    arguments = st.SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path / "trainer"),
        num_train_epochs=1,
        per_device_train_batch_size=4,
        learning_rate=0.05,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    losses = st.sentence_transformer.losses
    loss = losses.MultipleNegativesRankingLoss(model)
    st.SentenceTransformerTrainer(model=model, args=arguments, train_dataset=pairs, loss=loss).train()
    still = [name for name, value in model.named_parameters() if bool((value == before[name]).all())]
    assert still == []
    model.save(str(tmp_path / "tuned"))
    tuned = model.encode(TEXTS)
    assert np.abs(tuned - vectors).max() > 0.01
    np.testing.assert_array_equal(encoder.encode(TEXTS), vectors)  # the encoder itself is not trained
    np.testing.assert_allclose(opened(tmp_path / "tuned").encode(TEXTS), tuned, atol=1e-6, rtol=0)
    back = load(tmp_path / "tuned")
    np.testing.assert_allclose(back.encode(TEXTS), tuned, atol=1e-6, rtol=0)
    assert back.threshold is None
    assert back.fingerprint != encoder.fingerprint


def test_losses_work_except_those_that_need_a_transformer(door: tuple[TrainedEncoder, Any]) -> None:
    # sentence-transformers 6.2: texts of several lengths, so that a part of the batch is narrower than the batch
    from sentence_transformers import losses

    _, model = door

    def loss_of(loss: Any) -> float:
        sides = (["a", "ab", "abcdef", "cafe"], ["b", "face", "fed", "abc"])
        return float(loss([model.preprocess(side) for side in sides], None))

    whole = loss_of(losses.MultipleNegativesRankingLoss(model))
    for rows in (1, 3):
        parts = losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=rows)
        assert loss_of(parts) == pytest.approx(whole, abs=1e-4)
    with pytest.raises(ValueError, match="PreTrainedTokenizer"):
        losses.GISTEmbedLoss(model, model)
    with pytest.raises(AssertionError):
        losses.AdaptiveLayerLoss(model, losses.MultipleNegativesRankingLoss(model))
