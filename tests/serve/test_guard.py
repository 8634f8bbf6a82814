"""The guard over a plain application: bodies counted and timed, places and queue bounded, clients that leave."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from seqtwin.serve.access import Access
from seqtwin.serve.guard import Guard
from seqtwin.serve.limits import Limits
from seqtwin.serve.prometheus import Metrics
from seqtwin.serve.request_queue import RequestQueue


class Echo:
    """Answers with its body once `gate` is open; counts what was begun, finished and cancelled."""

    def __init__(self) -> None:
        self.begun = self.finished = self.cancelled = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        body = (await receive())["body"]
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
        self.finished += 1


class Client:
    """One request in parts; `None` among them is a pause without end, "left" a client that leaves."""

    def __init__(self, parts: Iterable[bytes | str | None], **headers: str) -> None:
        self.parts = list(parts)
        named = {"content-type": "application/json", "host": "localhost", **headers}
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
        self.sent: list[Any] = []
        self.read = 0

    async def receive(self) -> Any:
        if not self.parts:
            await asyncio.Event().wait()
        part = self.parts.pop(0)
        if part is None:
            await asyncio.Event().wait()
        if isinstance(part, str):
            return {"type": "http.disconnect"}
        self.read += len(part or b"")
        return {"type": "http.request", "body": part, "more_body": bool(self.parts) and self.parts[0] != "left"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def ask(self, guard: Guard) -> int:
        scope = {"type": "http", "method": "POST", "path": "/x", "headers": self.headers}
        await guard(scope, self.receive, self.send)
        return self.status

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"]) if self.sent else 0

    @property
    def answered(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def guarded(app: Any, api_key: str | None = None, **limits: Any) -> tuple[Guard, Metrics]:
    metrics = Metrics()
    own, access = Limits(**limits), Access(frozenset({"localhost"}), api_key)
    queue = RequestQueue(own, metrics)
    return Guard(app, own, metrics, frozenset({"/x"}), access, queue), metrics


def test_a_body_arrives_whole_however_it_was_cut() -> None:
    app = Echo()
    guard, metrics = guarded(app)
    client = Client([b"ab", b"", b"cd", b"e"])
    assert asyncio.run(client.ask(guard)) == 200
    assert client.sent[1]["body"] == b"abcde"
    assert metrics.requests == {("/x", 200): 1}
    assert (metrics.in_flight, metrics.queued) == (0, 0)


@pytest.mark.parametrize("length", ["11", "9" * 30, "-1", "1e3", "x", "٣"])
def test_a_length_that_is_too_large_or_none_is_refused_unread(length: str) -> None:
    app = Echo()
    client = Client([b"x" * 11], content_length=length)
    assert asyncio.run(client.ask(guarded(app, body=10)[0])) == 413
    assert (client.read, app.begun) == (0, 0)
    assert client.answered[b"connection"] == b"close"


def test_a_body_without_a_length_is_cut_off_at_the_limit() -> None:
    app = Echo()
    client = Client([b"x" * 4] * 1000)
    assert asyncio.run(client.ask(guarded(app, body=10)[0])) == 413
    assert client.read == 12
    assert app.begun == 0


def test_a_slow_body_ends() -> None:
    app = Echo()
    client = Client([b"x", None])
    assert asyncio.run(client.ask(guarded(app, body_seconds=0.02)[0])) == 408
    assert app.begun == 0


def test_all_bodies_together_are_bounded() -> None:
    app = Echo()
    guard, _ = guarded(app, bodies=10)

    async def act() -> list[int]:
        app.gate = asyncio.Event()
        first = Client([b"x" * 8])
        waiting = asyncio.create_task(first.ask(guard))
        await asyncio.sleep(0.01)
        second = await Client([b"x" * 8]).ask(guard)
        app.gate.set()
        return [await waiting, second, await Client([b"x" * 8]).ask(guard)]

    assert asyncio.run(act()) == [200, 503, 200]


def test_beyond_the_queue_is_503_with_a_time_to_wait() -> None:
    app = Echo()
    guard, metrics = guarded(app, in_flight=2, queued=3)

    async def act() -> tuple[list[int], Client]:
        app.gate = asyncio.Event()
        clients = [Client([b"x"]) for _ in range(6)]
        asked = [asyncio.create_task(client.ask(guard)) for client in clients]
        await asyncio.sleep(0.01)
        assert (metrics.in_flight, metrics.queued, app.begun) == (2, 3, 2)
        app.gate.set()
        return [await one for one in asked], clients[5]

    statuses, last = asyncio.run(act())
    assert statuses == [200] * 5 + [503]
    assert last.answered[b"retry-after"] == b"1"
    assert (metrics.in_flight, metrics.queued, metrics.refused) == (0, 0, 1)


def test_what_takes_too_long_is_503_and_cancelled() -> None:
    app = Echo()
    guard, metrics = guarded(app, request_seconds=0.02)

    async def act() -> int:
        app.gate = asyncio.Event()
        return await Client([b"x"]).ask(guard)

    assert asyncio.run(act()) == 503
    assert (app.cancelled, metrics.in_flight) == (1, 0)


def test_the_work_of_a_client_that_left_is_cancelled() -> None:
    app = Echo()
    guard, metrics = guarded(app)

    async def act() -> None:
        app.gate = asyncio.Event()
        clients = [Client([b"x", "left"]), Client([b"x", b"y", "left"])]
        await asyncio.gather(*(client.ask(guard) for client in clients))
        assert [client.sent for client in clients] == [[], []]

    asyncio.run(act())
    assert (app.begun, app.cancelled, app.finished) == (2, 2, 0)
    assert (metrics.in_flight, metrics.requests) == (0, {("/x", 499): 2})


def test_a_client_that_leaves_within_its_body_is_counted_and_not_answered() -> None:
    app = Echo()
    guard, metrics = guarded(app)

    class Leaving(Client):
        async def receive(self) -> Any:
            self.read += 1
            more = {"type": "http.request", "body": b"x", "more_body": True}
            return more if self.read == 1 else {"type": "http.disconnect"}

    client = Leaving([])
    assert asyncio.run(client.ask(guard)) in {0, 499}
    assert app.begun == 0
    assert metrics.requests == {("/x", 499): 1}


def test_a_client_that_never_reads_its_answer_gives_its_place_back() -> None:
    app = Echo()
    guard, metrics = guarded(app, request_seconds=0.02)

    class Deaf(Client):
        async def send(self, message: Any) -> None:
            self.sent.append(message)
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

    client = Deaf([b"x"])
    asyncio.run(client.ask(guard))
    assert [message["type"] for message in client.sent] == ["http.response.start", "http.response.body"]
    assert (app.finished, metrics.in_flight) == (0, 0)


def test_headers_that_are_too_large_are_refused_unread() -> None:
    app = Echo()
    client = Client([b"x"], x_long="x" * 100)
    assert asyncio.run(client.ask(guarded(app, headers=100)[0])) == 431
    assert (client.read, app.begun) == (0, 0)
