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
    repair: Annotated[
        bool, typer.Option("--repair", help="move damaged parts of a study into .damaged/ beside them")
    ] = False,
    as_json: Json = False,
) -> None:
    """Recheck the hash of every file in a folder and list damaged files. Exits with code 3 if any are found.

    seqtwin verify runs/small
    """
    from seqtwin import verify as verifying
    from seqtwin.errors import DamagedError

    checked = verifying.verify_folder(folder)
    moved = verifying.repair(checked) if repair and checked.damage else {}
    damage = [{"place": str(file.place), "wrong": file.wrong} for file in checked.damage]
    unsealed = [str(path) for path in checked.unsealed]
    if as_json:
        facts = {"folder": str(folder), "kind": checked.kind, "files": checked.files}
        places = {str(old): str(new) for old, new in moved.items()}
        added = [str(path) for path in checked.added]
        console.print_json({**facts, "damage": damage, "unsealed": unsealed, "added": added, "moved": places})
    else:
        count = f"{checked.files} file{'s' * (checked.files != 1)}"
        console.print_line(f"{folder}: {checked.kind}, {count}, {len(damage) or 'none'} damaged")
        for file in damage:
            console.print_line(f"  {file['place']}: {file['wrong']}")
        for path in unsealed:
            console.print_line(f"  {path}: not sealed, written by an older version")
        for place in checked.added:
            console.print_line(f"  {place}: does not belong to it, and is not read")
        for old, new in moved.items():
            console.print_line(f"moved {old} to {new}")
        if moved:
            console.print_line("next: the same seqtwin compare, which makes again what was moved")
    if verifying.verify_folder(folder).damage if moved else damage:
        raise typer.Exit(DamagedError.exit_code)
