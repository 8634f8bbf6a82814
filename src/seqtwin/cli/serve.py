"""The command serve: an HTTP server for an encoder or an index."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console


def serve(
    folder: Annotated[Path, typer.Argument(help="folder of an encoder, a run or an index", metavar="ENCODER|INDEX")],
    host: Annotated[
        str,
        typer.Option(
            help="address to listen on; 0.0.0.0 accepts connections from other machines and needs an API key",
            metavar="ADDRESS",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0 chooses a free one", metavar="PORT")] = 8000,
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="SEQTWIN_API_KEY",
            help="key that requests must send (Authorization: Bearer KEY); the variable hides it from other users",
            metavar="KEY",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="site whose web pages may use the service, such as https://app.example; repeat it for several",
            metavar="ORIGIN",
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="listen for other machines without an API key: anybody can use it")
    ] = False,
) -> None:
    """Serve an encoder or an index over HTTP: OpenAI-style embeddings, scores, search, explanations and a demo page.

    seqtwin serve runs/small/encoder --port 8000
    """
    from seqtwin.serve.server import is_loopback
    from seqtwin.serve.server import serve as run

    def announce(address: str) -> None:
        key = "" if api_key is None else "with the API key: "
        console.print_line(f"serving {folder} at {address} ({key}the page; /docs, /v1/embeddings, /metrics)")
        sys.stdout.flush()  # a program that waits for the address may read a pipe

    if insecure and api_key is None and not is_loopback(host):
        console.print_notice(f"warning: other machines can reach {host}, and the service needs no API key")
    run(folder, host, port, announce, api_key=api_key, insecure=insecure, origins=allow_origin or ())
