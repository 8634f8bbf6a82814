"""TIERS: how many paired seeds, tuning trials and bootstrap replicates a study uses."""

from dataclasses import dataclass

from seqtwin.config import StudyConfig, TierName
from seqtwin.errors import ConfigError

# the seed of every tuning trial; evaluation never uses it
TUNING_SEED = 10_000


@dataclass(frozen=True)
class Tier:
    """Evaluation seeds, tuning trials per pairing, bootstrap replicates. `quick` is descriptive only."""

    seeds: int
    trials: int
    replicates: int


TIERS: dict[TierName, Tier] = {
    "quick": Tier(5, 8, 500),
    "standard": Tier(10, 20, 2000),
    "strong": Tier(20, 20, 2000),
    "publication": Tier(30, 50, 2000),
}


def trials_of(study: StudyConfig) -> int:
    """Tuning trials per pairing; 0 where nothing is tuned."""
    return TIERS[study.tier].trials if study.tune else 0


def seeds_of(study: StudyConfig) -> list[int]:
    """The evaluation seeds.

    Raises: ConfigError for no seed, a repeated one, the one of tuning, or fewer than the tier requires.
    """
    required = TIERS[study.tier].seeds
    wanted = required if study.seeds is None else study.seeds
    seeds = list(range(wanted)) if isinstance(wanted, int) else list(wanted)
    if not seeds:
        raise ConfigError("GRID_EMPTY", "no seeds to train with", place="seeds")
    if len(set(seeds)) < len(seeds):
        raise ConfigError("GRID_SEEDS", f"expected distinct seeds, got {seeds}", place="seeds")
    if study.tune and TUNING_SEED in seeds:
        cause = f"seed {TUNING_SEED} is reserved for tuning trials"
        raise ConfigError("GRID_SEEDS", cause, place="seeds", remedy="remove it")
    if len(seeds) < required and study.tier != "quick":
        cause = f"tier {study.tier} requires {required} seeds, got {len(seeds)}"
        raise ConfigError("TIER_SEEDS", cause, place="seeds", remedy="remove seeds, or choose tier quick")
    return seeds
