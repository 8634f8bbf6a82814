"""Commands that say what a config can hold: list, schema."""

from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json


def list_parts(
    family: Annotated[str | None, typer.Argument(help="representations, losses, probes, refusals, ...")] = None,
    as_json: Json = False,
) -> None:
    """List the parts a config can name, and what a report can refuse and diagnose.

    seqtwin list losses
    """
    from seqtwin.cli.catalogue import FAMILIES, described
    from seqtwin.lookup import member

    chosen = {family: member(FAMILIES, family, "family")} if family else FAMILIES
    found = {name: described(home) for name, home in chosen.items()}
    if as_json:
        console.say_json(found)
        return
    for name, parts in found.items():
        width = max(map(len, parts))
        console.say("\n".join([name, *(f"  {part.ljust(width)}  {text}" for part, text in parts.items())]))


def schema() -> None:
    """Print the JSON schema of a config, for editors.

    seqtwin schema > seqtwin.schema.json
    """
    from seqtwin.config import json_schema

    console.say_json(json_schema())
