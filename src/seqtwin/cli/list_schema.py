"""The commands list and schema: the names and keys that a config can use."""

from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json


def list_parts(
    family: Annotated[
        str | None,
        typer.Argument(help="show only one kind: representations, losses, refusals, ...", metavar="FAMILY"),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the parts that you can use in a config, and the diagnoses and refusals that a report can contain.

    A refusal is a note that explains why a claim was withheld.

    seqtwin list losses
    """
    from seqtwin.cli.catalogue import FAMILIES, described
    from seqtwin.lookup import member

    chosen = {family: member(FAMILIES, family, "family")} if family else FAMILIES
    families = {name: described(home) for name, home in chosen.items()}
    if as_json:
        console.print_json(families)
        return
    for name, parts in families.items():
        width = max(map(len, parts))
        console.print_line("\n".join([name, *(f"  {part.ljust(width)}  {text}" for part, text in parts.items())]))


def schema() -> None:
    """Print the JSON Schema for config files, for autocompletion and validation in an editor.

    seqtwin schema > seqtwin.schema.json
    """
    from seqtwin.config import json_schema

    console.print_json(json_schema())
