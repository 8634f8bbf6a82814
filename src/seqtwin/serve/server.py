"""The service on a socket: opened when the model is loaded, closed when what was asked is answered."""

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from seqtwin.errors import ConfigError, InUseError, missing_extra
from seqtwin.serve.limits import Limits

Announce = Callable[[str], None]


def needs_serve() -> None:
    """Nothing, where the extra `serve` is installed. Raises: MissingExtraError."""
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise missing_extra(str(error.name), "serve") from error


def serve(
    folder: Path,
    host: str,
    port: int,
    announce: Announce,
    *,
    encoder: Path | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve an encoder, or an index with its encoder, until SIGTERM or SIGINT; `announce` gets the address once ready.

    `encoder`: where the encoder of an index lies, when it has moved. Port 0 takes a free one. On a loopback address
    the service answers to loopback names alone.

    Raises: MissingExtraError, ConfigError or DamagedError before the port opens; InUseError where it is taken.
    """
    needs_serve()
    from seqtwin.serve.app import app_of
    from seqtwin.serve.guard import LOOPBACK
    from seqtwin.serve.open_folder import opened

    limits = limits or Limits()
    served = opened(folder, encoder)
    hosts = LOOPBACK | {host.lower()} if is_loopback(host) else None
    app = app_of(served, limits, hosts)
    with listening(host, port) as listener:
        _run(app, listener, limits, announce)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("::1")
    (True, True, False, True)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to an address. Raises: ConfigError for an address that is none, InUseError for a taken port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sends at once (TCP_NODELAY) only where the protocol is named; else each answer waits 40 ms
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConfigError("SERVE_ADDRESS", f"no address of this machine: {error}", place=f"{host}:{port}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(1024)
        except OSError as error:
            remedy = "choose another with --port, or 0 for a free one"
            raise InUseError("SERVE_PORT", f"cannot listen: {error}", place=f"{host}:{port}", remedy=remedy) from error
        yield listener


def address_of(listener: socket.socket) -> str:
    """The address a browser takes."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _run(app: Any, listener: socket.socket, limits: Limits, announce: Announce) -> None:
    import uvicorn

    from seqtwin.serve.http_protocol import protocol

    config = uvicorn.Config(
        app,
        http=protocol(limits.header_seconds, limits.body_seconds),
        ws="none",
        loop="asyncio",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=limits.farewell_seconds,
        h11_max_incomplete_event_size=limits.headers,
    )

    class Server(uvicorn.Server):
        """Says when it is ready, and ends with 0 on a signal once what was asked is answered."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce(address_of(listener))

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGTERM, signal.SIGINT)}
            try:
                yield
            finally:
                for sign, handler in before.items():
                    signal.signal(sign, handler)

        def handle_exit(self, sig: int, frame: Any) -> None:
            app.state.measures.ready = False
            super().handle_exit(sig, frame)

    Server(config).run(sockets=[listener])
