"""Commands: help without Python types (arguments by name, options by metavar), and the message after Ctrl-C."""

from typing import Any

import typer
from typer.core import TyperCommand

from seqtwin.cli import console
from seqtwin.interrupts import exit_code


class PlainCommand(TyperCommand):
    """A command whose help omits the types that recent versions of Typer add to arguments, such as `<list[str]>`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. After Ctrl-C, print that nothing is lost; Typer itself would print nothing."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            console.print_notice("interrupted; finished results are kept (encode and score continue with --resume)")
            raise typer.Exit(exit_code(stop)) from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections Arguments and Options."""
        sections: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = parameter.param_type_name
                name = record[0].partition(" <")[0] if kind == "argument" else record[0]
                sections[kind].append((name, record[1]))
        for title, records in (("Arguments", sections["argument"]), ("Options", sections["option"])):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
