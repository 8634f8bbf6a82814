"""The application with its endpoints."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

import numpy as np
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from seqtwin.data.tokens.equal_texts import TextLength
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.index.index import Index
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.serve import request_bodies
from seqtwin.serve.access import LOOPBACK, Access
from seqtwin.serve.api_description import describe_api
from seqtwin.serve.cross_origin import CrossOrigin
from seqtwin.serve.guard import Guard
from seqtwin.serve.limits import Limits
from seqtwin.serve.live_index import FixedIndex, OpenIndex
from seqtwin.serve.page import docs_page, html_response, key_pages, page
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.request_batches import Batcher
from seqtwin.serve.request_queue import RequestQueue
from seqtwin.serve.response_warnings import ResponseWarning, field_warnings, text_warnings, warned_response
from seqtwin.serve.responses import RefusedError, error_response, json_response
from seqtwin.serve.served_encoder import Query, ServedEncoder

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    encoder: BaseEncoder,
    index: Index | None = None,
    limits: Limits | None = None,
    *,
    name: str = "seqtwin",
    hosts: frozenset[str] | None = LOOPBACK,
    api_key: str | None = None,
    origins: Sequence[str] = (),
) -> FastAPI:
    """The service as an ASGI application. `app.state.metrics.ready` is true while it accepts requests.

    `name`: of the model, in responses. `hosts`: the accepted host names, None for any (behind a proxy, or on a private
    network). `api_key`: requests must have it as `Authorization: Bearer KEY`, except `/healthz` and `/readyz`.
    `origins`: the web pages of other sites that may use the service, such as `https://app.example`.

    Raises: ConfigError for an encoder of series, because the service takes texts, for an encoder other than that of
    the index, for a short key, or for an invalid origin.
    """
    if index is not None and index.encoder.fingerprint != encoder.fingerprint:
        raise ConfigError("INDEX_OTHER_ENCODER", "the index was built with another encoder")
    source = None if index is None else FixedIndex(OpenIndex(index))
    return build_app(ServedEncoder(encoder, source, name), limits or Limits(), Access(hosts, api_key, tuple(origins)))


def build_app(served: ServedEncoder, limits: Limits, access: Access) -> FastAPI:
    """The application over a served encoder.

    Raises: ConfigError.
    """
    if served.encoder.inputs != "tokens":
        raise ConfigError("SERVE_SERIES", "this encoder takes series of numbers, but the service takes texts")
    service = Service(served, limits, access)
    queue = RequestQueue(limits, service.metrics)
    routes = service.routes()
    # a redirection of FastAPI would repeat the Host header of the request, and lose the https of a proxy
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=service.lifespan)
    app.state.metrics, app.state.queue = service.metrics, queue
    for path, (method, endpoint) in routes.items():
        app.add_route(path, endpoint, methods=[method])
    app.add_exception_handler(SeqTwinError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal_error)
    paths = frozenset(routes)
    locked = key_pages(service.pages)
    app.add_middleware(
        Guard, limits=limits, metrics=service.metrics, paths=paths, access=access, queue=queue, locked=locked
    )
    if access.origins:
        app.add_middleware(CrossOrigin, origins=access.origins)
    return app


class Decided(TypedDict):
    """Scores, and whether each reaches the threshold: None without one, and for a pair with a blank text."""

    scores: list[float | None]
    same: list[bool | None] | None
    threshold: float | None


class Service:
    """The endpoints over a served encoder."""

    def __init__(self, served: ServedEncoder, limits: Limits, access: Access) -> None:
        self.served, self.limits, self.access, self.metrics = served, limits, access, Metrics()
        self.batcher = Batcher(limits, self.metrics)
        self.description = describe_api(served.facts, limits, needs_key=access.api_key is not None)
        self.pages = {"/": page(served.facts, limits, served.example), "/docs": docs_page(self.description)}

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Stops the thread of the model at the end."""
        yield
        self.batcher.close()

    def routes(self) -> dict[str, tuple[str, Endpoint]]:
        """Every path with its method and endpoint."""
        return {
            "/": ("GET", self.html),
            "/docs": ("GET", self.html),
            "/openapi.json": ("GET", self.openapi),
            "/healthz": ("GET", self.alive),
            "/readyz": ("GET", self.ready),
            "/metrics": ("GET", self.metrics_text),
            "/v1/models": ("GET", self.models),
            "/v1/models/{model}": ("GET", self.model),
            "/v1/embeddings": ("POST", self.embeddings),
            "/similarity": ("POST", self.similarity),
            "/search": ("POST", self.search),
            "/explain": ("POST", self.explain),
        }

    async def html(self, request: Request) -> Response:
        """The web page, or the description of the API as a page."""
        return html_response(self.pages[request.url.path])

    async def openapi(self, request: Request) -> Response:
        """The description of the API in the format of OpenAPI 3.1."""
        return json_response(self.description)

    async def models(self, request: Request) -> Response:
        """The list with the one model, in the format of OpenAI's API."""
        return json_response({"object": "list", "data": [self.served.model_facts]})

    async def model(self, request: Request) -> Response:
        """The facts of the model by its name."""
        if request.path_params["model"] != self.served.name:
            cause, remedy = "this service has no such model", "GET /v1/models lists its model"
            raise RefusedError(404, "NO_MODEL", cause, place="model", remedy=remedy)
        return json_response(self.served.model_facts)

    async def alive(self, request: Request) -> Response:
        """Whether the process is alive."""
        return json_response({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Whether the service accepts requests, and the facts of its encoder for those who may use it."""
        status = "ready" if self.metrics.ready else "ending"
        knows = self.access.knows(request.headers.get("authorization", ""))
        facts: dict[str, object] = {**self.served.facts} if knows else {}
        return json_response({"status": status, **facts}, 200 if self.metrics.ready else 503)

    async def metrics_text(self, request: Request) -> Response:
        """The metrics in the text format of Prometheus."""
        return PlainTextResponse(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def embeddings(self, request: Request) -> Response:
        """The vectors of one or more texts, in the format of OpenAI's embeddings. That of a blank text is empty."""
        body, unknown = request_bodies.read_embeddings(await request.body())
        texts = request_bodies.listed(body.input)
        self._check(texts, "input")
        dim = self.served.encoder.dim
        if body.dimensions not in {None, dim}:
            cause = f"dimensions: the vectors of this encoder have {dim} numbers and cannot be shortened"
            raise RefusedError(400, "DIMENSIONS", cause, place="dimensions", remedy="leave dimensions out")
        rows = await self.batcher.run_in_parts(self.served.encode, texts)
        warnings = field_warnings(unknown)
        warnings += self._warnings(body.input, [[row.length] for row in rows], "input", "an empty embedding")
        shape = _base64 if body.encoding_format == "base64" else _floats
        data = [{"object": "embedding", "index": i, "embedding": shape(row.vector)} for i, row in enumerate(rows)]
        used = sum(row.length.tokens for row in rows)
        usage = {"prompt_tokens": used, "total_tokens": used}
        model = body.model or self.served.name
        return warned_response({"object": "list", "data": data, "model": model, "usage": usage}, warnings)

    async def similarity(self, request: Request) -> Response:
        """The score of each pair, and whether it reaches the threshold, if there is one."""
        body = request_bodies.read(request_bodies.Pairs, await request.body())
        request_bodies.check_count(len(body.pairs), self.limits, "pairs")
        for pair in body.pairs:
            request_bodies.check_texts(pair, self.limits.text, "pairs")
        rows = await self.batcher.run_in_parts(self.served.score, body.pairs)
        warnings = self._warnings(body.pairs, [row.lengths for row in rows], "pairs", "no score")
        scores = [row.score for row in rows]
        return warned_response({**self._with_decisions(scores), "model": self.served.name}, warnings)

    async def search(self, request: Request) -> Response:
        """The neighbours of each query. A blank query has none."""
        if self.served.source is None:
            remedy = "build an index (seqtwin index) and serve its folder"
            raise RefusedError(404, "NO_INDEX", "this service has no index", remedy=remedy)
        body = request_bodies.read(request_bodies.Queries, await request.body())
        queries = request_bodies.listed(body.queries)
        self._check(queries, "queries")
        if not 1 <= body.k <= self.limits.neighbours:
            raise RefusedError(400, "SEARCH_K", f"k: expected 1 to {self.limits.neighbours}, got {body.k}", place="k")
        self._check_work(len(queries), body.k, self.limits.hits, "k")
        if body.rerank is not None:
            self._check_rerank(body.k, body.rerank)
            self._check_work(len(queries), max(body.k, body.rerank), self.limits.judged, "rerank")
        asked = [Query(query, body.k, body.rerank) for query in queries]
        results = await self.batcher.run(self.served.search, asked)
        warnings = self._warnings(body.queries, [[near.length] for near in results], "queries", "no neighbours")
        threshold = self.served.threshold_of(reranked=body.rerank is not None)
        facts = {"threshold": threshold, "index": results[0].index_facts}
        return warned_response({"results": [near.hits for near in results], **facts}, warnings)

    @staticmethod
    def _check_work(queries: int, each: int, most: int, place: str) -> None:
        if queries * each > most:
            cause = (
                f"{place}: expected at most {most:,} neighbours for all queries together, got {queries} times {each}"
            )
            raise RefusedError(
                413, "SEARCH_HITS", cause, place=place, remedy=f"send fewer queries, or a smaller {place}"
            )

    def _check_rerank(self, k: int, rerank: int) -> None:
        most = self.limits.reranked
        if rerank < 1 or max(k, rerank) > most:
            cause = f"rerank: expected 1 to {most}, and with it a k of at most {most}; got {rerank} and k {k}"
            raise RefusedError(400, "SEARCH_RERANK", cause, place="rerank")
        if not self.served.encoder.has_reranker:
            remedy = "fit one for the served encoder: seqtwin fit-reranker ENCODER"
            raise RefusedError(404, "NO_RERANKER", "this service has no re-ranker", place="rerank", remedy=remedy)

    async def explain(self, request: Request) -> Response:
        """The contribution of each part of two texts to their score."""
        body = request_bodies.read(request_bodies.Explained, await request.body())
        request_bodies.check_texts([body.left, body.right], self.limits.text, "left and right")
        request_bodies.check_texts([body.left, body.right], self.limits.explained, "left and right")
        [found] = await self.batcher.run(self.served.explain, [(body.left, body.right, body.method)])
        warnings = self._warnings("", [found.lengths], "left and right", "no explanation")
        return warned_response({**found.parts, "model": self.served.name}, warnings)

    def _check(self, texts: list[str], place: str) -> None:
        request_bodies.check_count(len(texts), self.limits, place)
        request_bodies.check_texts(texts, self.limits.text, place)

    def _warnings(
        self, given: object, lengths: Sequence[Sequence[TextLength]], place: str, result: str
    ) -> list[ResponseWarning]:
        """The warnings for the texts of a request. Raises: RefusedError (400) for a blank text outside of a list."""
        if isinstance(given, str) and not all(length.tokens for length in lengths[0]):
            request_bodies.refuse_blank(0, place)
        return text_warnings(lengths, place, self.served.encoder.max_length, result)

    def _with_decisions(self, scores: list[float | None]) -> Decided:
        threshold = self.served.encoder.threshold
        same = None if threshold is None else [None if score is None else score >= threshold for score in scores]
        return {"scores": scores, "same": same, "threshold": threshold}


def _floats(vector: np.ndarray) -> list[float]:
    numbers: list[float] = vector.tolist()
    return numbers


def _base64(vector: np.ndarray) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SeqTwinError)
    return error_response(error, request.url.path)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {
        404: ("NO_PATH", "no endpoint at this path"),
        405: ("NO_METHOD", "this endpoint does not support the method"),
    }
    code, cause = codes.get(error.status_code, ("HTTP", "the request cannot be answered"))
    return error_response(RefusedError(error.status_code, code, cause), request.url.path, error.headers)


async def _internal_error(request: Request, _: Exception) -> Response:
    error = RefusedError(500, "INTERNAL", "internal error of the service; see its log for details")
    return error_response(error, request.url.path)
