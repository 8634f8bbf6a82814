"""What is stored beside the vectors of an index: whose they are, how they are searched, how well."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.index.hits import Encoder
from seqtwin.index.kinds import Recall


class Facts(BaseModel):
    """`encoder`: where it lies, seen from the index; None where that cannot be said. `next`: the next free row number
    for items without an id. `breadth`: how broadly the structure is searched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    kind: str
    similarity: str
    fingerprint: str
    encoder: str | None
    dim: int = Field(ge=1)
    count: int = Field(ge=1)
    columns: list[str]
    next: int = Field(ge=0)
    breadth: int = Field(ge=0, le=100_000)
    recall: Recall | None

    def check_encoder(self, encoder: Encoder, place: str) -> None:
        """Nothing, when the vectors were made by this encoder.

        Raises: ConfigError.
        """
        if encoder.fingerprint != self.fingerprint:
            cause = f"its vectors are of encoder {self.fingerprint[:12]}, not of this one, {encoder.fingerprint[:12]}"
            remedy = "name the encoder it was built with (--encoder), or build the index again"
            raise ConfigError("INDEX_OTHER_ENCODER", cause, place=place, remedy=remedy)


def read_facts(found: Mapping[str, Any], shape: tuple[int, int], place: str) -> Facts:
    """The facts of a generation whose vectors have this shape.

    Raises: DamagedError.
    """
    try:
        facts = Facts.model_validate(dict(found))
    except ValidationError as error:
        cause = f"not the facts of an index: {error.errors()[0]['loc']} {error.errors()[0]['msg']}"
        raise DamagedError("INDEX_DAMAGED", cause, place=place) from error
    if (facts.count, facts.dim) != shape:
        cause = f"expected {facts.count} vectors of width {facts.dim}, got {shape[0]} of {shape[1]}"
        raise DamagedError("INDEX_DAMAGED", cause, place=place)
    return facts


def path_between(index: Path, encoder: Path | None) -> str | None:
    """Where an encoder lies, seen from the index: an artifact holds no absolute path."""
    if encoder is None:
        return None
    try:
        return Path(os.path.relpath(encoder.resolve(), index.resolve())).as_posix()
    except ValueError:  # two drives have no path between them
        return None


def remembered(folder: Path, facts: Facts) -> Path:
    """Where the encoder of an index lies.

    Raises: ConfigError when that is not known, or it is there no more.
    """
    path = None if facts.encoder is None else Path(os.path.normpath(folder / facts.encoder))
    if path is None or not path.is_dir():
        cause = "where its encoder lies is not known" if path is None else f"its encoder is no longer at {path}"
        raise ConfigError("INDEX_NO_ENCODER", cause, place=str(folder), remedy="name it: --encoder DIR")
    return path
