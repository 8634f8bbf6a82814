"""The commands status and verify: the progress of the work on an output, and damage to saved files."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json

if TYPE_CHECKING:
    from seqtwin.progress.work_status import Status

SECONDS = 2.0  # between two looks


def status(
    work: Annotated[Path, typer.Argument(help="output of compare, train, encode or score", metavar="WORK")],
    watch: Annotated[bool, typer.Option("--watch", help="draw it again every 2 seconds until the work ends")] = False,
    page: Annotated[
        Path | None, typer.Option(help="also write an HTML page; it refreshes itself", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the progress of running or interrupted work: done, running, failed, left, and the time left.

    It reads the files that the work writes, from any terminal, and changes nothing. A training has no folder until
    it is finished: name the one it will have.

    seqtwin status runs/first
    """
    from seqtwin.errors import ConfigError
    from seqtwin.progress.find_status import status as find_status

    if watch and as_json:
        raise ConfigError(
            "WATCH_JSON", "a JSON result is printed once", place="--watch", remedy="leave one of them out"
        )
    if page is not None and _is_inside(page, work):
        remedy = "write the page somewhere else"
        raise ConfigError("PAGE_INSIDE", "a page in the folder would be a part of it", place=str(page), remedy=remedy)
    if page is not None and page.exists() and not _is_own(page):
        remedy = "choose another --page, or move it away"
        raise ConfigError("OUT_EXISTS", "exists, and is not a page of this command", place=str(page), remedy=remedy)
    found = find_status(work)
    _show(found, page, as_json=as_json, again=False)
    while watch and found.outcome == "running":
        time.sleep(SECONDS)
        found = find_status(work)
        _show(found, page, as_json=False, again=True)


def _is_inside(page: Path, work: Path) -> bool:
    return work.is_dir() and page.resolve().is_relative_to(work.resolve())


def _is_own(page: Path) -> bool:
    """Whether a file is a page that this command wrote, and may replace."""
    try:
        with page.open("rb") as file:
            return b'content="seqtwin status"' in file.read(2_000)
    except OSError:
        return False


def _show(found: "Status", page: Path | None, *, as_json: bool, again: bool) -> None:
    from seqtwin.progress.status_words import status_lines

    if page is not None:
        _write_page(found, page)
    if as_json:
        console.print_json(found.as_dict())
        return
    if again and sys.stdout.isatty():
        console.clear_screen()
    console.print_line("\n".join([*status_lines(found), *([f"page: {page}"] if page else [])]))


def _write_page(found: "Status", page: Path) -> None:
    from seqtwin.files import publish_text
    from seqtwin.progress.status_page import status_page

    publish_text(page, status_page(found))


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
