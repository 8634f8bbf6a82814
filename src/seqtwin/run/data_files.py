"""The name of the data of a config, and the paths of their files."""

import re
from pathlib import Path

from seqtwin.config import DataConfig
from seqtwin.data.files.read_text import bare_name
from seqtwin.data.pairs import SPLITS
from seqtwin.data.reading.join_ids import Tables
from seqtwin.paths import expand


def data_name(d: DataConfig) -> str:
    """A short name of the data: of the built-in set, of the file, or of the folder of a file called train."""
    if d.name is not None:
        return d.name
    path = (d.file or d.train or "data").rstrip("/")
    parts = re.split(r"[/\\]", path)
    stem = bare_name(Path(parts[-1]))
    return parts[-2] if stem == "train" and len(parts) > 1 and not parts[-2].startswith("$") else stem


def files_of(d: DataConfig) -> Path | dict[str, Path]:
    """The one file of a config, or its files by split."""
    if d.file is not None:
        return expand(d.file)
    return {split: expand(path) for split, path in zip(SPLITS, (d.train, d.dev, d.test), strict=True) if path}


def tables_of(d: DataConfig) -> Tables | None:
    """The two tables that the ids of the pairs refer to; None where the files of pairs have the texts themselves."""
    if d.left_table is None or d.right_table is None:
        return None
    return Tables(expand(d.left_table), expand(d.right_table))
