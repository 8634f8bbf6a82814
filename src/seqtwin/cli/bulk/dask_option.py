"""The option --dask."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.errors import ConfigError


def reached(address: str | None) -> str | None:
    """The address of a cluster, once its scheduler has answered: before an encoder or data are read for nothing.

    Raises: ConfigError, MissingExtraError.
    """
    from seqtwin.cluster.client import connect_early

    with connect_early(address):
        return address


Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="work on a Dask cluster: N new worker processes (local:N), or a scheduler (its address or file)",
        metavar="ADDRESS|local:N",
        callback=reached,
    ),
]


def refuse_folder(path: Path, dask: str | None) -> None:
    """Raises: ConfigError for a folder of files without --dask."""
    if dask is None and path.is_dir():
        remedy = "name one file, or add --dask local:2 for all files of the folder"
        raise ConfigError("CORPUS_FOLDER", "a folder; without --dask one file is read", place=str(path), remedy=remedy)
