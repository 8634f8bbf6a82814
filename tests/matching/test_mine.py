"""Hard negatives: each guard by hand-made angles, and all of them at once by a plain loop."""

import itertools

import numpy as np
import pytest

from drawn import Drawn, scattered
from seqtwin.errors import ConfigError, DataError
from seqtwin.matching.mine import mine, pairs_of_groups

ANGLES = {"a": 0, "a2": 20, "a3": 40, "n1": 25, "n2": 30, "n3": -90}


def names(triples: list[tuple[str, str, float]]) -> list[tuple[str, str]]:
    return [(a, b) for a, b, _ in triples]


def test_the_nearest_text_that_is_no_positive_also_over_others() -> None:
    encoder = Drawn(ANGLES)
    found = mine(encoder, ["a", "a3", "n1", "n2"], ["a2", "a2", "n3", "a3"], [True, True, False, False])
    # a3 is a2's, and so a's; what is left on the right is n3
    assert names(found.negatives) == [("a", "n3"), ("a3", "n3")]
    assert found.positives == [("a", "a2"), ("a3", "a2")]
    assert found.rows()[0] == ("a", "a2", 1)
    assert found.rows()[-1][2] == 0
    assert len(encoder.asked) == len(set(encoder.asked))


def test_nearer_than_the_positive_is_a_suspect_unless_it_was_told_apart() -> None:
    encoder = Drawn({"a": 0, "far": 60, "near": 5, "ok": 62})
    found = mine(encoder, ["a", "ok", "far"], ["far", "near", "ok"], [True, False, False])
    assert names(found.suspects) == [("a", "near")]
    assert names(found.negatives) == [("a", "ok")]
    told = mine(encoder, ["a", "a", "far"], ["far", "near", "ok"], [True, False, False])
    assert names(told.negatives) == [("a", "near")]
    assert told.suspects == []
    wide = mine(encoder, ["a", "ok", "far"], ["far", "near", "ok"], [True, False, False], margin=0.6)
    assert names(wide.negatives) == [("a", "near")]


def test_ranks_and_the_most_for_an_anchor() -> None:
    encoder = Drawn({"a": 0, "p": 1, **{f"n{i}": 10.0 + i for i in range(9)}})
    left, right = ["a", *["p"] * 9], ["p", *(f"n{i}" for i in range(9))]
    same = [True] + [False] * 9
    assert names(mine(encoder, left, right, same, rank_range=(3, 4), per_anchor=5).negatives) == [
        ("a", "n2"),
        ("a", "n3"),
    ]
    assert len(mine(encoder, left, right, same, per_anchor=4).negatives) == 4
    assert mine(encoder, left, right, same, rank_range=(30, 40)).negatives == []


def test_case_and_white_space_make_no_other_thing() -> None:
    encoder = Drawn({"Rome": 0, "Roma": 9, " rome ": 0, "Oslo": 50})
    found = mine(encoder, ["Rome", "Oslo", "Oslo"], ["Roma", " rome ", "Oslo"], [True, False, True])
    assert ("Rome", " rome ") not in names(found.negatives) + names(found.suspects)
    assert found.positives == [("Rome", "Roma")]


@pytest.mark.parametrize("seed", range(5))
def test_every_guard_holds_on_drawn_pairs(seed: int) -> None:
    encoder = scattered(60, seed)
    rng = np.random.default_rng(seed)
    left, right = ([f"t{n}" for n in rng.integers(0, 60, size=80)] for _ in range(2))
    same = rng.random(80) < 0.3
    found = mine(encoder, left, right, same.tolist(), margin=0.05, per_anchor=2)
    group = {text: {text} for text in [*left, *right]}
    for a, b in ((a, b) for a, b, s in zip(left, right, same, strict=True) if s):
        joined = group[a] | group[b]
        for member in joined:
            group[member] = joined
    apart = {frozenset((a, b)) for a, b, s in zip(left, right, same, strict=True) if not s}
    best: dict[str, float] = {}
    for a, b, s in zip(left, right, same, strict=True):
        if s:
            best[a] = max(best.get(a, -1.0), float(encoder.vectors[a] @ encoder.vectors[b]))
    assert found.negatives
    for a, b, score in found.negatives:
        assert b not in group[a]
        assert b in right
        assert score <= best[a] + 0.05 + 1e-6 or frozenset((a, b)) in apart
    for a, b, score in found.suspects:
        assert b not in group[a]
        assert score > best[a] + 0.05 - 1e-6
        assert frozenset((a, b)) not in apart
    every = [frozenset(row[:2]) for row in [*found.rows(), *found.suspects]]
    assert len(set(every)) == len(every)
    anchors = [a for a, _, _ in found.negatives]
    assert max(anchors.count(a) for a in anchors) <= 2


def test_groups_become_rings() -> None:
    left, right, same = pairs_of_groups(["a", "n1", "a2", "n2", "a3", "n3"], ["A", "N", "A", "N", "A", "M"])
    assert set(left) == set(right) == {"a", "a2", "a3", "n1", "n2", "n3"}
    found = mine(Drawn(ANGLES), left, right, same, per_anchor=2, margin=2.0)
    members = {"a": "A", "a2": "A", "a3": "A", "n1": "N", "n2": "N", "n3": "M"}
    assert all(members[a] != members[b] for a, b, _ in found.negatives)
    assert {frozenset(p) for p in found.positives} == {
        *(frozenset(p) for p in itertools.combinations(["a", "a2", "a3"], 2)),
        frozenset(("n1", "n2")),
    }


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"rank_range": (0, 5)}, "MINE_RANKS"),
        ({"rank_range": (5, 4)}, "MINE_RANKS"),
        ({"margin": float("nan")}, "MINE_MARGIN"),
        ({"per_anchor": 0}, "BAD_COUNT"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mine(Drawn(ANGLES), ["a"], ["a2"], [True], **settings)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("right", "same", "code"),
    [(["a2"], [False], "MINE_NO_POSITIVES"), ([], [True], "MINE_LENGTH"), (["a2"], [True, True], "MINE_LENGTH")],
)
def test_pairs_that_cannot_be(right: list[str], same: list[bool], code: str) -> None:
    with pytest.raises(DataError) as caught:
        mine(Drawn(ANGLES), ["a"], right, same)
    assert caught.value.code == code
