"""The service on a socket. It opens once the model is loaded, and closes once all requests are answered."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from seqtwin.errors import ConfigError, InUseError, missing_extra
from seqtwin.serve.limits import Limits

if TYPE_CHECKING:
    from fastapi import FastAPI

Announce = Callable[[str], None]
WAITING = 1024  # connections that wait in the system to be accepted


def needs_serve() -> None:
    """Check that the extra `serve` is installed. Raises: MissingExtraError."""
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
    api_key: str | None = None,
    insecure: bool = False,
    origins: Sequence[str] = (),
) -> None:
    """Serve an encoder, or an index with its encoder, until SIGTERM or SIGINT.

    `port`: 0 chooses a free one. `announce`: gets the address once the service is ready. `encoder`: the folder of the
    encoder of an index, if it has moved. On a loopback address, the service accepts only loopback names. `api_key`:
    requests must have it as `Authorization: Bearer KEY`. On any other address it is required, unless `insecure`.
    `origins`: the sites whose web pages may use the service, such as `https://app.example`.

    Raises: MissingExtraError, ConfigError or DamagedError before the port opens; InUseError if the port is taken.
    """
    needs_serve()
    if api_key is None and not insecure and not is_loopback(host):
        cause = "other machines can reach this address, and the service has no API key"
        remedy = "set SEQTWIN_API_KEY or --api-key, or allow anybody to use it with --insecure"
        raise ConfigError("SERVE_INSECURE", cause, place=host, remedy=remedy)
    from seqtwin.serve.access import LOOPBACK, Access
    from seqtwin.serve.app import build_app
    from seqtwin.serve.open_folder import open_folder

    limits = limits or Limits()
    access = Access(LOOPBACK | {host.lower()} if is_loopback(host) else None, api_key, tuple(origins))
    app = build_app(open_folder(folder, encoder), limits, access)
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
    """A socket bound to an address. Raises: ConfigError for an invalid address, InUseError for a port that is taken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sets TCP_NODELAY only if the protocol is given; without it, each response waits 40 ms
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConfigError("SERVE_ADDRESS", f"no address of this machine: {error}", place=f"{host}:{port}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(WAITING)
        except OSError as error:
            remedy = "choose another port with --port, or 0 for a free one"
            raise InUseError("SERVE_PORT", f"cannot listen: {error}", place=f"{host}:{port}", remedy=remedy) from error
        yield listener


def listener_url(listener: socket.socket) -> str:
    """The URL of the service."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _run(app: "FastAPI", listener: socket.socket, limits: Limits, announce: Announce) -> None:
    import uvicorn

    from seqtwin.serve.http_protocol import protocol

    config = uvicorn.Config(
        app,
        http=protocol(limits),
        ws="none",
        loop="asyncio",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=limits.accepted,  # asyncio accepts so many at once
        timeout_keep_alive=5,
        timeout_graceful_shutdown=limits.farewell_seconds,
        h11_max_incomplete_event_size=limits.headers,
    )

    class Server(uvicorn.Server):
        """Announces when it is ready. On a signal, it answers all requests and exits with status 0."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            listener.listen(WAITING)  # the queue of the system is long again
            announce(listener_url(listener))

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGTERM, signal.SIGINT)}
            try:
                yield
            finally:
                for sign, handler in before.items():
                    signal.signal(sign, handler)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # shortly before uvicorn cuts them off, what is left gets a response
            refuse = asyncio.get_running_loop().call_later(0.8 * limits.farewell_seconds, app.state.queue.end)
            await super().shutdown(sockets)
            refuse.cancel()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state.metrics.ready = False
            super().handle_exit(sig, frame)

    Server(config).run(sockets=[listener])
