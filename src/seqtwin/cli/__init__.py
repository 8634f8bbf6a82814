"""The command line: one function per command, which parses the arguments, calls the library and prints the result.

- `entry`: help in groups, arguments that are checked first, --force, and a sign of life.
- `arguments`: arguments that several commands share, and their checks.
- `console`: printing, tables and progress bars.
- `plain_help`: help without Python types.
- `stopping`: what a command prints when it is stopped.
- `print_reranker`: the output about a re-ranker that was fitted.
- `init_train`: init, train.
- `compare_report_check`: compare, report, check.
- `explain`: explain.
- `predict_probe`: predict, probe.
- `anatomy`: anatomy.
- `encode_score_evaluate`: encode, score, evaluate.
- `why`: why.
- `index_inputs`: the texts, series and queries of index and search.
- `index_search`: index, search.
- `precision_options`: the options and the output of dedupe and link for a stated precision.
- `dedupe_link`: dedupe, link.
- `rerank`: fit-reranker.
- `bulk`: the option --dask of encode, index, dedupe and link.
- `mine`: mine.
- `serve`: serve.
- `export`: export.
- `status_verify`: status, verify.
- `catalogue`: the families of parts that `list` prints.
- `list_schema`: list, schema.
"""

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, NoReturn, get_type_hints

import typer

from seqtwin.cli import console
from seqtwin.cli.anatomy import anatomy
from seqtwin.cli.compare_report_check import check, compare, report
from seqtwin.cli.dedupe_link import dedupe, link
from seqtwin.cli.encode_score_evaluate import encode, evaluate, score
from seqtwin.cli.entry.force import moved_aside, named_inputs, refuse_inputs
from seqtwin.cli.entry.groups import GroupedCommands
from seqtwin.cli.entry.one_voice import with_one_voice
from seqtwin.cli.entry.typed_paths import is_output, is_path, with_paths
from seqtwin.cli.explain import explain
from seqtwin.cli.export import export
from seqtwin.cli.index_search import index, search
from seqtwin.cli.init_train import init, train
from seqtwin.cli.list_schema import list_parts, schema
from seqtwin.cli.mine import mine
from seqtwin.cli.plain_help import PlainCommand
from seqtwin.cli.predict_probe import predict, probe
from seqtwin.cli.rerank import fit_reranker
from seqtwin.cli.serve import serve
from seqtwin.cli.status_verify import status, verify
from seqtwin.cli.why import why
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.guards.spreadsheets import marked_cells, raw_cells
from seqtwin.guards.typed_command import typed
from seqtwin.place_faults import place_fault
from seqtwin.version import __version__

app = typer.Typer(
    name="seqtwin",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train Siamese recurrent encoders, compare representations and losses, and use the best encoder.",
)
# the order of the help
GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Train and compare": (init, check, train, fit_reranker, compare, status, report, explain),
    "Use an encoder": (evaluate, predict, encode, score, index, search, dedupe, link, mine, serve, export),
    "Look inside": (anatomy, probe, why),
    "Names and files": (list_parts, schema, verify),
}
# where the first sentence of the docstring does not fit into 80 columns
SUMMARIES = {
    "fit-reranker": "Fit a re-ranker for an encoder of texts.",
    "compare": "Tune and train every pairing of a grid; write the report.",
    "report": "Rebuild the report of a study from its finished cells.",
    "status": "Show the progress of running or interrupted work.",
    "explain": "Explain why a study cell scores poorly.",
    "probe": "Test whether an encoder's vectors contain the labels.",
    "anatomy": "Show output, h_n and c_n for one text.",
    "predict": "Predict a class per sequence or step, or generate text.",
    "score": "Score every pair in a table.",
    "why": "Show which parts of two texts raise or lower their score.",
    "index": "Build a search index from a list of texts, or change one.",
    "search": "Find the nearest texts in an index.",
    "link": "Match the rows of one list with those of another.",
    "mine": "Find hard negatives for the next training.",
    "serve": "Serve an encoder or an index over HTTP.",
    "export": "Export an encoder to ONNX or sentence-transformers.",
    "verify": "Recheck the hash of every file in a folder.",
    "list": "List the parts that you can use in a config.",
    "check": "Check a config and its data without training.",
    "schema": "Print the JSON Schema for config files.",
}


def _name(command: Callable[..., None]) -> str:
    return {list_parts: "list"}.get(command, command.__name__.replace("_", "-"))


