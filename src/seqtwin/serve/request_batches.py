"""Concurrent requests joined into calls of the model. One thread runs the model; waiting requests share a call."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeAlias, TypeVar

from seqtwin.serve.limits import Limits
from seqtwin.serve.prometheus import Metrics

T = TypeVar("T")
R = TypeVar("R")
# one result per item, which does not depend on the other items
Work: TypeAlias = Callable[[list[T]], list[R]]


@dataclass(frozen=True, eq=False)
class _Job(Generic[T, R]):
    work: Work[T, R]
    items: list[T]
    future: asyncio.Future[list[R]]


AnyJob: TypeAlias = _Job[Any, Any]


class Batcher:
    """`await run(work, items)` returns `work(items)`, run in the thread of the model, together with equal work.

    A job whose client is gone is dropped before it starts. If a joint call fails, its jobs are run again one at a time:
    no request gets the error of another.
    """

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._jobs: deque[AnyJob] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._draining: asyncio.Task[None] | None = None

    async def run(self, work: Work[T, R], items: list[T]) -> list[R]:
        """The results of `work`, one per item. Raises: the errors of `work` for these items."""
        job = _Job(work, items, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await job.future

    async def run_in_parts(self, work: Work[T, R], items: list[T]) -> list[R]:
        """The same in calls of at most `limits.batch` items. Other requests get their turn between two calls."""
        results: list[R] = []
        for start in range(0, len(items), self._limits.batch):
            results += await self.run(work, items[start : start + self._limits.batch])
        return results

    def close(self) -> None:
        """Stop the thread once its current call is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _drain(self) -> None:
        while self._jobs:
            if sum(len(job.items) for job in self._jobs) < self._limits.batch:
                await asyncio.sleep(self._limits.gather_seconds)
            jobs = self._take_jobs()
            if jobs:
                await self._run_jobs(jobs)

    def _take_jobs(self) -> list[AnyJob]:
        """The oldest job and all jobs that fit into the same call. The others keep their order."""
        taken: list[AnyJob] = []
        rest: deque[AnyJob] = deque()
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

    async def _run_jobs(self, jobs: list[AnyJob]) -> None:
        self._metrics.batches.add(float(sum(len(job.items) for job in jobs)))
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._thread, _outcomes, jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.future.done():
                continue
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)


def _outcomes(jobs: list[AnyJob]) -> list[list[object] | Exception]:
    """The outcome of each job: its results, or the error of its own items."""
    try:
        results = jobs[0].work([item for job in jobs for item in job.items])
    except Exception as error:  # passed to the waiting request
        return [error] if len(jobs) == 1 else [outcome for job in jobs for outcome in _outcomes([job])]
    ends = [0]
    for job in jobs:
        ends.append(ends[-1] + len(job.items))
    return [results[start:end] for start, end in pairwise(ends)]
