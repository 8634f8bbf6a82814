"""The command verify: check saved files for damage."""

from pathlib import Path
from typing import Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json


def verify(
    folder: Annotated[
        Path, typer.Argument(help="folder of an encoder, run, study cell, study or index", metavar="FOLDER")
    ],
    as_json: Json = False,
) -> None:
    """Recheck the hash of every file in a folder and list damaged files. Exits with code 3 if any are found.

    seqtwin verify runs/small
    """
    from seqtwin.errors import DamagedError
    from seqtwin.verify import verify_folder

    checked = verify_folder(folder)
    damage = [{"place": str(file.place), "wrong": file.wrong} for file in checked.damage]
    unsealed = [str(path) for path in checked.unsealed]
    if as_json:
        facts = {"folder": str(folder), "kind": checked.kind, "files": checked.files}
        console.print_json({**facts, "damage": damage, "unsealed": unsealed})
    else:
        console.print_line(f"{folder}: {checked.kind}, {checked.files} files, {len(damage) or 'none'} damaged")
        for file in damage:
            console.print_line(f"  {file['place']}: {file['wrong']}")
        for path in unsealed:
            console.print_line(f"  {path}: not sealed, written by an older version")
    if damage:
        raise typer.Exit(DamagedError.exit_code)
