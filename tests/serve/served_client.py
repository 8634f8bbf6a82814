"""A service over the tiny encoder, and one request to it without a socket."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

import tiny
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits

CORPUS = ["abc", "abd", "cafe", "fed", "face", "dead", "bad", "a"]


def tiny_encoder(folder: Path) -> TrainedEncoder:
    return load(tiny.saved_encoder(folder / "encoder"))


def tiny_app(encoder: TrainedEncoder, limits: Limits | None = None) -> FastAPI:
    return create_app(encoder, Index.build(encoder, CORPUS), limits, name="tiny")


def with_client(app: FastAPI, act: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    """The result of `act` with a client of the application. Errors are responses, as on a socket."""

    async def acted() -> Any:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await act(client)

    return asyncio.run(acted())


def post(app: FastAPI, path: str, body: Any = None, *, content: bytes | None = None, **headers: str) -> httpx.Response:
    """The response to one request; `content` is sent unchanged instead of `body`."""

    async def act(client: httpx.AsyncClient) -> httpx.Response:
        named = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if content is not None:
            return await client.post(path, content=content, headers=named)
        return await client.post(path, json=body, headers=named)

    found: httpx.Response = with_client(app, act)
    return found


def get(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    found: httpx.Response = with_client(app, lambda client: client.request(method, path, headers=headers))
    return found
