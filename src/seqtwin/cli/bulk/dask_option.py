"""The option --dask."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.errors import ConfigError

Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="work on a Dask cluster: N new worker processes (local:N), or a scheduler; a path can then be a folder or "
        "a pattern such as 'parts/*.csv'",
        metavar="ADDRESS|local:N",
    ),
]


def refuse_folder(path: Path, dask: str | None) -> None:
    """Raises: ConfigError for a folder of files without --dask."""
    if dask is None and path.is_dir():
        remedy = "name one file, or add --dask local:2 for all files of the folder"
        raise ConfigError("CORPUS_FOLDER", "a folder; without --dask one file is read", place=str(path), remedy=remedy)
