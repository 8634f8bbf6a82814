"""Checks of every request before the application: access, size, time and load. Pure ASGI."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqtwin.errors import SeqTwinError
from seqtwin.serve.access import Access
from seqtwin.serve.limits import Limits
from seqtwin.serve.page import Page, html_response
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.request_queue import RequestQueue, busy, ending
from seqtwin.serve.responses import FIXED_HEADERS, RefusedError, error_response, http_status

GONE = 499  # the client left before its response; counted, never sent
MODELS, MODEL = "/v1/models/", "/v1/models/{model}"  # counted as one path
_CLOSING = {401, 408, 413, 415, 421, 431}  # the rest of such a body is not worth reading


class Guard:
    """Passes every request to the application: counts, times and limits it, and ends it when its client leaves.

    `paths`: those of the application; other paths are counted together. `queue`: of the requests with a body.
    `locked`: by path, the page that a browser gets without the API key.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        metrics: Metrics,
        paths: frozenset[str],
        access: Access,
        queue: RequestQueue,
        locked: Mapping[str, Page] | None = None,
    ) -> None:
        self._app, self._limits, self._metrics, self._paths = app, limits, metrics, paths
        self._access, self._queue, self._locked = access, queue, locked or {}
        self._body_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, out = time.perf_counter(), _Out(send)
        try:
            await self._check_and_answer(scope, receive, out)
        except SeqTwinError as error:
            await self._send_error(scope, receive, out, error)
        except Exception:  # answered and logged outside
            out.status = 500
            raise
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            path = MODEL if scope["path"].startswith(MODELS) else path
            self._metrics.request(path, out.status, time.perf_counter() - began)

    async def _send_error(self, scope: Scope, receive: Receive, out: "_Out", error: SeqTwinError) -> None:
        if out.status != GONE:
            return
        headers = {}
        if isinstance(error, RefusedError) and error.status == 503:
            headers["retry-after"] = str(self._limits.retry_seconds)
            self._metrics.refused += 1
        if isinstance(error, RefusedError) and error.status == 401:
            headers["www-authenticate"] = "Bearer"
        if isinstance(error, RefusedError) and error.status in _CLOSING:
            headers["connection"] = "close"
        await self._error_response(error, scope, headers)(scope, receive, out)

    def _error_response(self, error: SeqTwinError, scope: Scope, headers: Mapping[str, str]) -> Response:
        """The error as JSON; for a browser that opens a page without the API key, a page with a field for the key."""
        page = self._locked.get(scope["path"])
        if page is None or http_status(error) != 401 or scope["method"] != "GET" or not _wants_html(scope):
            return error_response(error, scope["path"], headers)
        return html_response(page, 401, headers)

    async def _check_and_answer(self, scope: Scope, receive: Receive, out: "_Out") -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.headers:
            raise RefusedError(431, "HEADERS_SIZE", f"the headers have more than {self._limits.headers} bytes")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        self._access.check(headers, scope["path"])
        if scope["method"] != "POST":
            await self._app(scope, receive, out)
            return
        _check_kind(headers)
        with self._counting_bytes() as counter:
            body = await self._body(headers, receive, counter)
            async with self._queue.place():
                await self._answer(scope, body, receive, out)

    @contextmanager
    def _counting_bytes(self) -> Iterator["_ByteCounter"]:
        counter = _ByteCounter(self)
        try:
            yield counter
        finally:
            self._body_bytes -= counter.own

    def add_body_bytes(self, size: int) -> None:
        """Count the bytes of bodies in memory. Raises: RefusedError (503) if they are too many."""
        self._body_bytes += size
        if self._body_bytes > self._limits.bodies:
            raise busy("too many large requests at once")

    async def _body(self, headers: dict[bytes, str], receive: Receive, counter: "_ByteCounter") -> bytes:
        limit = self._limits.body
        length = headers.get(b"content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > limit:
            raise _too_large(limit)
        try:
            return await asyncio.wait_for(self._collect(receive, counter), self._limits.body_seconds)
        except asyncio.TimeoutError as error:
            cause = f"the body took longer than {self._limits.body_seconds:g} seconds"
            raise RefusedError(408, "BODY_SLOW", cause) from error

    async def _collect(self, receive: Receive, counter: "_ByteCounter") -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise RefusedError(GONE, "CLIENT_GONE", "the client left")
            part = message.get("body", b"")
            if len(body) + len(part) > self._limits.body:
                raise _too_large(self._limits.body)
            counter.add(len(part))
            body += part
            if not message.get("more_body", False):
                return bytes(body)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, out: "_Out") -> None:
        """Send the response of the application, unless the client leaves or the time runs out first."""
        work = asyncio.ensure_future(self._app(scope, _Body(body), out))
        left = asyncio.ensure_future(_left(receive))
        try:
            with self._queue.ended() as end:
                seconds = self._limits.request_seconds
                await asyncio.wait({work, left, end}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if end.done() and not work.done():
                raise ending()
            if not work.done() and not left.done():
                cause = f"the request took longer than {self._limits.request_seconds:g} seconds"
                raise RefusedError(503, "TIMEOUT", cause, remedy="send fewer texts per request")
        finally:
            done = work.done()
            for task in (work, left):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(left, return_exceptions=True)
                await asyncio.gather(work, return_exceptions=True)
        if done:
            work.result()


class _ByteCounter:
    """The bytes of the body of one request in memory."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self.own = guard, 0

    def add(self, size: int) -> None:
        self.own += size
        self._guard.add_body_bytes(size)


class _Body:
    """A complete body, as the application expects to receive it."""

    def __init__(self, body: bytes) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        if message is None:
            await asyncio.Event().wait()  # the guard itself detects that the client leaves
        return message or {"type": "http.disconnect"}


class _Out:
    """Sends a response, records its status, and adds the headers of every response."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], *FIXED_HEADERS]}
        await self._send(message)


def _wants_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(limit: int) -> RefusedError:
    cause = f"the body has more than {limit} bytes"
    return RefusedError(413, "BODY_SIZE", cause, remedy="split it into several requests")


def _check_kind(headers: dict[bytes, str]) -> None:
    """Accept only plain JSON: a page of another site cannot send it without permission, and nothing is decompressed."""
    kind = headers.get(b"content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "BODY_KIND", "expected Content-Type: application/json")
    if headers.get(b"content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise RefusedError(415, "BODY_ENCODING", "compressed bodies are not accepted", remedy="send it uncompressed")