GroupedCommands.groups = {title: [_name(command) for command in commands] for title, commands in GROUPS.items()}
COMMANDS = {_name(command): command for commands in GROUPS.values() for command in commands}


def with_raw(command: Callable[..., None]) -> Callable[..., None]:
    """A command that writes a CSV file, with the option --raw."""
    option = typer.Option(
        "--raw", help="write and read cells that begin with =, +, - or @ unchanged: for programs, not spreadsheets"
    )

    @wraps(command)
    def run(*, raw: bool = False, **values: object) -> None:
        before = marked_cells()
        with raw_cells(raw):
            command(**values)
        if marked := marked_cells() - before:
            cells = "cell begins" if marked == 1 else "cells begin"
            console.print_notice(f"note: {marked:,} {cells} with =, +, - or @: {MARKED}")

    return _with_flag(run, command, "raw", option)


def with_force(command: Callable[..., None]) -> Callable[..., None]:
    """A command that writes a file or folder, with the option --force."""
    option = typer.Option("--force", help="move an output that exists to .retired/ next to it, instead of stopping")

    paths = {one.name: is_output(one) for one in signature(command).parameters.values() if is_path(one)}

    @wraps(command)
    def run(*, force: bool = False, **values: object) -> None:
        given = {name: path for name in paths if isinstance(path := values.get(name), Path)}
        inputs = [path for name, path in given.items() if not paths[name]]
        overrides = values.get("overrides")
        inputs += named_inputs(inputs, overrides if isinstance(overrides, list) else []) if force else []
        for name, path in given.items():
            if paths[name]:
                refuse_inputs(path, inputs)
        with moved_aside(force, inputs):
            command(**values)

    return _with_flag(run, command, "force", option)


def _with_flag(
    run: Callable[..., None], command: Callable[..., None], name: str, option: object
) -> Callable[..., None]:
    """The function `run`, with the parameters of the command and a flag."""
    own = signature(command)
    added = Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option])
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), added])  # type: ignore[attr-defined]
    run.__annotations__ = {**get_type_hints(command, include_extras=True), name: added.annotation}
    return run


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print_line(f"seqtwin {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", help="print the version and exit", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Train Siamese recurrent encoders, compare representations and losses, and use the best encoder."""


MARKED = "written with an apostrophe in front, for spreadsheets; --raw writes and reads cells as they are"
WRITES_CSV = {"predict", "score", "search", "dedupe", "link"}
WRITES = WRITES_CSV | {"init", "train", "encode", "mine", "export", "anatomy"}
for name, function in COMMANDS.items():
    located = with_paths(function)
    marked = with_raw(located) if name in WRITES_CSV else located
    app.command(name=name, cls=PlainCommand, short_help=SUMMARIES.get(name))(
        with_force(marked) if name in WRITES else marked
    )


def main() -> None:
    """Run the command line. A SeqTwinError is printed as one message and sets the exit code."""
    with typed(sys.argv[1:]):
        run_command(with_one_voice(app))


OUTPUT = "output"


def run_command(command: Callable[[], object]) -> None:
    """Run a command. A SeqTwinError, and an error of the machine, is one message and sets the exit code.

    Raises: SystemExit, unless the command ends without an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what the encoding of the terminal lacks is printed as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except SeqTwinError as error:
        _end_with(error)
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(0) from None
    except (OSError, MemoryError, RuntimeError) as error:
        fault = place_fault(error) or _bad_path(error)
        if fault is None:
            raise
        _end_with(fault)


def _bad_path(error: BaseException) -> SeqTwinError | None:
    """An error of the operating system about a path that the user gave, such as one that is too long."""
    if not isinstance(error, OSError) or error.errno in (errno.EBADF, None):
        return None
    place = str(error.filename or OUTPUT)
    return ConfigError("PATH_UNUSABLE", f"cannot be used: {error.strerror}", place=place[:200])


def _end_with(error: SeqTwinError) -> NoReturn:
    is_of_output = not error.place and error.exit_code == 5
    if is_of_output:
        _drop_output()
    if "--json" in sys.argv and not is_of_output:
        console.print_json({"error": error.as_dict()})
    else:
        console.print_notice(f"error: {error}")
    raise SystemExit(error.exit_code) from None


def _drop_output() -> None:
    """Discard what is left to write: the interpreter would try again at its end, and print a second error."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a descriptor, as in tests
        return
