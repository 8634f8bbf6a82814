"""The application: its endpoints, and nothing else. No documents of its own, no cross-origin answers."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.serve import request_bodies
from seqtwin.serve.answers import RefusedError, answer, problem
from seqtwin.serve.batching import Batcher
from seqtwin.serve.guard import LOOPBACK, Guard
from seqtwin.serve.limits import Limits
from seqtwin.serve.live_index import Fixed, Opened
from seqtwin.serve.measures import Measures
from seqtwin.serve.page import page
from seqtwin.serve.served import Served

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    encoder: TrainedEncoder,
    index: Index | None = None,
    limits: Limits | None = None,
    *,
    name: str = "seqtwin",
    hosts: frozenset[str] | None = LOOPBACK,
) -> FastAPI:
    """The service as an ASGI application; `app.state.measures.ready` says whether it takes requests.

    `hosts`: the names it may be called by, None for any (behind a proxy, or on a network of your own).

    Raises: ConfigError for an encoder of series (the service takes texts), or another than that of the index.
    """
    if index is not None and index.encoder.fingerprint != encoder.fingerprint:
        raise ConfigError("INDEX_OTHER_ENCODER", "the vectors of the index are of another encoder")
    source = None if index is None else Fixed(Opened(index))
    return app_of(Served(encoder, source, name), limits or Limits(), hosts)


def app_of(served: Served, limits: Limits, hosts: frozenset[str] | None) -> FastAPI:
    """The application over what is served.

    Raises: ConfigError.
    """
    if served.encoder.inputs != "tokens":
        raise ConfigError("SERVE_SERIES", "this encoder takes series of numbers; the service takes texts")
    service = Service(served, limits)
    routes = service.routes()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=service.lifespan)
    app.state.measures = service.measures
    for path, (method, endpoint) in routes.items():
        app.add_route(path, endpoint, methods=[method])
    app.add_exception_handler(SeqTwinError, _known)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unknown)
    app.add_middleware(Guard, limits=limits, measures=service.measures, paths=frozenset(routes), hosts=hosts)
    return app


class Service:
    """The endpoints over what is served."""

    def __init__(self, served: Served, limits: Limits) -> None:
        self.served, self.limits, self.measures = served, limits, Measures()
        self.batcher = Batcher(limits, self.measures)
        self._page, self._policy = page(served.facts, limits)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Lets the thread of the model go at the end."""
        yield
        self.batcher.close()

    def routes(self) -> dict[str, tuple[str, Endpoint]]:
        """Every path with its method and endpoint."""
        return {
            "/": ("GET", self.home),
            "/healthz": ("GET", self.alive),
            "/readyz": ("GET", self.ready),
            "/metrics": ("GET", self.metrics),
            "/v1/embeddings": ("POST", self.embeddings),
            "/similarity": ("POST", self.similarity),
            "/search": ("POST", self.search),
            "/explain": ("POST", self.explain),
        }

    async def home(self, request: Request) -> Response:
        """The page."""
        return HTMLResponse(self._page, headers={"content-security-policy": self._policy})

    async def alive(self, request: Request) -> Response:
        """Whether the process answers."""
        return answer({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Whether requests are taken, and by which encoder they are answered."""
        status = "ready" if self.measures.ready else "ending"
        return answer({"status": status, **self.served.facts}, 200 if self.measures.ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text."""
        return PlainTextResponse(self.measures.text(), media_type="text/plain; version=0.0.4")

    async def embeddings(self, request: Request) -> Response:
        """OpenAI's embeddings: vectors of one text or several."""
        asked = request_bodies.read(request_bodies.Embeddings, await request.body())
        texts = request_bodies.listed(asked.input)
        self._check(texts, "input")
        dim = self.served.encoder.dim
        if asked.dimensions not in {None, dim}:
            cause = f"dimensions: the vectors of this encoder have {dim} numbers and cannot be shortened"
            raise RefusedError(400, "DIMENSIONS", cause, place="dimensions", remedy="leave dimensions out")
        rows = await self.batcher.run(self.served.vectors, texts)
        shape = _base64 if asked.encoding_format == "base64" else _floats
        data = [{"object": "embedding", "index": i, "embedding": shape(row.vector)} for i, row in enumerate(rows)]
        used = sum(row.tokens for row in rows)
        usage = {"prompt_tokens": used, "total_tokens": used}
        model = asked.model or self.served.name
        return answer({"object": "list", "data": data, "model": model, "usage": usage})

    async def similarity(self, request: Request) -> Response:
        """The score of each pair, and whether it reaches the threshold where there is one."""
        asked = request_bodies.read(request_bodies.Pairs, await request.body())
        request_bodies.check_count(len(asked.pairs), self.limits, "pairs")
        for pair in asked.pairs:
            request_bodies.check_texts(pair, self.limits.text, "pairs")
        scores = [float(score) for score in await self.batcher.run(self.served.scores, asked.pairs)]
        return answer({**self._judged(scores), "model": self.served.name})

    async def search(self, request: Request) -> Response:
        """The neighbours of each query."""
        if self.served.source is None:
            remedy = "make an index (seqtwin index) and serve that"
            raise RefusedError(404, "NO_INDEX", "no index is served", remedy=remedy)
        asked = request_bodies.read(request_bodies.Queries, await request.body())
        queries = request_bodies.listed(asked.queries)
        self._check(queries, "queries")
        if not 1 <= asked.k <= self.limits.neighbours:
            raise RefusedError(400, "SEARCH_K", f"k: expected 1 to {self.limits.neighbours}, got {asked.k}", place="k")
        found = await self.batcher.run(self.served.near, [(query, asked.k) for query in queries])
        known = {"threshold": self.served.encoder.threshold, "index": found[0].of}
        return answer({"results": [near.hits for near in found], **known})

    async def explain(self, request: Request) -> Response:
        """How much each part of two texts adds to their score."""
        asked = request_bodies.read(request_bodies.Explained, await request.body())
        request_bodies.check_texts([asked.left, asked.right], self.limits.text, "left and right")
        request_bodies.check_texts([asked.left, asked.right], self.limits.explained, "left and right")
        found = await self.batcher.run(self.served.reasons, [(asked.left, asked.right, asked.method)])
        return answer({**found[0], "model": self.served.name})

    def _check(self, texts: list[str], place: str) -> None:
        request_bodies.check_count(len(texts), self.limits, place)
        request_bodies.check_texts(texts, self.limits.text, place)

    def _judged(self, scores: list[float]) -> dict[str, Any]:
        threshold = self.served.encoder.threshold
        same = None if threshold is None else [score >= threshold for score in scores]
        return {"scores": scores, "same": same, "threshold": threshold}


def _floats(vector: np.ndarray) -> list[float]:
    found: list[float] = vector.tolist()
    return found


def _base64(vector: np.ndarray) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, SeqTwinError)
    return problem(error, request.url.path)


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: ("NO_PATH", "there is nothing at this path"), 405: ("NO_METHOD", "this path takes another method")}
    code, cause = codes.get(error.status_code, ("HTTP", "the request cannot be answered"))
    return problem(RefusedError(error.status_code, code, cause), request.url.path, error.headers)


async def _unknown(request: Request, _: Exception) -> Response:
    return problem(RefusedError(500, "INTERNAL", "an error of the service itself; its log says more"), request.url.path)
