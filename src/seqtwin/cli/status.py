"""The command status: the progress of running or interrupted work."""

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
    found = find_status(work)
    _show(found, page, as_json=as_json, again=False)
    while watch and found.outcome == "running":
        time.sleep(SECONDS)
        found = find_status(work)
        _show(found, page, as_json=False, again=True)


def _is_inside(page: Path, work: Path) -> bool:
    return work.is_dir() and page.resolve().is_relative_to(work.resolve())


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
