"""What stands before the application: who may ask, how large, how slow, how many at once. Pure ASGI."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqtwin.errors import SeqTwinError
from seqtwin.serve.answers import RefusedError, problem
from seqtwin.serve.limits import Limits
from seqtwin.serve.measures import Measures
from seqtwin.serve.queue_places import Places, busy

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
GONE = 499  # the client left before its answer; counted, never sent
_CLOSING = {408, 413, 415, 421, 431}  # the rest of such a body is not worth reading
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]


class Guard:
    """Every request passes here: it is counted, timed, bounded, and ends when its client leaves.

    `hosts`: the names by which the service may be called (so that no foreign web page reaches a loopback service
    under a name of its own), None for any.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, measures: Measures, paths: frozenset[str], hosts: frozenset[str] | None
    ) -> None:
        self._app, self._limits, self._measures, self._paths, self._hosts = app, limits, measures, paths, hosts
        self._places = Places(limits, measures)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, out = time.perf_counter(), _Out(send)
        try:
            await self._guarded(scope, receive, out)
        except SeqTwinError as error:
            await self._refused(scope, receive, out, error)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._measures.request(path, out.status, time.perf_counter() - began)

    async def _refused(self, scope: Scope, receive: Receive, out: "_Out", error: SeqTwinError) -> None:
        if out.status != GONE:
            return
        headers = {}
        if isinstance(error, RefusedError) and error.status == 503:
            headers["retry-after"] = str(self._limits.retry_seconds)
            self._measures.refused += 1
        if isinstance(error, RefusedError) and error.status in _CLOSING:
            headers["connection"] = "close"
        await problem(error, scope["path"], headers)(scope, receive, out)

    async def _guarded(self, scope: Scope, receive: Receive, out: "_Out") -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.headers:
            raise RefusedError(431, "HEADERS_SIZE", f"the headers are larger than {self._limits.headers} bytes")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        self._check_host(headers.get(b"host", ""))
        if scope["method"] != "POST":
            await self._app(scope, receive, out)
            return
        _check_kind(headers)
        with self._holding() as grow:
            body = await self._body(headers, receive, grow)
            async with self._places.place():
                await self._answered(scope, body, receive, out)

    def _check_host(self, host: str) -> None:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._hosts is not None and name.lower() not in self._hosts:
            cause = "the Host header names no address of this service"
            raise RefusedError(421, "WRONG_HOST", cause, remedy="call it as 127.0.0.1 or localhost")

    @contextmanager
    def _holding(self) -> Iterator["_Held"]:
        held = _Held(self)
        try:
            yield held
        finally:
            self._held -= held.own

    def hold(self, size: int) -> None:
        """Count the bytes of bodies in memory. Raises: RefusedError (503) when they are too many."""
        self._held += size
        if self._held > self._limits.bodies:
            raise busy("too many large requests at once")

    async def _body(self, headers: dict[bytes, str], receive: Receive, held: "_Held") -> bytes:
        limit = self._limits.body
        length = headers.get(b"content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > limit:
            raise _too_large(limit)
        try:
            return await asyncio.wait_for(self._collected(receive, held), self._limits.body_seconds)
        except asyncio.TimeoutError as error:
            cause = f"the body took longer than {self._limits.body_seconds:g} seconds"
            raise RefusedError(408, "BODY_SLOW", cause) from error

    async def _collected(self, receive: Receive, held: "_Held") -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise RefusedError(GONE, "CLIENT_GONE", "the client left")
            part = message.get("body", b"")
            if len(body) + len(part) > self._limits.body:
                raise _too_large(self._limits.body)
            held.grow(len(part))
            body += part
            if not message.get("more_body", False):
                return bytes(body)

    async def _answered(self, scope: Scope, body: bytes, receive: Receive, out: "_Out") -> None:
        """The answer of the application, unless the client leaves or the time is over before."""
        work = asyncio.ensure_future(self._app(scope, _Given(body), out))
        left = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({work, left}, timeout=self._limits.request_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not left.done():
                cause = f"not answered within {self._limits.request_seconds:g} seconds"
                raise RefusedError(503, "TIMEOUT", cause, remedy="send less at once")
        finally:
            done = work.done()
            for task in (work, left):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(left, return_exceptions=True)
                await asyncio.gather(work, return_exceptions=True)
        if done:
            work.result()


class _Held:
    """The bytes one request keeps in memory."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self.own = guard, 0

    def grow(self, size: int) -> None:
        self.own += size
        self._guard.hold(size)


class _Given:
    """A body that was read already, as the application expects to receive it."""

    def __init__(self, body: bytes) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        if message is None:
            await asyncio.Event().wait()  # the guard itself watches for the end of the connection
        return message or {"type": "http.disconnect"}


class _Out:
    """Sends, remembers the status, and puts the headers every answer has."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], *_HEADERS]}
        await self._send(message)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(limit: int) -> RefusedError:
    return RefusedError(
        413, "BODY_SIZE", f"the body is larger than {limit} bytes", remedy="send it in several requests"
    )


def _check_kind(headers: dict[bytes, str]) -> None:
    """Only plain JSON: no page of another site can send that unasked, and nothing is unpacked."""
    kind = headers.get(b"content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "BODY_KIND", "expected Content-Type: application/json")
    if headers.get(b"content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise RefusedError(415, "BODY_ENCODING", "a compressed body is not taken", remedy="send it as it is")
