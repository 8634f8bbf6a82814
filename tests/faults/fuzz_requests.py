"""Odd requests to the service: each gets a response or one typed refusal, none is a fault of the service (5xx).

    PYTHONPATH=src:tests python tests/faults/fuzz_requests.py COUNT [SEED]

Valid requests are changed at random: bytes, values, fields, texts, headers, methods and paths. The application runs in
this process, without a socket. Prints one JSON line.
"""

import asyncio
import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch
from fastapi import FastAPI
from fuzz_readers import changed

import tiny
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits

LIMIT = 20  # seconds for one request
KEY, PAGE = "a-key-of-16-letters", "https://app.example"
CORPUS = ["abc", "abd", "cafe", "fed", "face", "dead", "bad", "a"]
STATUSES = {200, 400, 401, 403, 404, 405, 413, 415, 421, 431}
VALID: dict[str, Any] = {
    "/v1/embeddings": {"input": ["abc", "cafe"], "model": "tiny", "encoding_format": "base64", "dimensions": 5},
    "/similarity": {"pairs": [["abc", "abd"], ["fed", "bad"]]},
    "/search": {"queries": ["abc", "dead"], "k": 3},
    "/explain": {"left": "cafe", "right": "face", "method": "gradient"},
}
READ = ("/", "/docs", "/openapi.json", "/v1/models", "/v1/models/tiny", "/healthz", "/readyz", "/metrics")
PATHS = (
    *VALID,
    *READ,
    "/v1/models/" + "x" * 3000,
    "/v1/models/%2e%2e%2f",
    "//",
    "/v1//embeddings",
    "/%00",
    "/é",
    "/search/",
)
TEXTS = (
    "", " ", "\t\r\n", "\u200b", "\u2028", "\ufeff", "\x00", "a\x00b", "\ud800", "\udc00a", "é", "e\u0301", "ﬃ", "İ",
    "👨\u200d👩", "\u202eabc", "[PAD]", "[UNK]", "</script>", "{{ 7 * 7 }}", "=1+1", "zzz", "a" * 3000,
    "ab" * 90, "字" * 40,
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 3, 10**30, -(2**63), 0.5, 1e300, -0.0, "", "a", [], {}, [[]], [None], [1, 2], [[1]],
    {"a": {}}, ["a"] * 300, [["a", "b"]] * 300, [["a"]], [["a", "b", "c"]], "base64", "float", "occlusion",
)  # fmt: skip
FIELDS = (
    "input",
    "inptu",
    "user",
    "dimension",
    "input_type",
    "task",
    "truncate",
    "k",
    "rerank",
    "pairs",
    "\ud800",
    "x" * 90,
)
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("content-type", ("application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "", "multipart/form-data")),
    ("content-length", ("0", "-1", "1e3", "9" * 30, "5", "x")),
    ("content-encoding", ("gzip", "identity", "", "br")),
    ("host", ("localhost:8000", "[::1]", "evil.example", "", "127.0.0.1:", ":")),
    ("authorization", ("", "Bearer", f"Bearer {KEY}", "Basic abc", "Bearer " + "x" * 900)),
    ("origin", (PAGE, "null", "https://other.example", "")),
    ("access-control-request-method", ("POST", "", "TRACE")),
    ("access-control-request-headers", ("content-type", "x" * 500)),
    ("accept", ("text/html", "*/*", "")),
    ("x-large", ("x" * 20_000,)),
)
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH", "QUERY")


@dataclass
class Sent:
    """A request."""

    method: str
    path: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def one_of(choices: Any, draw: np.random.Generator) -> Any:
    return choices[int(draw.integers(len(choices)))]


def drawn_request(draw: np.random.Generator) -> Sent:
    """A valid request with some random changes."""
    path = one_of(list(VALID), draw)
    body = json.loads(json.dumps(VALID[path]))
    kind = int(draw.integers(6))
    sent = Sent("POST", path, headers={"content-type": "application/json", "authorization": f"Bearer {KEY}"})
    if kind in (1, 2):
        for _ in range(int(draw.integers(1, 4))):
            body = with_odd_value(body, draw)
    if kind in (2, 3):
        body = with_odd_texts(body, draw)
    sent.content = json.dumps(body).encode()
    if kind == 4:
        sent.content = changed(sent.content, draw)
    if kind == 5:
        for _ in range(int(draw.integers(1, 3))):
            name, values = one_of(HEADERS, draw)
            sent.headers[name] = one_of(values, draw)
        if draw.random() < 0.5:
            sent.method, sent.path = one_of(METHODS, draw), one_of(PATHS, draw)
    return sent


def with_odd_value(body: Any, draw: np.random.Generator) -> Any:
    """The body with another value for one of its fields, another field, or one field less."""
    name = one_of([*body, *FIELDS], draw) if isinstance(body, dict) and body else "input"
    if draw.random() < 0.1:
        return one_of(VALUES, draw)
    found = dict(body) if isinstance(body, dict) else {}
    if draw.random() < 0.2:
        found.pop(name, None)
    else:
        found[name] = one_of(VALUES, draw)
    return found


def with_odd_texts(value: Any, draw: np.random.Generator) -> Any:
    """The same with odd texts in some places."""
    if isinstance(value, str):
        return one_of(TEXTS, draw) if draw.random() < 0.5 else value
    if isinstance(value, list):
        return [with_odd_texts(item, draw) for item in value]
    if isinstance(value, dict):
        return {name: with_odd_texts(item, draw) for name, item in value.items()}
    return value


def wrong_with(answer: httpx.Response, sent: Sent) -> str:
    """The fault of a response; empty if it has none."""
    if answer.status_code not in STATUSES:
        return f"status {answer.status_code}"
    if answer.headers.get("x-content-type-options") != "nosniff":
        return "a header of every response is missing"
    if answer.status_code == 200 or sent.method == "HEAD" or answer.headers["content-type"].startswith("text/html"):
        return "" if "Traceback" not in answer.text else "a traceback"
    error = answer.json().get("error", {})
    return "" if {"code", "message", "remedy"} <= set(error) else "a refusal in another shape"


async def send_all(app: FastAPI, requests: list[Sent], wrong: list[str]) -> Counter[int]:
    """Send the requests one after the other: the number of each status."""
    found: Counter[int] = Counter()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for sent in requests:
            start = time.monotonic()
            answer = await client.request(sent.method, sent.path, content=sent.content, headers=sent.headers)
            fault = "too slow" if time.monotonic() - start > LIMIT else wrong_with(answer, sent)
            if fault:
                wrong.append(f"{fault}: {sent.method} {sent.path[:80]} {sent.headers} {sent.content[:500]!r}")
            found[answer.status_code] += 1
        vectors = await client.post(
            "/v1/embeddings", json={"input": CORPUS}, headers={"authorization": f"Bearer {KEY}"}
        )
        rows = [row["embedding"] for row in vectors.json()["data"]]
        if not np.allclose(rows, app.state.expected, atol=1e-6):
            wrong.append("other vectors after all requests")
    if (app.state.metrics.in_flight, app.state.metrics.queued) != (0, 0):
        wrong.append("a place in the queue was lost")
    return found


def service(encoder: TrainedEncoder, **access: Any) -> FastAPI:
    """The application over an encoder and an index. It does not wait for other requests to join a call."""
    app = create_app(encoder, Index.build(encoder, CORPUS), Limits(gather_seconds=0.0), name="tiny", **access)
    app.state.expected = encoder.encode(CORPUS)
    return app


def fuzz(count: int, seed: int) -> dict[str, object]:
    """Send so many requests, half of them to a service with a key: the counts, and what was wrong."""
    draw, wrong, found = np.random.default_rng(seed), list[str](), Counter[int]()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoders = [load(tiny.saved_encoder(Path(folder) / empty, empty=empty)) for empty in ("error", "unk")]
        services = (service(encoders[0], api_key=KEY, origins=[PAGE]), service(encoders[1]))
        for app, own in zip(services, (count // 2, count - count // 2), strict=True):
            found += asyncio.run(send_all(app, [drawn_request(draw) for _ in range(own)], wrong))
    refused = sum(number for status, number in found.items() if status != 200)
    return {"tried": count, "refused": refused, "wrong": wrong, "seconds": round(time.monotonic() - start, 1)}


def main() -> None:
    """Send so many requests, and print the counts."""
    torch.set_num_threads(1)
    count, *seed = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(fuzz(count, seed[0] if seed else 0)) + "\n")


if __name__ == "__main__":
    main()
