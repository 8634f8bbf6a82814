"""The service under load: a full queue, an index that is replaced, signals, clients that leave, poison, leaks."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from served_client import CORPUS, post, tiny_app, tiny_encoder
from served_process import connected, limited, raw, served

import tiny
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.serve.limits import Limits
from seqtwin.serve.server import serve

LINUX = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="reads memory and descriptors as Linux shows them"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(str(folder)) as (_, found):
        yield found


def metrics(address: str) -> dict[str, float]:
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def texts_of(client: int, turn: int) -> list[str]:
    """Texts that no other request has, few or many."""
    draw = np.random.default_rng([client, turn])
    return ["".join(draw.choice(list("abcdef"), size=n)) for n in draw.integers(1, 60, 1 + 40 * (turn % 2))]


def distinct(count: int, length: int) -> list[str]:
    """Texts that keep the model busy: equal ones would be encoded once."""
    return [("abcdef" * length)[number % 6 : length] + "abcdef"[number % 5] * number for number in range(count)]


def test_v4_a_full_queue_refuses_with_retry_after_and_the_others_get_their_own_vectors(folder: Path) -> None:
    def ask(client: int) -> list[tuple[list[str], httpx.Response]]:
        asked = [texts_of(client, turn) for turn in range(4)]
        with httpx.Client(base_url=address, timeout=60) as own:
            return [(texts, own.post("/v1/embeddings", json={"input": texts})) for texts in asked]

    with served(str(folder), start=limited(in_flight=2, queued=3)) as (_, address):
        with ThreadPoolExecutor(16) as pool:
            answers = [answer for found in pool.map(ask, range(16)) for answer in found]
        assert metrics(address)["seqtwin_queue_length"] == 0
    encoder, statuses = load(folder), [answer.status_code for _, answer in answers]
    assert set(statuses) == {200, 503}
    for texts, answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["error"]["code"] == "BUSY"
        else:
            vectors = [row["embedding"] for row in answer.json()["data"]]
            np.testing.assert_allclose(vectors, encoder.encode(texts), rtol=0, atol=1e-6)


def test_v6_an_index_is_replaced_twenty_times_under_load_without_an_error(folder: Path, tmp_path: Path) -> None:
    index = Index.build(load(folder), CORPUS)
    index.save(tmp_path / "index", encoder_at=folder)
    sizes = {"gen-000001": len(CORPUS)}
    done = False

    def ask(_: int) -> list[dict[str, Any]]:
        found = []
        with httpx.Client(base_url=address, timeout=60) as client:
            for _ in range(2000):
                if done:
                    break
                answer = client.post("/search", json={"queries": ["bed", "fad"], "k": 100})
                assert answer.status_code == 200, answer.text
                found.append(answer.json())
        return found

    with served(str(tmp_path / "index")) as (_, address), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, number) for number in range(4)]
        try:
            for turn in range(20):
                index.add([f"new {turn}"])
                sizes[index.save(tmp_path / "index")] = len(index)
                time.sleep(0.02)
        finally:
            done = True
        answers = [one.result(timeout=60) for one in asked]
        last = httpx.post(f"{address}/search", json={"queries": "bed"}).json()
    assert last["index"]["generation"] == "gen-000021"
    for own in answers:
        generations = [answer["index"]["generation"] for answer in own]
        assert generations == sorted(generations)
        for answer in own:  # never items of two generations
            assert {len(hits) for hits in answer["results"]} == {sizes[answer["index"]["generation"]]}


def test_v7_sigterm_with_a_queue_answers_every_request_and_exits_with_0(folder: Path) -> None:
    body = {"input": distinct(100, 300)}
    with served(str(folder), start=limited(in_flight=1)) as (process, address), ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(httpx.post, f"{address}/v1/embeddings", json=body, timeout=60) for _ in range(12)]
        deadline = time.monotonic() + 30
        while metrics(address)["seqtwin_queue_length"] < 6:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        statuses = [one.result(timeout=60).status_code for one in asked]
        assert set(statuses) <= {200, 503}  # 503 where the farewell of a slow machine ends first
        assert statuses.count(200) >= 2
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_v7_what_the_farewell_cannot_finish_gets_a_response(folder: Path) -> None:
    body = {"input": distinct(240, 4000)}
    program = limited(in_flight=1, farewell_seconds=1)
    with served(str(folder), start=program) as (process, address), ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(httpx.post, f"{address}/v1/embeddings", json=body, timeout=60) for _ in range(8)]
        deadline = time.monotonic() + 30
        while metrics(address)["seqtwin_queue_length"] < 6:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        answers = [one.result(timeout=60) for one in asked]
        ended = [answer for answer in answers if answer.status_code == 503]
        assert ended
        assert {answer.status_code for answer in answers} <= {200, 503}
        for answer in ended:
            assert (answer.json()["error"]["code"], answer.headers["retry-after"]) == ("ENDING", "1")
        assert process.wait(timeout=60) == 0


ODD_PATHS = [
    "/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%252e%252e/secret",
    "//secret.example/x",
    "/healthz%0d%0aX-Secret:%20secret",
    "/healthz/../secret",
    "/v1/embeddings%00secret",
    "/\\secret",
    "http://secret.example/healthz/x",
]


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "TRACE", "DELETE"])
def test_v9_an_odd_path_is_4xx_and_never_echoed(address: str, method: str, path: str) -> None:
    answer = raw(address, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4"), head
    assert b"secret" not in answer.lower()
    assert set(json.loads(body)["error"]) >= {"code", "message", "remedy"}


@pytest.mark.parametrize(("poison", "status"), [("\ud800", 400), ("x" * 100_001, 413)])
def test_v11_one_poisonous_text_of_256_refuses_its_request_alone_and_is_named(
    tmp_path: Path, poison: str, status: int
) -> None:
    app = tiny_app(tiny_encoder(tmp_path))
    texts = ["abc"] * 256
    texts[77] = poison
    answer = post(app, "/v1/embeddings", content=json.dumps({"input": texts}).encode())
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith("text 77 ")
    assert post(app, "/v1/embeddings", {"input": ["abc"] * 256}).status_code == 200


def soak(address: str, rounds: int) -> None:
    """Requests that succeed, fail, and leave before their answer."""
    large = json.dumps({"input": ["abcdef" * 20] * 50}).encode()
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(large)}\r\n\r\n".encode()
    with httpx.Client(base_url=address, timeout=60) as client:
        for turn in range(rounds):
            assert client.post("/v1/embeddings", json={"input": texts_of(0, turn)}).status_code == 200
            assert client.post("/similarity", content=b"{").status_code in {400, 415}
            leaving = connected(address)
            leaving.sendall(b"POST /v1/embeddings HTTP/1.1\r\n" + head + (large if turn % 2 else large[:99]))
            leaving.close()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid: int) -> float:
    """Resident memory in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@LINUX
