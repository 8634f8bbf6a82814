"""Arguments that several commands share, and what tells data from a config."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Argument(help="YAML config, or the data itself: a file, or a folder of three", metavar="CONFIG|DATA")
]
Overrides = Annotated[list[str] | None, typer.Argument(help="for example encoder.hidden=256", metavar="key=value")]
Out = Annotated[Path | None, typer.Option(help="folder to write; never overwritten")]
Scale = Annotated[tuple[float, float] | None, typer.Option(help="lowest and highest score, when data is given")]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Encoder = Annotated[Path, typer.Argument(help="an encoder folder, or the run that holds one")]
CONFIG_ENDINGS = {".yaml", ".yml"}


def is_data(path: Path) -> bool:
    """Whether a path names the data itself, a file or a folder: all that is no config by its ending.

    A file of another ending is data, too: what is wrong with it is then said by the readers, which know what they read.
    """
    return path.suffix.lower() not in CONFIG_ENDINGS or path.is_dir()
