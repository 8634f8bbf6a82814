"""Headings of the help: of commands, as the command line lists them, and of options."""

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperGroup

WHOLE = 200  # characters: a sentence that does not fit is wrapped, not cut off
COLUMNS, OUTPUT, OPTIONS = "Columns and rows", "Output", "Options"
_OPTIONS_BY_GROUP: Mapping[str, Sequence[str]] = {
    COLUMNS: (
        "--left", "--right", "--label", "--labels", "--text", "--column", "--scale", "--quoting", "--gaps",
        "--left-column", "--right-column", "--id-column", "--sequence", "--token", "--classify",
    ),
    OUTPUT: ("--out", "--review", "--sample", "--suspects", "--html", "--page", "--force", "--json", "--raw"),
}  # fmt: skip
_GROUP_OF = {option: group for group, options in _OPTIONS_BY_GROUP.items() for option in options}


def group_of_option(names: Sequence[str]) -> str:
    """The heading of an option in the help of its command.

    >>> group_of_option(["--out", "-o"]), group_of_option(["-k"])
    ('Output', 'Options')
    """
    return next((_GROUP_OF[name] for name in names if name in _GROUP_OF), OPTIONS)


class GroupedCommands(TyperGroup):
    """A command line whose help lists the commands under the headings of `groups`: heading -> names."""

    groups: Mapping[str, Sequence[str]] = {}

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per heading. A command without a heading comes last."""
        named = {name for names in self.groups.values() for name in names}
        others = [name for name in self.list_commands(ctx) if name not in named]
        widest = max(map(len, (*named, *others)))
        for heading, names in {**self.groups, "Other commands": others}.items():
            commands = {name: self.get_command(ctx, name) for name in names}
            rows = [
                (name.ljust(widest), command.get_short_help_str(WHOLE)) for name, command in commands.items() if command
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
