"""The endpoints: the format of OpenAI's clients, the results of the encoder offline, one shape for every error."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_client import CORPUS, get, post, tiny_app, tiny_encoder, with_client

import tiny
from seqtwin.errors import ConfigError
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits

TEXTS = ["cafe", "a", "fedcba" * 9, "zzz", "cafe"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return tiny_encoder(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def app(encoder: TrainedEncoder) -> FastAPI:
    return tiny_app(encoder)


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert {"code", "message", "remedy"} <= set(error)
    assert error["message"]
    assert "Traceback" not in answer.text
    return error


def test_embeddings_have_the_shape_that_openai_documents(app: FastAPI, encoder: TrainedEncoder) -> None:
    answer = post(app, "/v1/embeddings", {"model": "any-name", "input": TEXTS, "user": "u", "encoding_format": "float"})
    assert answer.status_code == 200
    found = answer.json()
    assert set(found) == {"object", "data", "model", "usage"}
    assert (found["object"], found["model"]) == ("list", "any-name")
    assert [one["index"] for one in found["data"]] == [0, 1, 2, 3, 4]
    assert {one["object"] for one in found["data"]} == {"embedding"}
    tokens = 4 + 1 + 54 + 3 + 4
    assert found["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    vectors = np.array([one["embedding"] for one in found["data"]], dtype=np.float32)
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS), atol=1e-6, rtol=0)


def test_base64_is_little_endian_float32(app: FastAPI, encoder: TrainedEncoder) -> None:
    answer = post(app, "/v1/embeddings", {"input": "cafe", "encoding_format": "base64"})
    (one,) = answer.json()["data"]
    vector = np.frombuffer(base64.b64decode(one["embedding"]), dtype="<f4")  # as OpenAI's client reads it
    np.testing.assert_allclose(vector, encoder.encode("cafe")[0], atol=1e-6, rtol=0)
    assert answer.json()["model"] == "tiny"


def test_dimensions_other_than_the_width_are_refused(app: FastAPI) -> None:
    error = refused(post(app, "/v1/embeddings", {"input": "a", "dimensions": 3}), 400, "DIMENSIONS")
    assert (error["type"], error["param"]) == ("invalid_request_error", "dimensions")
    assert "5 numbers" in error["message"]
    assert post(app, "/v1/embeddings", {"input": "a", "dimensions": 5}).status_code == 200


def test_scores_are_those_of_the_encoder(app: FastAPI, encoder: TrainedEncoder) -> None:
    pairs = [["abc", "abd"], ["a", "fed"], ["cafe", "cafe"]]
    found = post(app, "/similarity", {"pairs": pairs}).json()
    expected = encoder.score([a for a, _ in pairs], [b for _, b in pairs])
    np.testing.assert_allclose(found["scores"], expected, atol=1e-6, rtol=0)
    assert found["threshold"] == 0.25
    assert found["same"] == [score >= 0.25 for score in found["scores"]]


def test_neighbours_are_those_of_a_plain_loop(app: FastAPI, encoder: TrainedEncoder) -> None:
    found = post(app, "/search", {"queries": ["abc", "dead"], "k": 3}).json()
    scores = encoder.similarity(encoder.encode(["abc", "dead"]), encoder.encode(CORPUS))
    for hits, row in zip(found["results"], scores, strict=True):
        best = sorted(range(len(CORPUS)), key=lambda place: -row[place])[:3]
        assert [hit["text"] for hit in hits] == [CORPUS[place] for place in best]
        np.testing.assert_allclose([hit["score"] for hit in hits], row[best], atol=1e-6)
    assert found["index"] == {"size": 8, "kind": "exact", "generation": None}
    assert len(post(app, "/search", {"queries": "abc", "k": 100}).json()["results"][0]) == 8


@pytest.mark.parametrize("method", ["occlusion", "gradient"])
def test_reasons_are_those_of_the_encoder(app: FastAPI, encoder: TrainedEncoder, method: str) -> None:
    found = post(app, "/explain", {"left": "cafe", "right": "a", "method": method}).json()
    told = encoder.explain_pair("cafe", "a", method=method)
    assert found["left"]["steps"] == list("cafe")
    assert found["left"]["contributions"] == pytest.approx(told.left.contributions, abs=1e-6)
    assert found["score"] == pytest.approx(told.score, abs=1e-6)
    assert (found["method"], found["meaning"], found["same"]) == (method, told.meaning, told.same)
    if method == "occlusion":
        without = encoder.score(["afe", "cfe", "cae", "caf"], ["a"] * 4)  # the plain loop
        assert found["left"]["contributions"] == pytest.approx((told.score - without).tolist(), abs=1e-5)
        assert found["right"]["contributions"] == [None]  # one step alone cannot be left out


def test_an_unknown_method_is_named(app: FastAPI) -> None:
    answer = post(app, "/explain", {"left": "a", "right": "b", "method": "oclusion"})
    assert answer.status_code == 400
    assert "did you mean 'occlusion'?" in answer.json()["error"]["message"]


def test_search_needs_an_index(encoder: TrainedEncoder, tmp_path: Path) -> None:
    error = refused(post(create_app(encoder), "/search", {"queries": "a"}), 404, "NO_INDEX")
    assert "seqtwin index" in error["remedy"]
    other = load(tiny.saved_encoder(tmp_path / "other", hidden=4))
    with pytest.raises(ConfigError, match="another encoder"):
        create_app(encoder, Index.build(other, CORPUS))


def test_an_encoder_of_series_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the service takes texts"):
        create_app(load(tiny.saved_encoder(tmp_path / "series", series=True)))


def test_no_threshold_means_no_verdict(encoder: TrainedEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "threshold", None)
    found = post(create_app(encoder), "/similarity", {"pairs": [["a", "b"]]}).json()
    assert (found["same"], found["threshold"]) == (None, None)


def test_life_readiness_and_metrics(encoder: TrainedEncoder) -> None:
    app = tiny_app(encoder)
    assert get(app, "/healthz").json() == {"status": "alive"}
    ready = get(app, "/readyz")
    assert ready.status_code == 200
    assert ready.json()["fingerprint"] == encoder.fingerprint
    post(app, "/similarity", {"pairs": [["a", "b"], ["a", "c"]]})
    post(app, "/similarity", {"pairs": []})
    get(app, "/no/such/path")
    text = get(app, "/metrics").text
    for line in (
        'seqtwin_requests_total{path="/similarity",status="200"} 1',
        'seqtwin_requests_total{path="/similarity",status="400"} 1',
        'seqtwin_requests_total{path="other",status="404"} 1',
        'seqtwin_request_seconds_count{path="/similarity"} 2',
        'seqtwin_batch_size_bucket{le="2"} 1',
        "seqtwin_queue_length 0",
        "seqtwin_in_flight 0",
        "seqtwin_ready 1",
    ):
        assert line in text.splitlines()
    app.state.metrics.ready = False
    assert get(app, "/readyz").status_code == 503
    assert get(app, "/healthz").status_code == 200


def test_nothing_is_shown_that_was_not_asked_for(app: FastAPI) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect", "/search/", "/static", "/../etc/passwd", "/%2e%2e/x"):
        refused(get(app, path), 404, "NO_PATH")
    for method in ("PUT", "DELETE", "TRACE", "OPTIONS", "PATCH"):
        refused(get(app, "/v1/embeddings", method, origin="http://other.example"), 405, "NO_METHOD")
    answer = get(app, "/healthz", origin="http://other.example")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["x-content-type-options"] == "nosniff"
    refused(get(app, "/healthz", host="evil.example"), 421, "WRONG_HOST")
    assert get(app, "/healthz", host="localhost:8000").status_code == 200
    assert get(app, "/healthz", host="[::1]:8000").status_code == 200


BAD = [
    (b"", "BODY_JSON"),
    (b"{", "BODY_JSON"),
    (b"[]", "BODY_JSON"),
    (b'{"input": NaN}', "BODY_JSON"),
    (b'{"input": "a", "input": "b"}', "BODY_JSON"),
    (b'{"input": "\xff"}', "BODY_JSON"),
    (b"[" * 100_000, "BODY_JSON"),
    (b'{"input": ' + b"9" * 10_000 + b"}", "BODY_JSON"),
    (b'{"input": 3}', "BODY_FIELDS"),
    (b'{"input": [[1, 2]]}', "TOKEN_IDS"),
    (b'{"input": [1, 2]}', "TOKEN_IDS"),
    (b'{"input": [[]]}', "BODY_FIELDS"),
    (b'{"input": [1.5, 2]}', "BODY_FIELDS"),
    (b'{"input": null}', "BODY_FIELDS"),
    (b'{"user": "u"}', "BODY_FIELDS"),
    (b'{"input": "a", "dimension": 5}', "BODY_FIELDS"),
    (b'{"input": ["a", null]}', "BODY_FIELDS"),
    (b'{"input": "a", "encoding_format": "hex"}', "BODY_FIELDS"),
    (b'{"input": "a", "dimensions": 1e400}', "BODY_JSON"),
    (b'{"pairs": [["a", "b"]], "input": "a", "\\ud800": 1}', None),
    (b'{"input": []}', "BODY_EMPTY"),
    (b'{"input": ""}', "TEXT_EMPTY"),
    (b'{"input": " \\t"}', "TEXT_EMPTY"),
    (b'{"input": "\\ud800"}', "TEXT_SURROGATE"),
    (b'{"input": "\\u200b"}', None),  # white space to some, a token to others: never an error of the service
]


@pytest.mark.parametrize(("content", "code"), BAD)
def test_bad_bodies_end_in_one_shape(app: FastAPI, content: bytes, code: str | None) -> None:
    answer = post(app, "/v1/embeddings", content=content)
    assert answer.status_code in ({200, 400} if code is None else {400})
    if code is not None:
        error = refused(answer, 400, code)
        assert error["type"] == "invalid_request_error"


def test_an_unknown_field_is_named_with_the_nearest(app: FastAPI) -> None:
    error = refused(post(app, "/v1/embeddings", {"inptu": "a", "input": "a"}), 400, "BODY_FIELDS")
    assert error["param"] == "inptu"
    assert "did you mean 'input'?" in error["message"]


def test_what_is_too_large_is_413(encoder: TrainedEncoder) -> None:
    app = tiny_app(encoder, Limits(texts=2, text=10, body=200, explained=4))
    refused(post(app, "/v1/embeddings", {"input": ["a", "b", "c"]}), 413, "BODY_COUNT")
    refused(post(app, "/v1/embeddings", {"input": "a" * 11}), 413, "TEXT_SIZE")
    refused(post(app, "/similarity", {"pairs": [["a", "b" * 11]]}), 413, "TEXT_SIZE")
    refused(post(app, "/explain", {"left": "abcde", "right": "a"}), 413, "TEXT_SIZE")
    refused(post(app, "/v1/embeddings", {"input": "a" * 300}), 413, "BODY_SIZE")
    refused(post(app, "/v1/embeddings", content=b"{}", content_type="text/plain"), 415, "BODY_KIND")
    refused(post(app, "/v1/embeddings", content=b"{}", content_encoding="gzip"), 415, "BODY_ENCODING")
    many = tiny_app(encoder, Limits(hits=6))
    assert post(many, "/search", {"queries": ["a", "b"], "k": 3}).status_code == 200
    error = refused(post(many, "/search", {"queries": ["a", "b"], "k": 4}), 413, "SEARCH_HITS")
    assert "fewer queries" in error["remedy"]
    for k in (0, -1, 1001):
        refused(post(app, "/search", {"queries": "a", "k": k}), 400, "SEARCH_K")


def test_one_poisonous_text_fails_its_own_request_alone(encoder: TrainedEncoder) -> None:
    app = create_app(encoder, limits=Limits(gather_seconds=0.05))
    poison = "\u2028"  # white space for the tokenizer; whether it is for Python does not matter

    async def act(client: httpx.AsyncClient) -> list[httpx.Response]:
        asked = [client.post("/v1/embeddings", json={"input": text}) for text in ("a", poison, "cafe")]
        return list(await asyncio.gather(*asked))

    first, second, third = with_client(app, act)
    assert (first.status_code, second.status_code, third.status_code) == (200, 400, 200)


def test_an_error_of_the_service_shows_nothing_of_itself(encoder: TrainedEncoder, monkeypatch: Any) -> None:
    app = tiny_app(encoder)

    def broken(*_: Any) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(encoder, "score", broken)
    answer = post(app, "/similarity", {"pairs": [["a", "b"]]})
    refused(answer, 500, "INTERNAL")
    assert "secret" not in answer.text


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800")
NESTED = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3))
FIELDS = st.sampled_from(["input", "model", "encoding_format", "dimensions", "pairs", "queries", "k", "left", "right"])
BODIES = st.one_of(
    st.dictionaries(FIELDS, NESTED | st.lists(st.tuples(st.text(), st.text()), max_size=3), max_size=4).map(json.dumps),
    st.dictionaries(FIELDS, st.text(max_size=12) | st.lists(st.text(max_size=5), max_size=3)).map(json.dumps),
    st.fixed_dictionaries({"left": st.text(max_size=9), "right": st.text(max_size=9)}).map(json.dumps),
    st.fixed_dictionaries({"pairs": st.lists(st.tuples(st.text(), st.text()), max_size=3)}).map(json.dumps),
    st.fixed_dictionaries({"input": st.lists(st.text(), max_size=3) | st.text()}).map(json.dumps),
    st.fixed_dictionaries({"queries": st.text(), "k": st.integers() | st.integers(1, 5)}).map(json.dumps),
    NESTED.map(json.dumps),
    st.text(),
).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=64)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(body=BODIES, path=st.sampled_from(["/v1/embeddings", "/similarity", "/search", "/explain"]))
def test_no_body_makes_the_service_fail(app: FastAPI, body: bytes, path: str) -> None:
    answer = post(app, path, content=body)
    assert answer.status_code in {200, 400, 413}, (body, answer.text)
    if answer.status_code != 200:
        assert {"code", "message", "remedy"} <= set(answer.json()["error"])
        assert "Traceback" not in answer.text
