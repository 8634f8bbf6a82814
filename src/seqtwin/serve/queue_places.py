"""So many at once, so many in a queue, and no more."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from seqtwin.serve.answers import RefusedError
from seqtwin.serve.limits import Limits
from seqtwin.serve.measures import Measures


class Places:
    """`async with place()`: one of the places in flight; who comes first gets the next free one."""

    def __init__(self, limits: Limits, measures: Measures) -> None:
        self._limits, self._measures = limits, measures
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, given back at the end. Raises: RefusedError (503) when the queue is full, or the wait too long."""
        if self._measures.in_flight < self._limits.in_flight:
            self._measures.in_flight += 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._free()

    async def _wait(self) -> None:
        if len(self._waiting) >= self._limits.queued:
            raise busy("too many requests wait already")
        given = asyncio.get_running_loop().create_future()
        self._waiting.append(given)
        self._measures.queued = len(self._waiting)
        try:
            await asyncio.wait({given}, timeout=self._limits.request_seconds)
        except asyncio.CancelledError:
            if given.done():
                self._free()  # the place came at the moment of leaving: it goes on to the next
            raise
        finally:
            if not given.done():
                self._waiting.remove(given)
            self._measures.queued = len(self._waiting)
        if not given.done():
            raise busy("no place became free in time")

    def _free(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
            self._measures.queued = len(self._waiting)
        else:
            self._measures.in_flight -= 1


def busy(cause: str) -> RefusedError:
    """What a client hears that comes at a bad time."""
    return RefusedError(503, "BUSY", cause, remedy="try again in a moment")
