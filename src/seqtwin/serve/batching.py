"""Concurrent requests share calls of the model: one thread owns it, and what waits together is worked together."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from seqtwin.serve.limits import Limits
from seqtwin.serve.measures import Measures

Work = Callable[[list[Any]], list[Any]]  # a result for each item, whatever stands beside it


@dataclass(frozen=True, eq=False)
class _Job:
    work: Work
    items: list[Any]
    future: asyncio.Future[list[Any]]


class Batcher:
    """`await run(work, items)` is `work(items)`, made in the one thread of the model and joined with equal work.

    A job whose client is gone is dropped before it is begun. What fails together is tried again one job at a time, so
    that nobody gets another's error.
    """

    def __init__(self, limits: Limits, measures: Measures) -> None:
        self._limits, self._measures = limits, measures
        self._jobs: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._draining: asyncio.Task[None] | None = None

    async def run(self, work: Work, items: list[Any]) -> list[Any]:
        """The results of `work`, one for each item. Raises: what `work` raises for these items."""
        job = _Job(work, items, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await job.future

    def close(self) -> None:
        """Let the thread go when its work is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _drain(self) -> None:
        while self._jobs:
            if sum(len(job.items) for job in self._jobs) < self._limits.batch:
                await asyncio.sleep(self._limits.gather_seconds)
            jobs = self._taken()
            if jobs:
                await self._worked(jobs)

    def _taken(self) -> list[_Job]:
        """The oldest job and all that fit beside it; the others keep their order."""
        taken: list[_Job] = []
        rest: deque[_Job] = deque()
        size = 0
        for job in self._jobs:
            fits = not taken or (job.work == taken[0].work and size + len(job.items) <= self._limits.batch)
            if job.future.done():
                continue
            if fits:
                taken.append(job)
                size += len(job.items)
            else:
                rest.append(job)
        self._jobs = rest
        return taken

    async def _worked(self, jobs: list[_Job]) -> None:
        self._measures.batches.add(float(sum(len(job.items) for job in jobs)))
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._thread, _outcomes, jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.future.done():
                continue
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)


def _outcomes(jobs: list[_Job]) -> list[list[Any] | Exception]:
    """What each job gives: results, or the error of its own items."""
    try:
        found = jobs[0].work([item for job in jobs for item in job.items])
    except Exception as error:  # handed to the waiting request
        return [error] if len(jobs) == 1 else [outcome for job in jobs for outcome in _outcomes([job])]
    ends = [0]
    for job in jobs:
        ends.append(ends[-1] + len(job.items))
    return [found[start:end] for start, end in pairwise(ends)]
