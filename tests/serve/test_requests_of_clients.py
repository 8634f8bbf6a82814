"""Requests as OpenAI's clients send them: many texts, null fields, fields of other services, token ids, blank texts."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from served_client import CORPUS, get, post, tiny_app, tiny_encoder

import tiny
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits
from seqtwin.serve.request_bodies import LONGEST_NAME, MOST_FIELDS

MAX_LENGTH = 6
LONG = "abcdefabcdef"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return tiny_encoder(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def app(encoder: TrainedEncoder) -> FastAPI:
    return tiny_app(encoder)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    """An encoder that cuts texts at six tokens, and takes a blank text for one unknown token."""
    folder = tiny.saved_encoder(tmp_path_factory.mktemp("short") / "encoder", empty="unk")
    found = load(folder)
    assert found._tokens is not None
    found._tokens.tokenizer.enable_truncation(MAX_LENGTH)
    return found


def embedded(app: FastAPI, texts: Any, **fields: Any) -> httpx.Response:
    return post(app, "/v1/embeddings", {"input": texts, **fields})


def test_as_many_texts_as_openai_allows_and_not_one_more(app: FastAPI, encoder: TrainedEncoder) -> None:
    texts = [f"{'abcdef'[n % 6]}{'fedcba'[n // 6 % 6]}" * (1 + n % 5) for n in range(2048)]
    found = embedded(app, texts).json()["data"]
    np.testing.assert_allclose([row["embedding"] for row in found], encoder.encode(texts), atol=1e-6, rtol=0)
    answer = embedded(app, [*texts, "a"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "BODY_COUNT")
    assert Limits().texts == 2048


def test_null_counts_as_left_out(app: FastAPI) -> None:
    plain = embedded(app, ["a", "b"])
    fields = dict.fromkeys(("user", "dimensions", "encoding_format", "model"))
    assert embedded(app, ["a", "b"], **fields).json() == plain.json()
    assert "warnings" not in plain.json()
    assert "x-seqtwin-warnings" not in plain.headers


def test_fields_of_other_services_are_accepted_and_reported(app: FastAPI) -> None:
    answer = embedded(app, "a", input_type="query", truncate="END", task="retrieval.query", extra={"a": 1})
    assert answer.status_code == 200
    warnings = answer.json()["warnings"]
    assert [(w["code"], w["param"]) for w in warnings] == [
        ("FIELD_IGNORED", name) for name in ("input_type", "truncate", "task", "extra")
    ]
    assert answer.headers["x-seqtwin-warnings"] == "FIELD_IGNORED"
    assert answer.json()["data"] == embedded(app, "a").json()["data"]


def test_a_misspelt_field_is_refused_because_its_value_would_be_lost(app: FastAPI) -> None:
    error = embedded(app, "a", dimension=3).json()["error"]
    assert (error["code"], error["param"]) == ("BODY_FIELDS", "dimension")
    assert "did you mean 'dimensions'?" in error["message"]


@pytest.mark.parametrize("path", ["/v1/embeddings", "/similarity", "/search", "/explain"])
def test_the_work_on_unknown_fields_is_bounded(app: FastAPI, path: str) -> None:
    for body in ({f"x{n}": n for n in range(MOST_FIELDS + 1)}, {"x" * (LONGEST_NAME + 1): 1}):
        error = post(app, path, body).json()["error"]
        assert error["code"] == "BODY_FIELDS"
        assert "at most" in error["message"]


def test_only_the_first_wrong_item_is_reported(app: FastAPI) -> None:
    message = embedded(app, ["a", 0.5, *[{}] * 5000]).json()["error"]["message"]
    assert "input" in message
    assert len(message) < 400


@pytest.mark.parametrize("ids", [[1, 2, 3], [[1, 2], [3]], [[0]]])
def test_token_ids_are_refused_with_the_setting_that_avoids_them(app: FastAPI, ids: Any) -> None:
    error = embedded(app, ids).json()["error"]
    assert (error["code"], error["param"]) == ("TOKEN_IDS", "input")
    assert "check_embedding_ctx_length=False" in error["remedy"]


@pytest.mark.parametrize("form", ["float", "base64"])
def test_a_blank_text_in_a_list_has_an_empty_embedding(app: FastAPI, encoder: TrainedEncoder, form: str) -> None:
    answer = embedded(app, ["abc", "", "cafe", " \t\u2028"], encoding_format=form)
    assert answer.status_code == 200
    rows = [row["embedding"] for row in answer.json()["data"]]
    vectors = [np.frombuffer(base64.b64decode(row), "<f4") if form == "base64" else np.array(row) for row in rows]
    assert [len(vector) for vector in vectors] == [5, 0, 5, 0]
    np.testing.assert_allclose([vectors[0], vectors[2]], encoder.encode(["abc", "cafe"]), atol=1e-6, rtol=0)
    [warning] = answer.json()["warnings"]
    assert (warning["code"], warning["param"], warning["rows"]) == ("TEXT_BLANK", "input", [1, 3])
    assert answer.headers["x-seqtwin-warnings"] == "TEXT_BLANK"
    assert answer.json()["usage"]["prompt_tokens"] == 7


@pytest.mark.parametrize("given", [[""], [" ", "\n"]])
def test_a_list_of_blank_texts_alone_follows_the_same_rule(app: FastAPI, given: list[str]) -> None:
    assert [row["embedding"] for row in embedded(app, given).json()["data"]] == [[]] * len(given)
    assert post(app, "/search", {"queries": given}).json()["results"] == [[]] * len(given)
    assert post(app, "/similarity", {"pairs": [[text, text] for text in given]}).json()["scores"] == [None] * len(given)


@pytest.mark.parametrize(("path", "body"), [("/v1/embeddings", {"input": " "}), ("/search", {"queries": "\u2028"})])
def test_a_single_blank_text_is_refused(app: FastAPI, path: str, body: Any) -> None:
    answer = post(app, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "TEXT_EMPTY")


def test_blank_texts_have_no_score_and_no_neighbours(app: FastAPI, encoder: TrainedEncoder) -> None:
    found = post(app, "/similarity", {"pairs": [["abc", "abd"], ["", "a"], ["a", " "]]}).json()
    assert found["scores"] == [pytest.approx(float(encoder.score("abc", "abd")[0]), abs=1e-6), None, None]
    assert found["same"][1:] == [None, None]
    assert [warning["rows"] for warning in found["warnings"]] == [[1, 2]]
    found = post(app, "/search", {"queries": ["", "abc"], "k": 2}).json()
    assert [len(hits) for hits in found["results"]] == [0, 2]
    assert found["results"][1] == post(app, "/search", {"queries": "abc", "k": 2}).json()["results"][0]
    assert [warning["rows"] for warning in found["warnings"]] == [[0]]


def test_with_empty_unk_a_blank_text_is_a_text(short: TrainedEncoder) -> None:
    app = tiny_app(short)
    answer = embedded(app, ["", "abc"])
    vectors = [row["embedding"] for row in answer.json()["data"]]
    np.testing.assert_allclose(vectors, short.encode(["", "abc"]), atol=1e-6, rtol=0)
    assert "warnings" not in answer.json()
    assert answer.json()["usage"]["prompt_tokens"] == 4
    assert embedded(app, " ").status_code == 200
    assert post(app, "/similarity", {"pairs": [["", "a"]]}).json()["scores"] != [None]


def test_texts_that_were_cut_are_reported(short: TrainedEncoder) -> None:
    app = tiny_app(short)
    answer = embedded(app, ["abc", LONG, "abcdef"])
    [warning] = answer.json()["warnings"]
    assert (warning["code"], warning["rows"]) == ("TEXT_CUT", [1])
    assert f"more than {MAX_LENGTH} tokens" in warning["message"]
    assert answer.headers["x-seqtwin-warnings"] == "TEXT_CUT"
    vectors = [row["embedding"] for row in answer.json()["data"]]
    np.testing.assert_allclose(vectors[1], short.encode(LONG[:MAX_LENGTH])[0], atol=1e-6, rtol=0)
    for path, body, param in (
        ("/similarity", {"pairs": [["a", "b"], ["a", LONG]]}, "pairs"),
        ("/search", {"queries": ["a", LONG], "k": 1}, "queries"),
    ):
        [warning] = post(app, path, body).json()["warnings"]
        assert (warning["code"], warning["param"], warning["rows"]) == ("TEXT_CUT", param, [1])
    [warning] = post(app, "/explain", {"left": "a", "right": LONG}).json()["warnings"]
    assert (warning["code"], warning["param"]) == ("TEXT_CUT", "left and right")


def test_every_warning_code_is_in_the_header_once(app: FastAPI) -> None:
    answer = embedded(app, ["a", ""], task="x", truncate=None)
    assert answer.headers["x-seqtwin-warnings"] == "FIELD_IGNORED, TEXT_BLANK"
    assert len(answer.json()["warnings"]) == 3


def test_lengths_of_texts() -> None:
    tokens = train_tokenizer(["to be"], unit="word", max_length=2)
    assert tokens.lengths(["to", " ", "to be", "to be or", "\u2028"]) == [
        (1, False), (0, False), (2, False), (2, True), (0, False),
    ]  # fmt: skip


def test_the_model_is_listed_and_found_by_its_name(app: FastAPI) -> None:
    listed = get(app, "/v1/models").json()
    assert listed["object"] == "list"
    [model] = listed["data"]
    assert set(model) == {"id", "object", "created", "owned_by"}
    assert (model["id"], model["object"]) == ("tiny", "model")
    assert isinstance(model["created"], int)
    assert model["created"] > 0
    assert get(app, "/v1/models/tiny").json() == model
    missing = get(app, "/v1/models/text-embedding-3-small")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NO_MODEL")
    counted = get(app, "/metrics").text
    assert 'requests_total{path="/v1/models/{model}",status="404"} 1' in counted
    assert "text-embedding" not in counted


def test_the_description_has_every_endpoint_and_its_examples_are_answered(app: FastAPI) -> None:
    described = get(app, "/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    routes = {route.path for route in app.routes}  # type: ignore[attr-defined]
    assert set(described["paths"]) == routes - {"/", "/docs", "/openapi.json"}
    references = json.dumps(described).split('"$ref": "#/components/schemas/')[1:]
    assert {part.split('"')[0] for part in references} <= set(described["components"]["schemas"])
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method == "post":
                body = operation["requestBody"]["content"]["application/json"]["example"]
                answer = post(app, path, body)
                assert answer.status_code == 200, answer.text
                shown = operation["responses"]["200"]["content"]["application/json"]["example"]
                assert set(shown) <= set(answer.json())


def test_the_description_names_search_and_the_key_only_where_they_are(encoder: TrainedEncoder) -> None:
    plain = get(create_app(encoder), "/openapi.json").json()
    assert "/search" not in plain["paths"]
    assert "securitySchemes" not in plain["components"]
    key = "a-key-of-16-letters"
    app = create_app(encoder, api_key=key)
    locked = get(app, "/openapi.json", authorization=f"Bearer {key}").json()
    assert locked["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    keyless = {path for path, methods in locked["paths"].items() for one in methods.values() if "security" not in one}
    assert keyless == {"/healthz", "/readyz"}
    assert all(get(app, path).status_code == 200 for path in keyless)


def test_the_page_of_the_api_shows_every_endpoint_and_needs_no_script(app: FastAPI) -> None:
    answer = get(app, "/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    for path in get(app, "/openapi.json").json()["paths"]:
        assert f"{path}</code></h2>" in answer.text
    assert CORPUS[0] not in answer.text
