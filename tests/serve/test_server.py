"""The service as a process of its own: many clients at once, hostile clients, signals, models that are not right."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
from served_client import CORPUS
from served_process import IMPATIENT, command, connected, served, until_closed

import tiny
from seqtwin.errors import MissingExtraError, SeqTwinError
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.serve.server import serve

CLIENTS = 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(str(folder)) as (_, found):
        yield found


def test_many_clients_at_once_get_their_own_vectors(address: str, folder: Path) -> None:
    draw = np.random.default_rng(0)
    texts = [["".join(draw.choice(list("abcdef"), size=n)) for n in draw.integers(1, 40, 5)] for _ in range(CLIENTS)]

    async def ask(client: httpx.AsyncClient, own: list[str], turn: int) -> np.ndarray:
        kind = "base64" if turn % 2 else "float"
        answer = await client.post("/v1/embeddings", json={"input": own, "encoding_format": kind})
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        if kind == "float":
            return np.array([one["embedding"] for one in data], dtype=np.float32)
        import base64

        return np.stack([np.frombuffer(base64.b64decode(one["embedding"]), dtype="<f4") for one in data])

    async def one_client(own: list[str]) -> list[np.ndarray]:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            return [await ask(client, own, turn) for turn in range(4)]

    async def act() -> list[list[np.ndarray]]:
        return list(await asyncio.gather(*(one_client(own) for own in texts)))

    found = asyncio.run(act())
    encoder = load(folder)
    for own, answers in zip(texts, found, strict=True):
        for vectors in answers:
            np.testing.assert_allclose(vectors, encoder.encode(own), atol=1e-6, rtol=0)
    metrics = httpx.get(f"{address}/metrics").text
    calls = int(re.search(r"seqtwin_batch_size_count (\d+)", metrics)[1])  # type: ignore[index]
    assert calls < 4 * CLIENTS  # requests shared calls of the model


def test_answers_are_sent_at_once() -> None:
    """asyncio sets TCP_NODELAY on sockets that name their protocol; without it each answer waits for the client."""
    from seqtwin.serve.server import listening

    with listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_chunked_body_without_end_is_cut_off(address: str) -> None:
    connection = connected(address)
    connection.sendall(
        b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0
    try:
        while sent < 200:
            connection.sendall(chunk)
            sent += 1
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass
    assert sent < 200  # 1 MiB and what lies in the buffers of the system, far from 12 MiB
    connection.close()
    assert httpx.get(f"{address}/readyz").status_code == 200


def test_a_body_that_says_it_is_too_large_is_answered_and_closed(address: str) -> None:
    connection = connected(address)
    connection.sendall(
        b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1073741824\r\n\r\n"
    )
    answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":"BODY_SIZE"' in answer


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 65536 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Secret: abc\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_is_4xx_and_never_echoed(address: str, raw: bytes) -> None:
    connection = connected(address)
    connection.sendall(raw)
    connection.shutdown(socket.SHUT_WR)
    answer = until_closed(connection)
    assert re.match(rb"HTTP/1\.1 4\d\d", answer) or answer == b"", answer[:200]
    assert b"abc" not in answer
    assert b"xxx" not in answer
    assert httpx.get(f"{address}/readyz").status_code == 200


def test_clients_that_leave_keep_no_place(address: str) -> None:
    body = json.dumps({"input": ["abcdef" * 50] * 50}).encode()
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(100):
        connection = connected(address)
        connection.sendall(f"POST /v1/embeddings HTTP/1.1\r\n{head}".encode() + body)
        connection.close()
    assert httpx.post(f"{address}/similarity", json={"pairs": [["a", "b"]]}, timeout=60).status_code == 200
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        metrics = httpx.get(f"{address}/metrics").text.splitlines()
        if "seqtwin_in_flight 0" in metrics and "seqtwin_queue_length 0" in metrics:
            return
        time.sleep(0.05)
    raise AssertionError("a place was never given back")


SLOW = [
    b"",  # a connection that says nothing
    b"GET /healthz HTTP/1.1\r\nHost: local",  # headers without an end
    b"POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
]


@pytest.mark.long
def test_slow_clients_are_closed_and_stop_nobody(folder: Path) -> None:
    with served(str(folder), start=IMPATIENT) as (_, address):
        connections = [connected(address) for _ in range(20) for _ in SLOW]
        for number, connection in enumerate(connections):
            connection.sendall(SLOW[number % len(SLOW)])
        assert httpx.post(f"{address}/similarity", json={"pairs": [["a", "b"]]}).status_code == 200
        with ThreadPoolExecutor(len(connections)) as pool:
            answers = list(pool.map(until_closed, connections))  # a socket that nobody closes times out, an error
        assert {answer[:12] for answer in answers} == {b"", b"HTTP/1.1 408"}


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts the sockets of a process as Linux shows them")
def test_a_client_that_does_not_read_is_dropped(folder: Path) -> None:
    body = json.dumps({"input": "a", "model": "x" * 1_000_000}).encode()  # the answer names the model: a large one
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with served(str(folder), start=IMPATIENT) as (process, address):
        host, port = address.removeprefix("http://").split(":")
        connections, idle = [], _open_sockets(process.pid)
        for _ in range(2):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((host, int(port)))
            connection.settimeout(2)
            with suppress(OSError):  # more than the system buffers: from some answer on, nothing moves
                connection.sendall((f"POST /v1/embeddings HTTP/1.1\r\n{head}".encode() + body) * 8)
            connections.append(connection)
        deadline = time.monotonic() + 30
        while _open_sockets(process.pid) > idle:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for connection in connections:
            connection.close()


def _open_sockets(pid: int) -> int:
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += os.readlink(entry).startswith("socket:")
        except OSError:  # closed meanwhile
            continue
    return found


def test_sigterm_finishes_what_was_begun_and_exits_with_0(folder: Path) -> None:
    with served(str(folder)) as (process, address):
        # its body arrives in two parts, so that it is surely in flight when the signal comes
        connection = connected(address)
        body = json.dumps({"pairs": [["abc", "abd"]]}).encode()
        head = "POST /similarity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        while "seqtwin_ready 1" not in httpx.get(f"{address}/metrics").text:
            pass
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                connected(address).close()
            except OSError:
                break  # nobody new is let in
            time.sleep(0.02)
        connection.sendall(body[5:])
        answer = until_closed(connection)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert b'"scores":[' in answer
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_index_is_searched_and_replaced_while_it_serves(folder: Path, tmp_path: Path) -> None:
    encoder = load(folder)
    index = Index.build(encoder, CORPUS)
    index.save(tmp_path / "index", encoder_at=folder)
    with served(str(tmp_path / "index")) as (_, address):
        asked = {"queries": "bed", "k": 1}
        first = httpx.post(f"{address}/search", json=asked).json()
        assert first["index"] == {"size": 8, "kind": "exact", "generation": "gen-000001"}
        index.add(["bed"], ids=["new"])
        index.save(tmp_path / "index")
        second = httpx.post(f"{address}/search", json=asked).json()
        assert second["index"] == {"size": 9, "kind": "exact", "generation": "gen-000002"}
        assert second["results"][0][0]["id"] == "new"
        # a generation that cannot be read is no reason to stop
        (tmp_path / "index" / "CURRENT").write_text("gen-000009 " + "0" * 64 + "\n", encoding="ascii")
        assert httpx.post(f"{address}/search", json=asked).json() == second


@pytest.mark.parametrize(
    ("harm", "code", "said"),
    [
        (lambda folder: (folder / "encoder.json").unlink(), 3, ""),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), 3, "ENCODER_DAMAGED"),
        (lambda folder: [path.unlink() for path in folder.iterdir()], 2, "NO_ENCODER"),
    ],
)
def test_a_model_that_is_not_right_fails_before_the_port_opens(tmp_path: Path, harm, code: int, said: str) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    harm(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:  # were the port tried first, that would be the error
        port = taken.getsockname()[1]
        with pytest.raises(SeqTwinError) as caught:
            serve(folder, "127.0.0.1", port, print)
    assert caught.value.exit_code == code
    assert said in str(caught.value)


def test_a_taken_port_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = subprocess.run(command(str(folder), "--port", port), capture_output=True, text=True, check=False)
    assert run.returncode == 4
    assert "SERVE_PORT" in run.stderr
    assert "Traceback" not in run.stderr
    with pytest.raises(SeqTwinError) as caught:
        serve(folder, "no.such.host.", 0, print, api_key="k" * 16)
    assert (caught.value.code, caught.value.exit_code) == ("SERVE_ADDRESS", 2)


def test_a_missing_extra_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"this needs uvicorn") as caught:
        serve(folder, "127.0.0.1", 0, print)
    assert (caught.value.code, caught.value.exit_code) == ("MISSING_EXTRA", 2)
    assert caught.value.remedy == "pip install 'seqtwin[serve]'"


def test_the_help_ends_in_an_example() -> None:
    import typer
    from typer.testing import CliRunner

    from seqtwin.cli.serve import serve

    app = typer.Typer()
    app.command()(serve)
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert "seqtwin serve runs/small/encoder --port 8000" in shown.stdout
