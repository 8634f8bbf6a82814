"""The option --dask."""

from typing import Annotated

import typer

Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="work on a Dask cluster: N new worker processes (local:N), or a scheduler; a path can then be a folder or "
        "a pattern such as 'parts/*.csv'",
        metavar="ADDRESS|local:N",
    ),
]
