"""The models of the options that add to the training pairs: changed texts, hard negatives, and further files."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from seqtwin.guards import largest
from seqtwin.validation import Strict

RATE = "probability per word, anew in every epoch: "


def spelled_labels(labels: Mapping[object, object]) -> dict[str, object]:
    """`data.labels` with words as keys. YAML reads yes, on and true as the same boolean, so each becomes three words.

    >>> spelled_labels({True: 1, "maybe": 0})
    {'true': 1, 'yes': 1, 'on': 1, 'maybe': 0}
    """
    truth = {True: ("true", "yes", "on"), False: ("false", "no", "off")}
    words = {key: truth[key] if isinstance(key, bool) else (str(key),) for key in labels}
    return {word: target for key, target in labels.items() for word in words[key]}


class AugmentConfig(Strict):
    """Random changes of the training texts, on both sides of a pair alike. Dev and test are never changed."""

    typos: float = Field(0.0, ge=0, le=1, description=RATE + "a letter inserted, deleted, replaced or transposed")
    abbreviations: float = Field(0.0, ge=0, le=1, description=RATE + "cut to its first letters, with or without a stop")
    initials: float = Field(0.0, ge=0, le=1, description=RATE + "cut to its first letter, with or without a stop")
    swaps: float = Field(0.0, ge=0, le=1, description=RATE + "exchanged with the next word")
    drops: float = Field(0.0, ge=0, le=1, description=RATE + "left out")
    copies: float = Field(
        0.0, ge=0, le=100, description="same pairs added per training text and epoch: the text and a changed copy of it"
    )
    labelled: bool = Field(True, description="change the texts of the labelled pairs; false: only the copies")

    @property
    def rates(self) -> dict[str, float]:
        """The probability of each change with one, in the order in which they are made."""
        own = {name: float(getattr(self, name)) for name in ("drops", "swaps", "abbreviations", "initials", "typos")}
        return {name: rate for name, rate in own.items() if rate > 0}

    @model_validator(mode="after")
    def _check_copies(self) -> "AugmentConfig":
        if self.copies and not self.rates:
            raise ValueError(
                "copies would be equal to their texts: also set typos, abbreviations, initials, swaps or drops"
            )
        if not self.labelled and not self.copies:
            raise ValueError("labelled: false changes nothing without copies")
        return self


class HardNegativesConfig(Strict):
    """Different pairs added in every epoch: each text with the nearest texts that are not known to be the same."""

    per_text: int = Field(1, ge=1, le=50, description="hard negatives per left text of a same pair")
    every: int = Field(1, ge=1, le=largest.EPOCHS, description="epochs between two searches with the current encoder")
    from_epoch: int = Field(2, ge=1, le=largest.EPOCHS, description="the first epoch with hard negatives")
    margin: float | None = Field(
        0.1,
        ge=0,
        description="skip a text nearer than the nearest positive by more than this, as it may be the same; null: none",
    )


class MixConfig(Strict):
    """A further file of labelled training pairs, with its own columns and its own scale."""

    train: str = Field(description="file of pairs")
    left: str | tuple[str, ...] = Field("left", description="column of the left texts, or several that are joined")
    right: str | tuple[str, ...] = Field("right", description="column of the right texts, or several that are joined")
    score: str | None = None
    label: str | None = None
    labels: dict[str, Literal[0, 1]] | None = Field(None, description="meaning of the label words, 1 = same")
    scale: tuple[float, float] | None = None
    quoting: Literal["none", "csv"] | None = None
    share: float | None = Field(
        None, gt=0, le=0.99, description="its share of the pairs of an epoch, drawn anew; null: all its pairs, once"
    )

    @model_validator(mode="before")
    @classmethod
    def _spell_labels(cls, raw: object) -> object:
        """Spell out label words that YAML reads as other types."""
        if isinstance(raw, dict) and isinstance(raw.get("labels"), dict):
            return {**raw, "labels": spelled_labels(raw["labels"])}
        return raw

    @model_validator(mode="after")
    def _check_target(self) -> "MixConfig":
        if (self.score is None) == (self.label is None):
            raise ValueError("expected one of score and label")
        return self
