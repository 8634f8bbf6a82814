"""TIERS: how many paired seeds, tuning trials and replicates a study spends, and by that what it may say."""

from dataclasses import dataclass

from seqtwin.config import StudyConfig, TierName
from seqtwin.errors import ConfigError

# every trial of every pairing is trained with this seed, which is never one of the evaluation seeds
TUNING_SEED = 10_000


@dataclass(frozen=True)
class Tier:
    """Evaluation seeds, tuning trials of each pairing, bootstrap replicates. Only `quick` merely describes."""

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
    """Tuning trials of each pairing; 0 where nothing is tuned."""
    return TIERS[study.tier].trials if study.tune else 0


def seeds_of(study: StudyConfig) -> list[int]:
    """The evaluation seeds, counted out.

    Raises: ConfigError for no seed, one that stands twice, one that tuning uses, or fewer than the tier asks for.
    """
    asked = TIERS[study.tier].seeds
    wanted = asked if study.seeds is None else study.seeds
    seeds = list(range(wanted)) if isinstance(wanted, int) else list(wanted)
    if not seeds:
        raise ConfigError("GRID_EMPTY", "no seeds to train with", place="seeds")
    if len(set(seeds)) < len(seeds):
        raise ConfigError("GRID_SEEDS", f"a seed stands twice in {seeds}", place="seeds")
    if study.tune and TUNING_SEED in seeds:
        cause = f"seed {TUNING_SEED} trains the tuning trials, so it cannot evaluate, too"
        raise ConfigError("GRID_SEEDS", cause, place="seeds", remedy="leave it out")
    if len(seeds) < asked and study.tier != "quick":
        cause = f"tier {study.tier} asks for {asked} seeds, got {len(seeds)}"
        raise ConfigError("TIER_SEEDS", cause, place="seeds", remedy="leave seeds out, or choose tier quick")
    return seeds
