"""The command that puts an encoder or an index behind HTTP: serve."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console


def serve(
    folder: Annotated[Path, typer.Argument(help="an encoder, a run, or an index", metavar="ENCODER|INDEX")],
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for the network")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one")] = 8000,
) -> None:
    """Answer over HTTP: vectors as OpenAI's clients ask for them, scores, neighbours, reasons, and a page to try.

    seqtwin serve runs/small/encoder --port 8000
    """
    from seqtwin.serve.server import is_loopback
    from seqtwin.serve.server import serve as run

    def announce(address: str) -> None:
        console.say(f"serving {folder} at {address} (the page; /v1/embeddings, /similarity, /metrics)")
        sys.stdout.flush()  # who waits for the address may read a pipe

    if not is_loopback(host):
        console.complain(f"warning: {host} can be reached by other machines, and the service asks nobody who they are")
    run(folder, host, port, announce)
