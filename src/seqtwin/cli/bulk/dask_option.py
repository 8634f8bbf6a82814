"""The option --dask."""

from typing import Annotated

import typer

Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="work on a Dask cluster: local:N starts N worker processes here; or the address or file of a scheduler",
        metavar="ADDRESS|local:N",
    ),
]
