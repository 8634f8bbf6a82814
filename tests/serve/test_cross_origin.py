"""Requests from pages of other sites: allowed origins alone, readable errors, no page at all by default."""

from typing import Any

import pytest
from fastapi import FastAPI
from served_client import get, post, tiny_encoder

from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.serve.access import Access
from seqtwin.serve.app import create_app

PAGE, OTHER = "https://app.example", "https://other.example"
KEY = "a-key-of-16-letters"
ASKED = {"access_control_request_method": "POST", "access_control_request_headers": "content-type,x-stainless-os"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return tiny_encoder(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def app(encoder: TrainedEncoder) -> FastAPI:
    return create_app(encoder, name="tiny", api_key=KEY, origins=[PAGE, "http://localhost:5173"])


def preflight(app: FastAPI, origin: str, **asked: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in {**ASKED, **asked}.items()}
    return get(app, "/v1/embeddings", "OPTIONS", origin=origin, **named)


def test_the_preflight_of_an_allowed_page_needs_no_key(app: FastAPI) -> None:
    answer = preflight(app, PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type,x-stainless-os"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-credentials" not in answer.headers
    assert preflight(app, "http://localhost:5173").status_code == 200


def test_a_public_page_that_is_allowed_may_use_a_service_on_this_machine(app: FastAPI) -> None:
    answer = preflight(app, PAGE, access_control_request_private_network="true")
    assert (answer.status_code, answer.headers["access-control-allow-private-network"]) == (200, "true")


@pytest.mark.parametrize("origin", [OTHER, "null", f"{PAGE}.other.example", "http://app.example", f"{PAGE}:8443"])
def test_the_preflight_of_another_page_is_refused_in_the_one_shape(app: FastAPI, origin: str) -> None:
    answer = preflight(app, origin)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "ORIGIN"
    assert "--allow-origin" in answer.json()["error"]["remedy"]
    assert "access-control-allow-origin" not in answer.headers


def test_an_allowed_page_can_read_responses_and_refusals(app: FastAPI) -> None:
    headers = {"origin": PAGE, "authorization": f"Bearer {KEY}"}
    answer = post(app, "/v1/embeddings", {"input": ["a", ""]}, **headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    assert "x-seqtwin-warnings" in answer.headers["access-control-expose-headers"].split(", ")
    assert "Origin" in answer.headers["vary"]
    refused = post(app, "/v1/embeddings", {"input": "a"}, origin=PAGE)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)
    other = post(app, "/v1/embeddings", {"input": "a"}, **{**headers, "origin": OTHER})
    assert "access-control-allow-origin" not in other.headers


def test_without_the_option_no_page_is_allowed(encoder: TrainedEncoder) -> None:
    app = create_app(encoder, name="tiny")
    assert preflight(app, PAGE).status_code == 405
    answer = post(app, "/v1/embeddings", {"input": "a"}, origin=PAGE)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://App.example/x", "https://", "https://a b", ""]
)
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Access(None, KEY, (origin,))
    assert (caught.value.code, caught.value.exit_code) == ("SERVE_ORIGIN", 2)


@pytest.mark.parametrize("origin", ["*", "null"])
def test_every_page_is_allowed_only_with_a_key(encoder: TrainedEncoder, origin: str) -> None:
    with pytest.raises(ConfigError, match="no API key"):
        Access(None, None, (origin,))
    app = create_app(encoder, name="tiny", api_key=KEY, origins=[origin])
    asked = OTHER if origin == "*" else origin
    answer = post(app, "/v1/embeddings", {"input": "a"}, origin=asked, authorization=f"Bearer {KEY}")
    assert answer.headers["access-control-allow-origin"] == origin
