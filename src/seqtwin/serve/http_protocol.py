"""uvicorn's HTTP protocol, with timeouts for clients that never finish their headers or never read a response."""

import asyncio
from typing import Any, Protocol

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from seqtwin.serve.responses import RefusedError, error_response

_BUSY = error_response(
    RefusedError(503, "BUSY", "too many connections", remedy="try again in a moment"),
    "",
    {"retry-after": "1", "connection": "close"},
)


class Cycle(Protocol):
    """The state of one request in uvicorn."""

    response_complete: bool


class _JsonRefusals(H11Protocol):
    """The protocol of uvicorn, which refuses as JSON what never reaches the service."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # uvicorn would answer 503 as plain text
        self._most, self.limit_concurrency, self._inner = self.limit_concurrency, None, self.app
        self.app = self._limited

    async def _limited(self, scope: Any, receive: Any, send: Any) -> None:
        most = self._most
        busy = most is not None and (len(self.connections) >= most or len(self.tasks) > most)
        await (_BUSY if busy else self._inner)(scope, receive, send)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the shape of every other error."""
        response = error_response(RefusedError(400, "BAD_HTTP", msg), "")
        head = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        events = [
            h11.Response(status_code=400, headers=[*head, (b"connection", b"close")], reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def protocol(header_seconds: float, linger_seconds: float) -> type[asyncio.Protocol]:
    """The protocol class for a server. It closes a connection whose headers do not arrive within `header_seconds`, and
    drops one whose client reads nothing of a response for `linger_seconds`.

    uvicorn itself limits only the time between two requests of one connection.
    """

    class Timed(_JsonRefusals):
        _deadline: asyncio.TimerHandle | None = None
        _watch: asyncio.TimerHandle
        _unsent = 0

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            super().connection_made(transport)
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

        def _check_progress(self) -> None:
            # uvicorn waits forever for a client that does not read, even to close
            unsent = self.transport.get_write_buffer_size()
            if unsent and unsent == self._unsent:
                self.transport.abort()
                return
            self._unsent = unsent
            self._watch = self.loop.call_later(linger_seconds, self._check_progress)

        def _arm(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(header_seconds, self.transport.close)

        def _disarm(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Timed


def _idle(cycle: Cycle | None) -> bool:
    """Whether no request is being answered."""
    return cycle is None or cycle.response_complete
