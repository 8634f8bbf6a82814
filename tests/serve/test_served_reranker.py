"""A search of the service that is re-ranked by probability, against the index itself."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from served_client import CORPUS, post, tiny_app, tiny_encoder

import seqtwin
from reranked import reranked_run
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits
from seqtwin.serve.live_index import FixedIndex, OpenIndex
from seqtwin.serve.served_encoder import Query, ServedEncoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return seqtwin.load(reranked_run(tmp_path_factory.mktemp("reranked")))


@pytest.fixture(scope="module")
def app(encoder: TrainedEncoder) -> FastAPI:
    return create_app(encoder, Index.build(encoder, CORPUS))


def test_hits_have_probability_and_similarity(app: FastAPI, encoder: TrainedEncoder) -> None:
    found = post(app, "/search", {"queries": ["abc", "fed"], "k": 3, "rerank": 6}).json()
    assert found["threshold"] == encoder.reranker.threshold
    for hits, expected in zip(
        found["results"], Index.build(encoder, CORPUS).search(["abc", "fed"], 3, rerank=6), strict=True
    ):
        assert [hit["text"] for hit in hits] == [hit.text for hit in expected]
        assert [hit["score"] for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-6)
        assert [hit["similarity"] for hit in hits] == pytest.approx([hit.similarity for hit in expected], abs=1e-6)
    plain = post(app, "/search", {"queries": "abc", "k": 3}).json()
    assert plain["threshold"] == encoder.threshold
    assert all(set(hit) == {"id", "text", "score", "metadata"} for hit in plain["results"][0])


def test_joined_requests_do_not_change_each_other(encoder: TrainedEncoder) -> None:
    served = ServedEncoder(encoder, FixedIndex(OpenIndex(Index.build(encoder, CORPUS))), "tiny")
    queries = [Query("abc", 2, None), Query("abc", 2, 3), Query("abc", 8, 3), Query("fed", 2, 3), Query("abc", 5, None)]
    together = [near.hits for near in served.search(queries)]
    alone = [served.search([query])[0].hits for query in queries]
    assert [[hit["id"] for hit in hits] for hits in together] == [[hit["id"] for hit in hits] for hits in alone]
    assert [len(hits) for hits in together] == [2, 2, 8, 2, 5]


@pytest.mark.parametrize("body", [{"rerank": 0}, {"rerank": 101}, {"rerank": 5, "k": 101}])
def test_a_number_out_of_range(app: FastAPI, body: dict[str, int]) -> None:
    answer = post(app, "/search", {"queries": "abc", **body})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SEARCH_RERANK")


def test_the_work_for_all_queries_together_is_bounded(encoder: TrainedEncoder) -> None:
    app = create_app(encoder, Index.build(encoder, CORPUS), Limits(judged=8))
    assert post(app, "/search", {"queries": ["abc", "fed"], "k": 2, "rerank": 4}).status_code == 200
    for body in ({"k": 2, "rerank": 5}, {"k": 5, "rerank": 2}):
        answer = post(app, "/search", {"queries": ["abc", "fed"], **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "SEARCH_HITS")


def test_a_service_without_a_reranker_names_no_path(tmp_path: Path) -> None:
    answer = post(tiny_app(tiny_encoder(tmp_path)), "/search", {"queries": "abc", "rerank": 5})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NO_RERANKER")
    assert str(tmp_path) not in answer.text
