"""uvicorn's HTTP protocol, with timeouts for clients that never finish their headers or never read a response.

Its refusals are the JSON of all others; uvicorn itself would send plain text.
"""

import asyncio
from http import HTTPStatus
from typing import ClassVar, Protocol

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from seqtwin.serve.limits import Limits
from seqtwin.serve.request_queue import busy
from seqtwin.serve.responses import FIXED_HEADERS, RefusedError, error_response


class Cycle(Protocol):
    """The state of one request in uvicorn."""

    response_complete: bool


class Timed(H11Protocol):
    """uvicorn's protocol within the limits of the service."""

    limits: ClassVar[Limits]
    _deadline: asyncio.TimerHandle | None = None
    _watch: asyncio.TimerHandle
    _unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.app = _Crowded(self.limits)
        self._arm()
        self._check_progress()

    def data_received(self, data: bytes) -> None:
        if _idle(self.cycle):
            self._arm()
        super().data_received(data)
        if not _idle(self.cycle):
            self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._watch.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            for event in _refusal():
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _check_progress(self) -> None:
        # uvicorn waits forever for a client that does not read, even to close
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent == self._unsent:
            self.transport.abort()
            return
        self._unsent = unsent
        self._watch = self.loop.call_later(self.limits.body_seconds, self._check_progress)

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.header_seconds, self.transport.close)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol class for a server. It closes a connection whose headers do not arrive within `header_seconds`,
    drops one whose client reads nothing of a response for `body_seconds`, and refuses those beyond `connections`.

    uvicorn itself limits only the time between two requests of one connection.
    """
    return type("Limited", (Timed,), {"limits": limits})


def _idle(cycle: Cycle | None) -> bool:
    """Whether no request is being answered."""
    return cycle is None or cycle.response_complete


def _refusal() -> list[h11.Event]:
    """The response to bytes that are no HTTP request. Nothing of them is repeated in it."""
    response = error_response(RefusedError(400, "BAD_REQUEST", "this is not a valid HTTP request"), "")
    headers = [*response.raw_headers, *FIXED_HEADERS, (b"connection", b"close")]
    head = h11.Response(status_code=400, headers=headers, reason=HTTPStatus.BAD_REQUEST.phrase.encode())
    return [head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()]


class _Crowded:
    """The application of a connection beyond the limit: it refuses every request."""

    def __init__(self, limits: Limits) -> None:
        self._headers = {"retry-after": str(limits.retry_seconds), "connection": "close"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = error_response(busy("too many connections"), scope["path"], self._headers)
        response.raw_headers.extend(FIXED_HEADERS)
        await response(scope, receive, send)
