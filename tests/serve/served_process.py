"""A service as a process of its own, and raw connections to it. Only loopback addresses are used."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

START = "import sys, typer; from seqtwin.cli.serve import serve; from seqtwin.errors import SeqTwinError\n"
START += "app = typer.Typer(); app.command()(serve)\n"
START += "try: app()\nexcept SeqTwinError as error: sys.stderr.write(str(error)); raise SystemExit(error.exit_code)"
LIMITED = "import sys; from pathlib import Path; from seqtwin.serve.server import serve\n"
LIMITED += "from seqtwin.serve.limits import Limits\n"
LIMITED += "limits = Limits(**dict((k, float(v)) for k, v in (pair.split('=') for pair in '{limits}'.split())))\n"
LIMITED += "serve(Path(sys.argv[1]), '127.0.0.1', 0, lambda line: print(line, flush=True), limits=limits)"


def limited(**limits: float) -> str:
    """The program of a service with other limits."""
    return LIMITED.replace("{limits}", " ".join(f"{name}={value}" for name, value in limits.items()))


IMPATIENT = limited(header_seconds=0.5, body_seconds=1.0, request_seconds=2.0)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", START, *arguments]


@contextmanager
def served(*arguments: str, start: str = START) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service on a free port, and its address."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    given = command(*arguments, "--port", "0") if start == START else [sys.executable, "-c", start, *arguments]
    process = subprocess.Popen(given, **pipes)  # type: ignore[call-overload]
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, (line, process.stderr.read() if process.stderr else "")
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def until_closed(connection: socket.socket) -> bytes:
    found = b""
    with connection:
        try:
            while part := connection.recv(65536):
                found += part
        except ConnectionResetError:
            pass
    return found


def raw(address: str, data: bytes) -> bytes:
    """All bytes that the service answers to these bytes, until it closes."""
    connection = connected(address)
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
    return until_closed(connection)
