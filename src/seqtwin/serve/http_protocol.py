"""uvicorn's HTTP protocol, with an end to clients that never finish their headers, or never read their answer."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol(header_seconds: float, linger_seconds: float) -> type[asyncio.Protocol]:
    """The protocol class for a server: a connection whose headers are not there in time is closed, and one whose
    client takes nothing of its answer for `linger_seconds` is dropped.

    uvicorn itself bounds only the silence between two requests of one connection.
    """

    class Timed(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None
        _watch: asyncio.TimerHandle
        _unsent = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._arm()
            self._watched()

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

        def _watched(self) -> None:
            # uvicorn waits without end, even to close, for a client that does not read
            unsent = self.transport.get_write_buffer_size()
            if unsent and unsent == self._unsent:
                self.transport.abort()
                return
            self._unsent = unsent
            self._watch = self.loop.call_later(linger_seconds, self._watched)

        def _arm(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(header_seconds, self.transport.close)

        def _disarm(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Timed


def _idle(cycle: Any) -> bool:
    """Whether no request is being answered."""
    return cycle is None or cycle.response_complete
