"""Commands: help without Python types, inputs that are checked first, and the message after Ctrl-C."""

import re
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from seqtwin.cli import console
from seqtwin.cli.entry.groups import COLUMNS, OPTIONS, OUTPUT, group_of_option
from seqtwin.cli.entry.input_paths import check_inputs
from seqtwin.cli.entry.waiting import waiting
from seqtwin.interrupts import exit_code

ARGUMENTS = "Arguments"
_TYPES = {"<str>": "NAME", "<int>": "N", "<float>": "N", "<int range>": "N", "<float range>": "N"}


class PlainCommand(TyperCommand):
    """A command whose help omits the types that recent versions of Typer add to arguments, such as `<list[str]>`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, after checking that the files and folders it is given exist.

        After Ctrl-C, print that nothing is lost; Typer itself would print nothing.
        """
        check_inputs(str(ctx.info_name), *self._inputs(ctx))
        try:
            with waiting(f"seqtwin {ctx.info_name}"):
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            console.print_notice("interrupted; finished results are kept (encode and score continue with --resume)")
            raise typer.Exit(exit_code(stop)) from None

    def _inputs(self, ctx: Any) -> tuple[dict[str, Path], list[str]]:
        """The paths among the arguments, by metavar, and the texts that follow."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        values = {str(one.metavar): ctx.params.get(one.name) for one in arguments}
        lists = [value for value in values.values() if isinstance(value, (list, tuple))]
        paths = {metavar: value for metavar, value in values.items() if isinstance(value, Path)}
        if ctx.params.get("dask"):  # then a path may be a pattern, which is checked where its files are found
            paths = {metavar: value for metavar, value in paths.items() if not set(str(value)) & set("*?[")}
        return paths, [text for texts in lists for text in texts if isinstance(text, str)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections Arguments, Columns and rows, Output, and Options."""
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in (ARGUMENTS, COLUMNS, OUTPUT, OPTIONS)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                title = ARGUMENTS if is_argument else group_of_option(parameter.opts)
                sections[title].append((_plain(record[0], is_argument=is_argument), record[1]))
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _plain(named: str, *, is_argument: bool) -> str:
    """The name of a parameter without the type that Typer adds to it; an option keeps a word for its value.

    >>> _plain("--seed <int>", is_argument=False), _plain("key=value <list[str]>", is_argument=True)
    ('--seed N', 'key=value')
    """
    return re.sub(" (<.*>)", lambda kind: "" if is_argument else f" {_TYPES.get(kind[1], 'VALUE')}", named)
