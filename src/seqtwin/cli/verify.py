"""The command that looks for damage: verify."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json


def verify(
    folder: Annotated[Path, typer.Argument(help="an encoder, a run, a study cell, a study or an index")],
    as_json: Json = False,
) -> None:
    """Hash every file of a folder again and list what is damaged; exit code 3 where something is.

    seqtwin verify runs/small
    """
    from seqtwin.errors import DamagedError
    from seqtwin.verify import verify_folder

    found = verify_folder(folder)
    listed = [{"place": str(one.place), "wrong": one.wrong} for one in found.damage]
    if as_json:
        console.say_json({"folder": str(folder), "kind": found.kind, "files": found.files, "damage": listed})
    else:
        console.say(f"{folder}: {found.kind}, {found.files} files, {len(listed) or 'none'} damaged")
        for one in found.damage:
            console.say(f"  {one.place}: {one.wrong}")
    if listed:
        raise typer.Exit(DamagedError.exit_code)
