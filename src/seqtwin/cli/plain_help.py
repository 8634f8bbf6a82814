"""Help without Python types: an argument is shown by its name alone, an option with its metavar."""

from typing import Any

from typer.core import TyperCommand


class PlainCommand(TyperCommand):
    """A command whose help omits the types that recent versions of Typer add to arguments, such as `<list[str]>`."""

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
