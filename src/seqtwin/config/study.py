"""Frozen models of a study: its base, its factors, its tier, and what it declares before anything is trained."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from seqtwin.config.run import RunConfig
from seqtwin.validation import Strict, validated

TierName = Literal["quick", "standard", "strong", "publication"]

USUAL_GRID: dict[str, list[Any]] = {
    "representation": ["final_hidden", "last_output", "mean_output", "max_output", "attention_output"],
    "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": "auto"}],
}

_REPRESENTATIONS = USUAL_GRID["representation"]
USUAL_GRIDS: dict[str, dict[str, list[Any]]] = {
    "classify": {"representation": _REPRESENTATIONS, "objective.layers": [1, 2]},
    "label_steps": {"objective.reads": ["outputs", "forward_outputs", "repeated"]},
    "decode": {"representation": ["final_hidden", "last_output", "mean_output"]},
}


def usual_grid(objective: Any) -> dict[str, list[Any]]:
    """What is compared for an objective where a study does not say it.

    >>> list(usual_grid({"name": "classify", "layers": 2}))
    ['representation', 'objective.layers']
    """
    name = objective.get("name", "") if isinstance(objective, dict) else str(objective)
    return dict(USUAL_GRIDS.get(name, USUAL_GRID))


class ComparisonConfig(Strict):
    """A planned comparison: the mean difference left - right, where everything else is the same and `within` holds."""

    left: dict[str, Any] = Field(min_length=1, description="{factor: its label or its value}")
    right: dict[str, Any] = Field(min_length=1)
    within: dict[str, Any] = Field(default_factory=dict)
    name: str = ""


class PublishedConfig(Strict):
    """A published number and the conditions it holds under; the report prints where the study's own ones differ."""

    source: str
    metric: str
    value: float
    split: str = ""
    scale: str = ""
    vectors: str = ""
    preprocessing: str = ""
    notes: str = ""


class StudyConfig(Strict):
    """A run whose keys vary: every combination of the factors under `grid`, times `seeds`."""

    base: RunConfig
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    tier: TierName = "quick"
    tune: bool = Field(True, description="search each pairing's settings on dev, with the tier's number of trials")
    seeds: int | list[int] | None = Field(None, description="null: as many as the tier asks for")
    question: str = ""
    comparisons: list[ComparisonConfig] = Field(default_factory=list, description="planned beside the standard ones")
    allow_leakage: str = Field("", description="why texts that stand in train and in test are accepted")
    published: list[PublishedConfig] = Field(default_factory=list)


def parse_study(raw: Mapping[str, Any], *, place: str = "") -> StudyConfig:
    """A checked study."""
    return validated(StudyConfig, raw, place)
