"""The requests in flight, and the queue of requests that wait for a place."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from seqtwin.serve.limits import Limits
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.responses import RefusedError


class RequestQueue:
    """`async with place()` takes one of the places in flight. Waiting requests get places in order of arrival."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, released at the end. Raises: RefusedError (503) if the queue is full, or the wait is too long."""
        if self._metrics.in_flight < self._limits.in_flight:
            self._metrics.in_flight += 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._free()

    async def _wait(self) -> None:
        if len(self._waiting) >= self._limits.queued:
            raise busy("too many requests are waiting")
        place_free = asyncio.get_running_loop().create_future()
        self._waiting.append(place_free)
        self._metrics.queued = len(self._waiting)
        try:
            await asyncio.wait({place_free}, timeout=self._limits.request_seconds)
        except asyncio.CancelledError:
            if place_free.done():
                self._free()  # the place was assigned just as the client left: pass it on
            raise
        finally:
            if not place_free.done():
                self._waiting.remove(place_free)
            self._metrics.queued = len(self._waiting)
        if not place_free.done():
            raise busy("no request finished in time")

    def _free(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
            self._metrics.queued = len(self._waiting)
        else:
            self._metrics.in_flight -= 1


def busy(cause: str) -> RefusedError:
    """The error for a request that the service has no capacity for."""
    return RefusedError(503, "BUSY", cause, remedy="try again in a moment")
