"""Tiers: how many seeds and trials, and what is refused."""

from typing import Any, get_args

import pytest

from seqtwin.config import StudyConfig, TierName, parse_study
from seqtwin.errors import ConfigError
from seqtwin.study.tiers import TIERS, TUNING_SEED, Tier, seeds_of, trials_of

BASE: dict[str, Any] = {"data": {"name": "digits"}}


def study(**own: Any) -> StudyConfig:
    return parse_study({"base": BASE, **own})


def test_the_table_is_that_of_the_protocol() -> None:
    assert set(get_args(TierName)) == set(TIERS)
    assert {
        "quick": Tier(seeds=5, trials=8, replicates=500),
        "standard": Tier(seeds=10, trials=20, replicates=2000),
        "strong": Tier(seeds=20, trials=20, replicates=2000),
        "publication": Tier(seeds=30, trials=50, replicates=2000),
    } == TIERS


@pytest.mark.parametrize("tier", list(TIERS))
def test_a_study_takes_the_seeds_and_trials_of_its_tier(tier: TierName) -> None:
    assert seeds_of(study(tier=tier)) == list(range(TIERS[tier].seeds))
    assert trials_of(study(tier=tier)) == TIERS[tier].trials
    assert trials_of(study(tier=tier, tune=False)) == 0


def test_quick_and_tuned_is_what_a_study_is_by_default() -> None:
    assert (study().tier, study().tune) == ("quick", True)


@pytest.mark.parametrize(("seeds", "expected"), [(12, list(range(12))), ([*range(9), 77], [*range(9), 77])])
def test_more_seeds_and_other_seeds_may_be_asked_for(seeds: Any, expected: list[int]) -> None:
    assert seeds_of(study(tier="standard", seeds=seeds)) == expected


@pytest.mark.parametrize("seeds", [1, [3], 5, 9])
@pytest.mark.parametrize("tier", ["standard", "strong", "publication"])
def test_fewer_seeds_than_the_tier_asks_for_are_refused(tier: TierName, seeds: Any) -> None:
    with pytest.raises(ConfigError, match=f"tier {tier} requires {TIERS[tier].seeds} seeds") as caught:
        seeds_of(study(tier=tier, seeds=seeds))
    assert caught.value.code == "TIER_SEEDS"
    assert "choose tier quick" in caught.value.remedy
    assert seeds_of(study(tier="quick", seeds=seeds))


@pytest.mark.parametrize(("seeds", "why"), [(0, "no seeds"), ([], "no seeds"), ([1, 1], "expected distinct seeds")])
def test_seeds_that_are_none_or_twice_are_refused(seeds: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        seeds_of(study(seeds=seeds))


def test_the_seed_of_the_trials_never_evaluates() -> None:
    with pytest.raises(ConfigError, match="is reserved for tuning"):
        seeds_of(study(seeds=[0, TUNING_SEED]))
    assert seeds_of(study(seeds=[0, TUNING_SEED], tune=False)) == [0, TUNING_SEED]
    assert all(TUNING_SEED not in seeds_of(study(tier=tier)) for tier in TIERS)


def test_an_unknown_tier_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"tier: .*'quick', 'standard', 'strong' or 'publication'"):
        study(tier="fast")
