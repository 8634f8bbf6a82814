"""The service under many clients: requests per second, latency, and texts per call of the model.

python benchmarks/serving.py ENCODER [clients] [requests each] [slow sockets]

The clients run on the same cores as the service. The figures are therefore lower bounds.

Slow sockets send nothing, or one byte per second of their headers or of their body, and connect again when the service
closes them. One quick client is measured in turns with and without them, so that other work on the machine is in both.
Where the system has cores for it, the service has one of its own, and the clients another.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

HEAD = (
    b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
NAMES = ["Firenze", "Florence", "Wien", "Vienna", "Praha", "Prague", "München", "Munich", "Lisboa", "Lisbon"]


async def client(address: str, requests: int, seconds: list[float]) -> None:
    """One client on one connection. It sends a request, waits for the response, and repeats."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for turn in range(requests):
        began = time.perf_counter()
        body = json.dumps({"input": NAMES[turn % len(NAMES)]}).encode()
        writer.write(HEAD % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        seconds.append(time.perf_counter() - began)
    writer.close()


async def measured(address: str, clients: int, requests: int) -> tuple[float, list[float]]:
    """The seconds of all requests together, and of each request."""
    seconds: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(client(address, requests, seconds) for _ in range(clients)))
    return time.perf_counter() - began, seconds


def calls(address: str) -> tuple[int, float]:
    """The number of calls of the model so far, and of the texts in them."""
    text = httpx.get(f"{address}/metrics").text
    count, total = (re.search(rf"seqtwin_batch_size_{name} (\S+)", text) for name in ("count", "sum"))
    assert count is not None
    assert total is not None
    return int(count[1]), float(total[1])


SLOW = [
    (b"", b""),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"x"),
    (HEAD % 1000 + b"{", b" "),
]
ROUNDS, ROUND_REQUESTS = 10, 150


async def slow_socket(address: str, kind: int, delay: float, seconds: float) -> None:
    """One slow client that connects again when it is closed, until the time is over."""
    host, port = address.removeprefix("http://").split(":")
    first, more = SLOW[kind]
    end = time.monotonic() + seconds
    await asyncio.sleep(delay)
    while time.monotonic() < end:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(first)
        while time.monotonic() < end:
            writer.write(more)
            try:
                if not await asyncio.wait_for(reader.read(4096), 1.0):
                    break
            except asyncio.TimeoutError:
                continue
            except OSError:
                break
        writer.close()


async def slow_sockets(address: str, count: int, seconds: float) -> None:
    """Many slow clients, a third of each kind, which start within one second."""
    await asyncio.gather(*(slow_socket(address, row % len(SLOW), row / count, seconds) for row in range(count)))


def slow_process(address: str, count: int, seconds: float) -> "subprocess.Popen[bytes]":
    """The slow clients in a process of their own, so that their work does not delay the client that is measured."""
    code = f"import asyncio, serving; asyncio.run(serving.slow_sockets({address!r}, {count}, {seconds}))"
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent)


def with_slow_sockets(address: str, count: int) -> None:
    """Latency of a quick client, in turns without slow sockets and with them."""
    asyncio.run(measured(address, 1, ROUND_REQUESTS))
    ratios: list[float] = []
    all_seconds: dict[int, list[float]] = {0: [], count: []}
    for _ in range(ROUNDS):
        late = {}
        for many in (0, count):
            slow = slow_process(address, many, 8.0) if many else None
            time.sleep(2.5)
            _, seconds = asyncio.run(measured(address, 1, ROUND_REQUESTS))
            late[many] = float(np.quantile(seconds, 0.99))
            all_seconds[many] += seconds
            if slow is not None:
                slow.wait()
        ratios.append(late[count] / late[0])
    for many, seconds in all_seconds.items():
        middle, late_ms = (1000 * float(np.quantile(seconds, q)) for q in (0.5, 0.99))
        print(f"{many:4d} slow sockets: p50 {middle:6.1f} ms, p99 {late_ms:6.1f} ms, {len(seconds)} requests")
    print(f"p99 with slow sockets / without: median of {ROUNDS} rounds {np.median(ratios):.2f}")


def pinned(core: int) -> list[str]:
    """The beginning of a command that runs on one core; empty where the system cannot do this."""
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


def main(encoder: str, clients: int, requests: int, slow: int) -> None:
    """Measure one client, then many, then one beside slow sockets."""
    command = [*(pinned(0) if slow else []), sys.executable, "-m", "seqtwin", "serve", encoder, "--port", "0"]
    if slow and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        for many in (1, clients) if clients else ():
            before = calls(found[0])
            whole, seconds = asyncio.run(measured(found[0], many, requests))
            after = calls(found[0])
            middle, late = (1000 * float(np.quantile(seconds, q)) for q in (0.5, 0.99))
            shared = (after[1] - before[1]) / (after[0] - before[0])
            print(
                f"{many:4d} clients: {len(seconds) / whole:7.0f} requests/s, p50 {middle:6.1f} ms, p99 {late:6.1f} ms, "
                f"{shared:.1f} texts per call"
            )
        if slow:
            with_slow_sockets(found[0], slow)
        process.terminate()


if __name__ == "__main__":
    given = sys.argv[1:]
    if not 1 <= len(given) <= 4:
        sys.exit(str(__doc__))
    numbers = [int(value) for value in given[1:]]
    main(given[0], *numbers, *(64, 20, 0)[len(numbers) :])
