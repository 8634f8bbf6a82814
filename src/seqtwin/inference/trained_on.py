"""Whether a data file is the one that an encoder was trained on: scores of it are not scores of unseen data."""

import json
from contextlib import suppress
from pathlib import Path

from seqtwin.config import RunConfig, read_run
from seqtwin.errors import SeqTwinError
from seqtwin.files import read_json
from seqtwin.paths import expand

CONFIG, FACTS = "config.yaml", "facts.json"  # of a published run


def training_note(encoder: Path, judged: Path) -> str:
    """A line about it; empty if the file is another one, or if the run of the encoder is not beside it.

    `encoder`: the folder of an encoder or of its run. `judged`: the file that is evaluated.
    """
    run = encoder if (encoder / CONFIG).exists() else encoder.parent
    config = _config_in(run)
    if config is None:
        return ""
    named = {"file": config.data.file, "train": config.data.train, "dev": config.data.dev}
    split = next((key for key, path in named.items() if path and _same(expand(path), judged)), "")
    if not split:
        return ""
    used = {"file": _share(run), "train": "its train split", "dev": "its dev split"}[split]
    return (
        f"{judged.name} is the file that this encoder was trained with ({used}): most of these scores are not of "
        f"unseen rows. Those of its own test split are in {run / 'scores.json'}"
    )


def _config_in(run: Path) -> RunConfig | None:
    with suppress(SeqTwinError, OSError):
        return read_run(run / CONFIG) if (run / CONFIG).is_file() else None
    return None


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.resolve() == other.resolve()
    return False


def _share(run: Path) -> str:
    """How many of the rows were trained with: "168 of 240"."""
    with suppress(SeqTwinError, OSError, KeyError, TypeError, json.JSONDecodeError):
        counts = read_json(run / FACTS)["pairs"]
        return f"{counts['train']:,} of {sum(counts.values()):,} rows are its train split"
    return "one file for all splits"