@pytest.mark.parametrize(
    ("warm", "rounds", "most"), [(40, 60, 20), pytest.param(1500, 3000, 6, marks=pytest.mark.long)]
)
def test_v5_v12_clients_that_come_and_leave_cost_no_descriptor_and_no_memory(
    folder: Path, warm: int, rounds: int, most: int
) -> None:
    """The heap grows to its size while the service is warm; from then on it must stay."""
    with served(str(folder)) as (process, address):
        soak(address, warm)
        before = descriptors(process.pid), memory(process.pid)
        soak(address, rounds)
        deadline = time.monotonic() + 30
        while descriptors(process.pid) > before[0] or metrics(address)["seqtwin_in_flight"]:
            assert time.monotonic() < deadline, "a descriptor or a place is not given back"
            time.sleep(0.1)
        assert memory(process.pid) - before[1] < most


@LINUX
def test_v1_a_body_of_a_gigabyte_is_cut_off_at_the_limit_and_costs_no_memory(folder: Path) -> None:
    with served(str(folder)) as (process, address):
        before = memory(process.pid)
        for how in (b"Transfer-Encoding: chunked", b"Content-Length: 1073741824"):
            connection = connected(address)
            connection.sendall(
                b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + how
                + b"\r\n\r\n"
            )
            sent = send_until_refused(connection, how.startswith(b"Transfer"), most=1 << 30)
            assert sent < 16 << 20  # the limit, and what the buffers of the system take
        packed = httpx.post(
            f"{address}/similarity",
            content=b"\x1f\x8b",
            headers={"content-type": "application/json", "content-encoding": "gzip"},
        )
        assert packed.status_code == 415
        assert memory(process.pid) - before < 20


def send_until_refused(connection: socket.socket, chunked: bool, most: int) -> int:
    part = b" " * 65536
    data = b"10000\r\n" + part + b"\r\n" if chunked else part
    sent = 0
    with connection:
        try:
            while sent < most:
                connection.sendall(data)
                sent += len(part)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
    return sent


def test_v2_a_crowd_is_accepted_in_small_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn

    seen: list[int] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: seen.append(server.config.backlog))
    serve(folder, "127.0.0.1", 0, print)
    assert seen == [Limits().accepted]  # asyncio accepts so many in one turn of its loop


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process by a signal")
def test_v2_a_crowd_waits_in_the_system_until_it_is_accepted(folder: Path) -> None:
    with served(str(folder)) as (process, address):
        process.send_signal(signal.SIGSTOP)
        try:
            host, port = address.removeprefix("http://").split(":")
            crowd = [socket.create_connection((host, int(port)), timeout=5) for _ in range(100)]
        finally:
            process.send_signal(signal.SIGCONT)
        for connection in crowd:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for connection in crowd:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
            connection.close()
