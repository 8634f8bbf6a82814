"""The test plan: the standard comparisons as far as the grid has them, one's own, and what each sets side by side."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.comparisons import matching_pairings
from seqtwin.config import parse_study
from seqtwin.errors import ConfigError
from seqtwin.study.grid import expand_grid
from seqtwin.study.test_plan import make_plan

COSINE = {"name": "contrastive", "distance": "cosine", "margin": "auto"}
BASE: dict[str, Any] = {"data": {"name": "placenames"}, "encoder": {"embedding": 4, "hidden": 4}}


def plan_of(grid: dict[str, list[Any]], own: list[dict[str, Any]] | None = None, **base: Any) -> dict[str, Any]:
    raw = {**BASE, **base, "encoder": {**BASE["encoder"], **base.get("encoder", {})}}
    study = parse_study({"base": raw, "grid": grid, "seeds": 1, "comparisons": own or []})
    return make_plan(study, expand_grid(study), "2020-01-01T00:00:00+00:00")


def named(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["letter"], one["name"]) for one in plan["comparisons"]]


def test_the_usual_grid_plans_what_the_protocol_names() -> None:
    names = ["final_hidden", "last_output", "mean_output", "max_output", "attention_output"]
    plan = plan_of({"representation": names, "loss": ["mse", COSINE]})
    assert named(plan) == [
        ("b", "final_hidden vs mean_output"),
        ("c", "final_hidden vs max_output"),
        *(("e", f"mse vs contrastive-cosine-auto with {name}") for name in names),
    ]
    rest = {key: value for key, value in plan.items() if key != "comparisons"}
    assert rest == {
        "declared": "2020-01-01T00:00:00+00:00",
        "alpha": 0.05,
        "rope": 0.01,
        "replicates": 500,
        "permutations": 9999,
        "interaction": True,
    }


def test_a_grid_of_one_loss_has_no_interaction_and_no_losses_to_compare() -> None:
    plan = plan_of({"representation": ["final_cell", "final_hidden"]})
    assert named(plan) == [("d", "final_cell vs final_hidden")]
    assert plan["interaction"] is False
    assert plan_of({})["comparisons"] == []


def test_three_losses_make_three_comparisons_in_each_representation() -> None:
    plan = plan_of({"representation": ["mean_output", "max_output"], "loss": ["mse", "bce", "cosent"]})
    pairs = list(itertools.combinations(["mse", "bce", "cosent"], 2))
    expected = [({"loss": a}, {"loss": b}, {"representation": r}) for a, b in pairs for r in plan_names()]
    assert [(c["left"], c["right"], c["within"]) for c in plan["comparisons"]] == expected


def plan_names() -> tuple[str, str]:
    return "mean_output", "max_output"


def test_pads_that_are_read_are_compared_with_pads_that_are_masked() -> None:
    grid: dict[str, list[Any]] = {"encoder.padding": ["masked", "read"], "representation": ["last_output"]}
    first = plan_of(grid)["comparisons"][0]
    assert first == {
        "name": "read vs masked with last_output",
        "letter": "a",
        "left": {"encoder.padding": "read"},
        "right": {"encoder.padding": "masked"},
        "within": {"representation": "last_output"},
    }
    assert plan_of({**grid, "representation": ["max_output"]})["comparisons"] == []


def test_a_last_output_that_was_merged_is_compared_under_the_name_it_stands_under() -> None:
    grid = {"encoder.padding": ["read", "masked"], "representation": ["final_hidden", "last_output"]}
    first = plan_of(grid, encoder={"bidirectional": False})["comparisons"][0]
    assert first["left"] == {"representation": "last_output", "encoder.padding": "read"}
    assert first["right"] == {"representation": "final_hidden", "encoder.padding": "masked"}
    assert (first["letter"], first["within"]) == ("a", {})


OWN = {"left": {"loss": COSINE}, "right": {"loss": "mse"}, "within": {"representation": "max_output"}}


def test_own_comparisons_are_named_by_label_or_by_value_and_not_doubled() -> None:
    grid: dict[str, list[Any]] = {"representation": ["mean_output", "max_output"], "loss": ["mse", COSINE]}
    by_label = {**OWN, "left": {"loss": "contrastive-cosine-auto"}, "name": "mine"}
    plan = plan_of(grid, [OWN, by_label, {"left": {"representation": "max_output"}, "right": OWN["within"] | {}}][:2])
    assert named(plan)[-1] == ("", "contrastive-cosine-auto vs mse with max_output")
    assert len([one for one in plan["comparisons"] if one["letter"] == ""]) == 1
    standard = {"left": {"loss": "mse"}, "right": {"loss": COSINE}, "within": {"representation": "max_output"}}
    assert [one["letter"] for one in plan_of(grid, [standard])["comparisons"]] == ["e", "e"]


@pytest.mark.parametrize(
    ("own", "code", "why"),
    [
        ({"left": {"los": "mse"}, "right": {"loss": "bce"}}, "PLAN_FACTOR", "does not vary 'los'.*did you mean 'loss'"),
        ({"left": {"loss": "mes"}, "right": {"loss": "bce"}}, "PLAN_LABEL", "never 'mes'.*did you mean 'mse'"),
        ({"left": {"loss": "mse"}, "right": {"loss": "bce"}, "within": {"fit.lr": 1}}, "PLAN_FACTOR", "fit.lr"),
        (
            {"left": {"loss": "mse"}, "right": {"loss": "bce"}, "within": {"representation": "x"}},
            "PLAN_LABEL",
            "never 'x'",
        ),
        (
            {
                "left": {"loss": "mse"},
                "right": {"loss": "bce", "representation": "max_output"},
                "within": {"representation": "mean_output"},
            },
            "PLAN_EMPTY",
            "no two pairings",
        ),
        ({"left": {"loss": "mse"}, "right": {"loss": "mse"}}, "PLAN_EMPTY", "no two pairings"),
    ],
)
def test_a_comparison_of_what_the_grid_does_not_hold_is_refused(own: dict[str, Any], code: str, why: str) -> None:
    grid: dict[str, list[Any]] = {"representation": ["mean_output", "max_output"], "loss": ["mse", "bce"]}
    with pytest.raises(ConfigError, match=why) as caught:
        plan_of(grid, [own])
    assert caught.value.code == code


def test_a_side_that_names_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"comparisons.0.left"):
        plan_of({"loss": ["mse", "bce"]}, [{"left": {}, "right": {"loss": "mse"}}])
    with pytest.raises(ConfigError, match=r"unknown key 'rigth' in comparisons.0"):
        plan_of({"loss": ["mse", "bce"]}, [{"left": {"loss": "mse"}, "rigth": {}, "right": {"loss": "mse"}}])


VALUES = {"loss": ["mse", "bce", "cosent"], "representation": ["a", "b"], "encoder.padding": ["read", "masked"]}


def plain_matches(pairings: list[dict[str, str]], one: dict[str, Any]) -> list[tuple[int, int]]:
    """The definition, word by word."""
    found = []
    for i, p in enumerate(pairings):
        for j, q in enumerate(pairings):
            sides = all(p.get(k) == v for k, v in one["left"].items()) and all(
                q.get(k) == v for k, v in one["right"].items()
            )
            within = all(p.get(k) == v and q.get(k) == v for k, v in one["within"].items())
            rest = [k for k in p if k not in one["left"] and k not in one["right"]]
            if sides and within and i != j and all(p[k] == q[k] for k in rest):
                found.append((i, j))
    return found


@given(
    missing=st.sets(st.integers(0, 11), max_size=8),
    key=st.sampled_from(list(VALUES)),
    inside=st.sampled_from(list(VALUES)),
    second=st.integers(0, 1),
)
def test_pairings_are_matched_by_the_definition(missing: set[int], key: str, inside: str, second: int) -> None:
    every = [dict(zip(VALUES, values, strict=True)) for values in itertools.product(*VALUES.values())]
    pairings = [one for i, one in enumerate(every) if i not in missing]
    one = {"left": {key: VALUES[key][0]}, "right": {key: VALUES[key][second]}, "within": {inside: VALUES[inside][0]}}
    assert matching_pairings(pairings, one) == plain_matches(pairings, one)


def test_a_comparison_that_only_matches_a_pairing_with_itself_is_refused() -> None:
    own = {"left": {"representation": "mean_output"}, "right": {"loss": "mse"}}
    with pytest.raises(ConfigError) as caught:
        plan_of({"representation": ["mean_output"], "loss": ["mse"]}, [own])
    assert caught.value.code == "PLAN_EMPTY"
