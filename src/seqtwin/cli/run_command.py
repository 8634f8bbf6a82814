"""Runs the command line: every error of the input or of the machine becomes one message and an exit code."""

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, get_type_hints

import typer

from seqtwin.cli import console
from seqtwin.errors import ConfigError, ResourceError, SeqTwinError
from seqtwin.spreadsheets import raw_cells

OUTPUT = "output"
# what a full or broken machine reports; any other error of the system is about a path that the user gave
_RESOURCES = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}


def run_command(app: Callable[[], object]) -> None:
    """Run a command. A SeqTwinError is printed as one message and sets the exit code.

    Raises: SystemExit, unless the command ends without an error.
    """
    as_json = "--json" in sys.argv
    _print_any_text()
    try:
        _run(app)
    except SeqTwinError as error:
        if as_json and error.place != OUTPUT:  # output that cannot be written has no place for JSON
            console.print_json({"error": error.as_dict()})
        else:
            console.print_notice(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        console.print_notice("interrupted; finished results are kept (encode and score continue with --resume)")
        raise SystemExit(130) from None
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(0) from None


def with_raw(command: Callable[..., None]) -> Callable[..., None]:
    """A command that writes a CSV file, with the option --raw."""
    option = typer.Option(
        "--raw", help="write cells that begin with =, +, - or @ unchanged: for programs, not for spreadsheets"
    )
    own = signature(command)

    @wraps(command)
    def run(*, raw: bool = False, **values: object) -> None:
        with raw_cells(raw):
            command(**values)

    added = Parameter("raw", Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option])
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), added])  # type: ignore[attr-defined]
    run.__annotations__ = {**get_type_hints(command, include_extras=True), "raw": added.annotation}
    return run


def _run(app: Callable[[], object]) -> None:
    """Run a command and write what it printed. Raises: SeqTwinError for errors of the machine."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _of_system(error) from error
    except MemoryError as error:
        raise _out_of_memory() from error
    except RuntimeError as error:
        # PyTorch has no class of its own for it on a CPU
        if "can't allocate memory" in str(error) or "out of memory" in str(error):
            raise _out_of_memory() from error
        raise


def _of_system(error: OSError) -> SeqTwinError:
    """An error of the operating system that no reader or writer expected."""
    cause, place = f"{error.strerror or error}", os.fspath(error.filename) if error.filename else OUTPUT
    shown = place if isinstance(place, str) and len(place) < 300 else f"{str(place)[:80]}..."
    if error.errno in _RESOURCES:
        if error.filename is None:
            _drop_output()
        remedy = "free some space, or choose a place that you can write to"
        return ResourceError("STORAGE", f"cannot be written: {cause}", place=shown, remedy=remedy)
    return ConfigError("PATH_UNUSABLE", f"cannot be used: {cause}", place=shown)


def _out_of_memory() -> ResourceError:
    remedy = "use smaller widths, a smaller batch or fewer rows, or a machine with more memory"
    return ResourceError("OUT_OF_MEMORY", "there is not enough memory for this", remedy=remedy)


def _print_any_text() -> None:
    """Print what the encoding of the terminal lacks as an escape, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Discard what is left to write: the interpreter would try again at its end, and print a second error."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a descriptor, as in tests
        return
