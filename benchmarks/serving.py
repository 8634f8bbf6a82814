"""The service under many clients: requests per second, latency, and texts per call of the model.

python benchmarks/serving.py ENCODER [clients] [requests each]

The clients run on the same cores as the service. The figures are therefore lower bounds.
"""

import asyncio
import json
import re
import subprocess
import sys
import time

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


def main(encoder: str, clients: int, requests: int) -> None:
    """Measure one client, then many."""
    command = [sys.executable, "-m", "seqtwin", "serve", encoder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        for many in (1, clients):
            before = calls(found[0])
            whole, seconds = asyncio.run(measured(found[0], many, requests))
            after = calls(found[0])
            middle, late = (1000 * float(np.quantile(seconds, q)) for q in (0.5, 0.99))
            shared = (after[1] - before[1]) / (after[0] - before[0])
            print(
                f"{many:4d} clients: {len(seconds) / whole:7.0f} requests/s, p50 {middle:6.1f} ms, p99 {late:6.1f} ms, "
                f"{shared:.1f} texts per call"
            )
        process.terminate()


if __name__ == "__main__":
    given = sys.argv[1:]
    if not 1 <= len(given) <= 3:
        sys.exit(str(__doc__))
    main(given[0], int(given[1]) if len(given) > 1 else 64, int(given[2]) if len(given) > 2 else 20)
