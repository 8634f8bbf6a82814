"""The requests in flight, and the queue of requests that wait for a place."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from seqtwin.serve.limits import Limits
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.responses import RefusedError


class RequestQueue:
    """`async with place()` takes one of the places in flight. Waiting requests get places in order of arrival."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ends: set[asyncio.Future[None]] = set()

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

    @contextmanager
    def ended(self) -> "Iterator[asyncio.Future[None]]":
        """A future that is done once `end` is called."""
        end = asyncio.get_running_loop().create_future()
        self._ends.add(end)
        try:
            yield end
        finally:
            self._ends.discard(end)

    def end(self) -> None:
        """Refuse all requests that wait or are being answered: the service stops."""
        for end in self._ends:
            if not end.done():
                end.set_result(None)

    async def _wait(self) -> None:
        if len(self._waiting) >= self._limits.queued:
            raise busy("too many requests are waiting")
        place_free = asyncio.get_running_loop().create_future()
        self._waiting.append(place_free)
        self._metrics.queued = len(self._waiting)
        try:
            with self.ended() as end:
                seconds = self._limits.request_seconds
                await asyncio.wait({place_free, end}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if place_free.done():
                self._free()  # the place was assigned just as the client left: pass it on
            raise
        finally:
            if not place_free.done():
                self._waiting.remove(place_free)
            self._metrics.queued = len(self._waiting)
        if not place_free.done():
            raise ending() if end.done() else busy("no request finished in time")

    def _free(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
            self._metrics.queued = len(self._waiting)
        else:
            self._metrics.in_flight -= 1


def busy(cause: str) -> RefusedError:
    """The error for a request that the service has no capacity for."""
    return RefusedError(503, "BUSY", cause, remedy="try again in a moment")


def ending() -> RefusedError:
    """The error for a request that is not answered before the service stops."""
    return RefusedError(503, "ENDING", "the service is being stopped", remedy="try again in a moment")
