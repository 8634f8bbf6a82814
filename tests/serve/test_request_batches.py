"""The batcher: results in order, joined calls, errors per request, no work for clients that left."""

import asyncio
import threading
from typing import Any

import pytest

from seqtwin.errors import DataError
from seqtwin.serve.limits import Limits
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.request_batches import Batcher


class Model:
    """Doubles numbers, remembers its calls, and refuses what is negative."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def doubled(self, items: list[int]) -> list[int]:
        self.gate.wait(10)
        self.calls.append(items)
        self.threads.add(threading.current_thread().name)
        if any(item < 0 for item in items):
            raise DataError("NEGATIVE", "a negative number")
        return [2 * item for item in items]

    def tripled(self, items: list[int]) -> list[int]:
        self.calls.append(items)
        return [3 * item for item in items]


def batcher(**limits: Any) -> Batcher:
    return Batcher(Limits(**{"gather_seconds": 0.02, **limits}), Metrics())


def test_what_waits_together_is_one_call_in_one_thread() -> None:
    model, batches = Model(), batcher()

    async def act() -> list[list[int]]:
        return list(await asyncio.gather(*(batches.run(model.doubled, [i, 10 * i]) for i in range(20))))

    assert asyncio.run(act()) == [[2 * i, 20 * i] for i in range(20)]
    assert len(model.calls) == 1
    assert len(model.threads) == 1
    batches.close()


def test_a_call_holds_no_more_than_a_batch_and_no_other_work() -> None:
    model, batches = Model(), batcher(batch=4)

    async def act() -> list[list[int]]:
        asked = [batches.run(model.tripled if i % 2 else model.doubled, [i] * (1 + i % 3)) for i in range(12)]
        return list(await asyncio.gather(*asked, batches.run(model.doubled, [7] * 9)))

    found = asyncio.run(act())
    assert found == [[(3 if i % 2 else 2) * i] * (1 + i % 3) for i in range(12)] + [[14] * 9]
    assert max(len(call) for call in model.calls if call[0] != 7 or len(call) < 9) <= 4
    assert len(model.calls) < 13


def test_many_items_are_several_calls_and_others_get_their_turn() -> None:
    model, batches = Model(), batcher(batch=4, gather_seconds=0.0)

    async def act() -> list[list[int]]:
        many = asyncio.create_task(batches.run_in_parts(model.doubled, list(range(10))))
        await asyncio.sleep(0)
        return list(await asyncio.gather(many, batches.run(model.tripled, [7])))

    assert asyncio.run(act()) == [[2 * i for i in range(10)], [21]]
    assert [call for call in model.calls if call != [7]] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert model.calls[-1] != [7]


def test_an_error_reaches_the_one_who_caused_it() -> None:
    model, batches = Model(), batcher()

    async def act() -> list[Any]:
        asked = [batches.run(model.doubled, [number]) for number in (1, -1, 2)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    first, second, third = asyncio.run(act())
    assert (first, third) == ([2], [4])
    assert isinstance(second, DataError)


def test_a_job_nobody_waits_for_is_not_begun() -> None:
    model, batches = Model(), batcher(batch=1)

    async def act() -> None:
        model.gate.clear()
        asked = [asyncio.create_task(batches.run(model.doubled, [i])) for i in range(4)]
        await asyncio.sleep(0.05)
        for task in asked[1:3]:
            task.cancel()
        await asyncio.sleep(0)
        model.gate.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert (found[0], found[3]) == ([0], [6])
        assert all(isinstance(one, asyncio.CancelledError) for one in found[1:3])

    asyncio.run(act())
    assert model.calls == [[0], [3]]


def test_it_goes_on_after_an_error_and_in_another_loop() -> None:
    model, batches = Model(), batcher()
    with pytest.raises(DataError):
        asyncio.run(batches.run(model.doubled, [-1]))
    assert asyncio.run(batches.run(model.doubled, [5])) == [10]
