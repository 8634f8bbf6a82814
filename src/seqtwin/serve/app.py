"""The application with its endpoints. It publishes no API pages and allows no cross-origin requests."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypedDict

import numpy as np
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.index.index import Index
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.serve import request_bodies
from seqtwin.serve.access import LOOPBACK, Access
from seqtwin.serve.guard import Guard
from seqtwin.serve.limits import Limits
from seqtwin.serve.live_index import FixedIndex, OpenIndex
from seqtwin.serve.page import page
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.request_batches import Batcher
from seqtwin.serve.request_queue import RequestQueue
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
) -> FastAPI:
    """The service as an ASGI application. `app.state.metrics.ready` is true while it accepts requests.

    `name`: of the model, in responses. `hosts`: the accepted host names, None for any (behind a proxy, or on a private
    network). `api_key`: requests must have it as `Authorization: Bearer KEY`, except `/healthz` and `/readyz`.

    Raises: ConfigError for an encoder of series, because the service takes texts, for an encoder other than that of
    the index, or for a short key.
    """
    if index is not None and index.encoder.fingerprint != encoder.fingerprint:
        raise ConfigError("INDEX_OTHER_ENCODER", "the index was built with another encoder")
    source = None if index is None else FixedIndex(OpenIndex(index))
    return build_app(ServedEncoder(encoder, source, name), limits or Limits(), Access(hosts, api_key))


def build_app(served: ServedEncoder, limits: Limits, access: Access) -> FastAPI:
    """The application over a served encoder.

    Raises: ConfigError.
    """
    if served.encoder.inputs != "tokens":
        raise ConfigError("SERVE_SERIES", "this encoder takes series of numbers, but the service takes texts")
    service = Service(served, limits, access)
    queue = RequestQueue(limits, service.metrics)
    routes = service.routes()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=service.lifespan)
    app.state.metrics, app.state.queue = service.metrics, queue
    for path, (method, endpoint) in routes.items():
        app.add_route(path, endpoint, methods=[method])
    app.add_exception_handler(SeqTwinError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal_error)
    paths = frozenset(routes)
    app.add_middleware(Guard, limits=limits, metrics=service.metrics, paths=paths, access=access, queue=queue)
    return app


class Decided(TypedDict):
    """Scores, and whether each reaches the threshold; None without one."""

    scores: list[float]
    same: list[bool] | None
    threshold: float | None


class Service:
    """The endpoints over a served encoder."""

    def __init__(self, served: ServedEncoder, limits: Limits, access: Access) -> None:
        self.served, self.limits, self.access, self.metrics = served, limits, access, Metrics()
        self.batcher = Batcher(limits, self.metrics)
        self._page, self._policy = page(served.facts, limits)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Stops the thread of the model at the end."""
        yield
        self.batcher.close()

    def routes(self) -> dict[str, tuple[str, Endpoint]]:
        """Every path with its method and endpoint."""
        return {
            "/": ("GET", self.home),
            "/healthz": ("GET", self.alive),
            "/readyz": ("GET", self.ready),
            "/metrics": ("GET", self.metrics_text),
            "/v1/embeddings": ("POST", self.embeddings),
            "/similarity": ("POST", self.similarity),
            "/search": ("POST", self.search),
            "/explain": ("POST", self.explain),
        }

    async def home(self, request: Request) -> Response:
        """The web page."""
        return HTMLResponse(self._page, headers={"content-security-policy": self._policy})

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
        """The vectors of one or more texts, in the format of OpenAI's embeddings."""
        body = request_bodies.read(request_bodies.Embeddings, await request.body())
        texts = request_bodies.listed(body.input)
        self._check(texts, "input")
        dim = self.served.encoder.dim
        if body.dimensions not in {None, dim}:
            cause = f"dimensions: the vectors of this encoder have {dim} numbers and cannot be shortened"
            raise RefusedError(400, "DIMENSIONS", cause, place="dimensions", remedy="leave dimensions out")
        rows = await self.batcher.run(self.served.encode, texts)
        shape = _base64 if body.encoding_format == "base64" else _floats
        data = [{"object": "embedding", "index": i, "embedding": shape(row.vector)} for i, row in enumerate(rows)]
        used = sum(row.tokens for row in rows)
        usage = {"prompt_tokens": used, "total_tokens": used}
        model = body.model or self.served.name
        return json_response({"object": "list", "data": data, "model": model, "usage": usage})

    async def similarity(self, request: Request) -> Response:
        """The score of each pair, and whether it reaches the threshold, if there is one."""
        body = request_bodies.read(request_bodies.Pairs, await request.body())
        request_bodies.check_count(len(body.pairs), self.limits, "pairs")
        for pair in body.pairs:
            request_bodies.check_texts(pair, self.limits.text, "pairs")
        scores = [float(score) for score in await self.batcher.run(self.served.score, body.pairs)]
        return json_response({**self._with_decisions(scores), "model": self.served.name})

    async def search(self, request: Request) -> Response:
        """The neighbours of each query."""
        if self.served.source is None:
            remedy = "build an index (seqtwin index) and serve its folder"
            raise RefusedError(404, "NO_INDEX", "this service has no index", remedy=remedy)
        body = request_bodies.read(request_bodies.Queries, await request.body())
        queries = request_bodies.listed(body.queries)
        self._check(queries, "queries")
        if not 1 <= body.k <= self.limits.neighbours:
            raise RefusedError(400, "SEARCH_K", f"k: expected 1 to {self.limits.neighbours}, got {body.k}", place="k")
        if body.rerank is not None:
            self._check_rerank(body.k, body.rerank)
        asked = [Query(query, body.k, body.rerank) for query in queries]
        results = await self.batcher.run(self.served.search, asked)
        threshold = self.served.threshold_of(reranked=body.rerank is not None)
        facts = {"threshold": threshold, "index": results[0].index_facts}
        return json_response({"results": [near.hits for near in results], **facts})

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
        [explanation] = await self.batcher.run(self.served.explain, [(body.left, body.right, body.method)])
        return json_response({**explanation, "model": self.served.name})

    def _check(self, texts: list[str], place: str) -> None:
        request_bodies.check_count(len(texts), self.limits, place)
        request_bodies.check_texts(texts, self.limits.text, place)

    def _with_decisions(self, scores: list[float]) -> Decided:
        threshold = self.served.encoder.threshold
        same = None if threshold is None else [score >= threshold for score in scores]
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
