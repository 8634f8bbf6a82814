"""The models of a study config: its base run, its grid, its tier and its planned comparisons."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from seqtwin.config.fit_section import LARGEST_SEED
from seqtwin.config.run import RunConfig
from seqtwin.guards import largest
from seqtwin.validation import Strict, validated

TierName = Literal["quick", "standard", "strong", "publication"]

USUAL_GRID: dict[str, list[object]] = {
    "representation": ["final_hidden", "last_output", "mean_output", "max_output", "attention_output"],
    "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": "auto"}],
}

_REPRESENTATIONS = USUAL_GRID["representation"]
USUAL_GRIDS: dict[str, dict[str, list[object]]] = {
    "pairs": USUAL_GRID,
    "classify": {"representation": _REPRESENTATIONS, "objective.layers": [1, 2]},
    "label_steps": {"objective.reads": ["outputs", "forward_outputs", "repeated"]},
    "decode": {"representation": ["final_hidden", "last_output", "mean_output"]},
}


def usual_grid(objective: object) -> dict[str, list[object]]:
    """The default grid of a study, by objective.

    >>> list(usual_grid({"name": "classify", "layers": 2}))
    ['representation', 'objective.layers']
    """
    name = objective.get("name", "") if isinstance(objective, dict) else str(objective)
    return dict(USUAL_GRIDS.get(name, {"representation": _REPRESENTATIONS}))


class ComparisonConfig(Strict):
    """A planned comparison: the mean difference left - right between cells that differ in nothing else.

    `within`: only cells with these values of other factors are compared.
    """

    left: dict[str, object] = Field(min_length=1, description="{factor: label or value}")
    right: dict[str, object] = Field(min_length=1)
    within: dict[str, object] = Field(default_factory=dict)
    name: str = ""


class PublishedConfig(Strict):
    """A published result and its conditions. The report shows where the conditions of the study differ."""

    source: str
    metric: str
    value: float
    split: str = ""
    scale: str = ""
    vectors: str = ""
    preprocessing: str = ""
    notes: str = ""


class StudyConfig(Strict):
    """A base run and a grid of settings. Every combination of the factors in `grid` is trained with every seed."""

    base: RunConfig
    grid: dict[str, list[object]] = Field(default_factory=dict)
    tier: TierName = "quick"
    tune: bool = Field(True, description="tune the settings of each pairing on dev; the tier sets the number of trials")
    seeds: int | list[int] | None = Field(None, description="seeds, or their number; null: set by the tier")
    question: str = ""
    comparisons: list[ComparisonConfig] = Field(
        default_factory=list, description="planned in addition to the standard ones"
    )
    allow_leakage: str = Field("", description="reason for accepting texts that occur in both train and test")
    published: list[PublishedConfig] = Field(default_factory=list)

    @field_validator("seeds", mode="after")
    @classmethod
    def _check_seeds(cls, seeds: int | list[int] | None) -> int | list[int] | None:
        count = seeds if isinstance(seeds, int) else len(seeds or ())
        if count > largest.SEEDS:
            raise ValueError(f"expected at most {largest.SEEDS} seeds")
        if isinstance(seeds, list) and not all(0 <= seed <= LARGEST_SEED for seed in seeds):
            raise ValueError(f"expected seeds from 0 to {LARGEST_SEED}")
        return seeds

    @model_validator(mode="after")
    def _check_representations(self) -> "StudyConfig":
        """Without a recurrent network every representation is the same vector."""
        for name in ("kernels", "lexical") if len(self.grid.get("representation", ())) > 1 else ():
            channel = getattr(self.base.encoder, name)
            varied = any(key.startswith(f"encoder.{name}") for key in self.grid)
            if channel is not None and channel.share == 1 and not varied:
                cause = f"the representations are all the same with encoder.{name}.share: 1"
                remedy = f"set encoder.{name}=null, or a smaller share"
                raise ValueError(f"{cause}, which leaves out the recurrent network; {remedy}")
        return self


def parse_study(raw: Mapping[str, object], *, place: str = "") -> StudyConfig:
    """The checked config of a study. `place`: the file that errors name.

    Raises: ConfigError.
    """
    return validated(StudyConfig, raw, place)
