"""The re-ranker of an encoder in search, dedupe and link, against scores computed pair by pair."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import seqtwin
import tiny
from drawn import scattered
from reranked import COUNTS, reranked_run, run_with_config
from seqtwin.data.pairs import PairData
from seqtwin.errors import ConfigError, DataError, SeqTwinError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.verify import verify_folder

TEXTS = list(dict.fromkeys(left for left, _, _ in tiny.drawn_pairs(60, 9)))
WORDS = TEXTS[:30]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reranked_run(tmp_path_factory.mktemp("reranked"))


@pytest.fixture(scope="module")
def encoder(run: Path) -> TrainedEncoder:
    return seqtwin.load(run)


def code(call: object, *arguments: object, **options: object) -> str:
    with pytest.raises(SeqTwinError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    return caught.value.code


def test_it_learns_what_the_untrained_encoder_does_not_know(encoder: TrainedEncoder) -> None:
    new = tiny.drawn_pairs(200, 77)
    left, right, same = zip(*new, strict=True)
    assert roc_auc_score(same, encoder.reranker.score(left, right)) > 0.95
    assert roc_auc_score(same, encoder.score(left, right)) < 0.9


def test_the_order_of_two_texts_does_not_matter(encoder: TrainedEncoder) -> None:
    pairs = list(itertools.product(WORDS[:12], WORDS[:12]))
    left, right = zip(*pairs, strict=True)
    assert encoder.reranker.score(left, right).tobytes() == encoder.reranker.score(right, left).tobytes()
    assert encoder.reranker.score([], []).shape == (0,)
    assert code(encoder.reranker.score, ["a"], ["a", "b"]) == "SCORE_LENGTH"


def test_the_parts_of_a_probability_add_up_to_its_log_odds(encoder: TrainedEncoder) -> None:
    parts = encoder.reranker.explain("abc", "abd")
    assert list(parts) == ["similarity", "spelling", "vectors", "bias"]
    expected = 1 / (1 + np.exp(-sum(parts.values())))
    assert encoder.reranker.score("abc", "abd")[0] == pytest.approx(expected, abs=1e-6)


def test_search_ranks_by_probability_and_keeps_the_similarity(encoder: TrainedEncoder) -> None:
    index = seqtwin.Index.build(encoder, TEXTS)
    queries = ["abc", "fed"]
    first = index.search(queries, 20)
    found = index.search(queries, 5, rerank=20)
    for query, near, hits in zip(queries, first, found, strict=True):
        texts = [hit.text for hit in near]
        probabilities = encoder.reranker.score([query] * 20, texts)
        order = np.argsort(-probabilities, kind="stable")[:5]
        assert [hit.text for hit in hits] == [texts[place] for place in order]
        np.testing.assert_allclose([hit.score for hit in hits], probabilities[order], atol=1e-6)
        assert [hit.similarity for hit in hits] == [near[place].score for place in order]
    assert all(hit.similarity is None for hit in first[0])


def test_search_with_few_items_or_no_query(encoder: TrainedEncoder) -> None:
    index = seqtwin.Index.build(encoder, TEXTS[:3])
    assert len(index.search("abc", 10, rerank=2)[0]) == 3
    assert len(index.search([], 10, rerank=2)) == 0
    for bad in (0, -1, True):
        assert code(index.search, "abc", 3, rerank=bad) == "SEARCH_K"


def test_link_decides_by_probability(encoder: TrainedEncoder) -> None:
    left, right = WORDS[:12], WORDS[12:]
    links = seqtwin.link(encoder, left, right, rerank=True, k=100)
    assert links.threshold == encoder.reranker.threshold
    every = np.array([encoder.reranker.score([text] * len(right), right) for text in left])
    best = every.max(axis=1)
    assert links.matched.tolist() == (best >= links.threshold).tolist()
    np.testing.assert_allclose(links.scores[links.matched, 0], best[links.matched], atol=1e-6)
    nearest = every.max(axis=0)
    for row in np.flatnonzero(links.matched):
        assert links.mutual[row] == (best[row] >= nearest[links.rows[row, 0]] - 1e-6)
    one = seqtwin.link(encoder, left, right, rerank=True, one_to_one=True, k=100)
    assert len(set(one.rows[one.matched, 0].tolist())) == int(one.matched.sum())


def test_link_of_equal_texts_scores_them_too(encoder: TrainedEncoder) -> None:
    links = seqtwin.link(encoder, ["abc"], ["abc", "fed"], rerank=True, threshold=1.0)
    assert links.rows.tolist() == [[0]]
    assert links.scores[0, 0] == encoder.reranker.score(["abc"], ["abc"])[0]


def test_dedupe_links_by_probability(encoder: TrainedEncoder) -> None:
    deduped = seqtwin.dedupe(encoder, WORDS, rerank=True, k=len(WORDS))
    assert deduped.threshold == encoder.reranker.threshold
    same = [
        (a, b)
        for a, b in itertools.combinations(range(len(WORDS)), 2)
        if encoder.reranker.score([WORDS[a]], [WORDS[b]])[0] >= deduped.threshold
    ]
    assert same
    assert all(deduped.cluster[a] == deduped.cluster[b] for a, b in same)
    joined = sum(size * (size - 1) // 2 for size in deduped.sizes.tolist())
    assert joined >= len(same)
    scores = encoder.reranker.score(WORDS, [WORDS[row] for row in deduped.representative])
    np.testing.assert_allclose(deduped.scores, scores, atol=1e-6)


def test_lists_of_no_or_one_text(encoder: TrainedEncoder) -> None:
    assert seqtwin.dedupe(encoder, [], rerank=True).cluster.tolist() == []
    assert seqtwin.dedupe(encoder, ["abc"], rerank=True).cluster.tolist() == [0]
    assert seqtwin.link(encoder, ["abc"], [], rerank=True).rows.tolist() == [[-1]]
    assert seqtwin.link(encoder, [], ["abc"], rerank=True).rows.shape == (0, 1)


def test_a_reranker_of_other_weights_is_refused(run: Path, tmp_path: Path) -> None:
    other = tiny.saved_encoder(tmp_path / "encoder", hidden=9)
    shutil.copytree(run / "encoder" / "reranker", other / "reranker")
    encoder = seqtwin.load(other)  # the encoder itself still works
    assert encoder.encode(["abc"]).shape == (1, 5)
    assert code(seqtwin.dedupe, encoder, WORDS, rerank=True) == "RERANKER_OTHER_ENCODER"


def test_without_a_reranker_the_command_is_named(tmp_path: Path) -> None:
    encoder = seqtwin.load(tiny.saved_encoder(tmp_path / "encoder"))
    assert not encoder.has_reranker
    index = seqtwin.Index.build(encoder, WORDS)
    with pytest.raises(ConfigError, match="has no re-ranker") as caught:
        index.search("abc", rerank=5)
    assert caught.value.remedy == f"fit one: seqtwin fit-reranker {tmp_path / 'encoder'}"
    for call in (seqtwin.dedupe, lambda own, texts, rerank: seqtwin.link(own, texts, texts, rerank=rerank)):
        assert code(call, encoder, WORDS, rerank=True) == "NO_RERANKER"
        assert code(call, scattered(9, 0), WORDS, rerank=True) == "NO_RERANKER"
    assert code(lambda: TrainedEncoder(encoder._stored).reranker) == "NO_RERANKER"


def test_series_have_no_spelling(tmp_path: Path) -> None:
    encoder = seqtwin.load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    index = seqtwin.Index.build(encoder, [np.zeros((2, 3))])
    assert code(index.search, [np.zeros((2, 3))], rerank=5) == "RERANK_SERIES"
    pairs = PairData.of(left=["a"], right=["b"], target=[1.0], split=["train"], name="tiny")
    assert code(seqtwin.fit_reranker, tmp_path / "encoder", pairs) == "RERANKER_INPUTS"


def test_fitting_needs_data_and_never_overwrites(run: Path, tmp_path: Path) -> None:
    assert code(seqtwin.fit_reranker, run) == "OUT_EXISTS"
    assert code(seqtwin.fit_reranker, tiny.saved_encoder(tmp_path / "encoder")) == "RERANKER_NO_DATA"
    few = tiny.raw_run(tiny.write_pairs(tmp_path / "few", (96, 20, 20)))
    with pytest.raises(DataError, match="at least 20 of each label"):
        seqtwin.fit_reranker(tmp_path / "encoder", few)
    assert not (tmp_path / "encoder" / "reranker").exists()


def test_other_data_than_those_of_the_encoder_are_noted(tmp_path: Path) -> None:
    fitted = seqtwin.fit_reranker(run_with_config(tmp_path))
    assert not fitted.own_data  # the encoder was never trained
    assert fitted.reranker.facts.train_pairs == COUNTS[0]


def test_verify_checks_the_files_of_the_reranker(tmp_path: Path) -> None:
    run = reranked_run(tmp_path)
    assert verify_folder(run / "encoder").damage == ()
    words = run / "encoder" / "reranker" / "words.json"
    words.write_text(words.read_text(encoding="utf-8").replace('"texts"', '"text"'), encoding="utf-8")
    assert [finding.place for finding in verify_folder(run / "encoder").damage] == [words]


def test_onnx_has_the_same_probabilities(run: Path, encoder: TrainedEncoder, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    exported = seqtwin.load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    left, right = WORDS[:15], WORDS[15:]
    np.testing.assert_allclose(exported.reranker.score(left, right), encoder.reranker.score(left, right), atol=1e-4)
