"""The facts stored with an index: its encoder, how it is searched, and with which recall."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.index.hits import Encoder
from seqtwin.index.kinds import Recall


class Facts(BaseModel):
    """`encoder`: its folder, relative to the index; None if unknown. `next`: the next free row number for items without
    an id. `breadth`: the breadth with which the structure is searched.
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
        """Check that the vectors are of this encoder.

        Raises: ConfigError.
        """
        if encoder.fingerprint != self.fingerprint:
            cause = f"its vectors are of encoder {self.fingerprint[:12]}, not of {encoder.fingerprint[:12]}"
            remedy = "name the encoder it was built with (--encoder), or build the index again"
            raise ConfigError("INDEX_OTHER_ENCODER", cause, place=place, remedy=remedy)


def read_facts(fields: Mapping[str, object], shape: tuple[int, int], place: str) -> Facts:
    """The facts of a generation, checked. `shape`: of its vectors; `place`: for errors.

    Raises: DamagedError.
    """
    try:
        facts = Facts.model_validate(dict(fields))
    except ValidationError as error:
        cause = f"not the facts of an index: {error.errors()[0]['loc']} {error.errors()[0]['msg']}"
        raise DamagedError("INDEX_DAMAGED", cause, place=place) from error
    if (facts.count, facts.dim) != shape:
        cause = f"expected {facts.count} vectors of width {facts.dim}, got {shape[0]} of {shape[1]}"
        raise DamagedError("INDEX_DAMAGED", cause, place=place)
    return facts


def path_between(index: Path, encoder: Path | None) -> str | None:
    """The path of the encoder relative to the index, because an artifact contains no absolute path."""
    if encoder is None:
        return None
    try:
        return Path(os.path.relpath(encoder.resolve(), index.resolve())).as_posix()
    except ValueError:  # no relative path between two drives
        return None


def encoder_folder(folder: Path, facts: Facts) -> Path:
    """The folder of the encoder of an index.

    Raises: ConfigError if it is unknown, or no longer exists.
    """
    path = None if facts.encoder is None else Path(os.path.normpath(folder / facts.encoder))
    if path is None or not path.is_dir():
        cause = "the folder of its encoder is unknown" if path is None else f"its encoder is no longer at {path}"
        raise ConfigError("INDEX_NO_ENCODER", cause, place=str(folder), remedy="name it: --encoder DIR")
    return path
