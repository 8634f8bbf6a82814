"""What tuning may change, and what it leaves as the user wrote it."""

from typing import Any

import pytest

from seqtwin.config import parse_run, vary
from seqtwin.model.distances import DISTANCES
from seqtwin.run.check_config import check_run
from seqtwin.study.search_spaces import COMMON, Choice, Range, space_of
from seqtwin.training.losses import LOSSES
from seqtwin.training.losses.base import EDGE

ALWAYS = ["fit.lr", "fit.weight_decay"]
COSINE = {"name": "contrastive", "distance": "cosine", "margin": "auto"}


def space(varied: tuple[str, ...] = (), **sections: Any) -> list[str]:
    config = parse_run({"data": {"name": "digits"}, "similarity": "cosine", **sections})
    return list(space_of(config, varied))


@pytest.mark.parametrize(
    ("sections", "extra"),
    [
        ({}, []),
        ({"encoder": {"layers": 2}}, ["encoder.dropout"]),
        ({"loss": COSINE}, ["loss.k"]),
        ({"loss": "contrastive"}, ["loss.k", "loss.distance"]),
        ({"loss": {"name": "contrastive", "distance": "cosine", "margin": 0.5}}, []),
        ({"loss": {"name": "contrastive", "margin": 0.5}}, ["loss.distance"]),
        ({"loss": {**COSINE, "k": 2}}, []),
        ({"loss": {"name": "contrastive"}, "similarity": "negative_euclidean"}, ["loss.k"]),
        ({"loss": "in_batch"}, ["loss.temperature"]),
        ({"loss": {"name": "in_batch", "temperature": 0.1}}, []),
        ({"loss": "cosent"}, ["loss.scale"]),
        ({"loss": {"name": "pml", "loss": "ContrastiveLoss"}}, []),
        ({"fit": {"lr": 0.5, "weight_decay": 1}}, []),
    ],
)
def test_a_part_is_searched_where_its_spec_says_nothing(sections: dict[str, Any], extra: list[str]) -> None:
    assert sorted(space(**sections)) == sorted([*ALWAYS, *extra])


SPACES = {
    "mse": {},
    "contrastive": {"k": Range(0.3, 3.0), "distance": Choice(("cosine", "normalized_euclidean"))},
    "triplet": {"k": Range(0.3, 3.0), "distance": Choice(("cosine", "normalized_euclidean"))},
    "in_batch": {"temperature": Range(0.01, 0.5)},
    "cosent": {"scale": Range(2.0, 100.0)},
    "bce": {"scale": Range(1.0, 50.0)},
    "pml": {},
}


@pytest.mark.parametrize("loss", SPACES)
def test_the_published_search_spaces(loss: str) -> None:
    spec = {"name": "pml", "loss": "ContrastiveLoss"} if loss == "pml" else loss
    config = parse_run({"data": {"name": "digits"}, "similarity": "cosine", "loss": spec})
    searched = {key.removeprefix("loss."): one for key, one in space_of(config, ()).items() if key.startswith("loss.")}
    assert list(searched.items()) == list(SPACES[loss].items())  # in this order: the identity of a search depends on it
    assert all(repr(one).startswith(("Range(low=", "Choice(names=")) for one in searched.values())


def test_the_head_of_mse_is_searched_only_where_no_similarity_is_named() -> None:
    raw: dict[str, Any] = {"data": {"name": "digits"}, "loss": "mse"}
    assert space_of(parse_run(raw), ())["similarity"] == Choice(("cosine", "exp_manhattan"))
    assert "similarity" not in space_of(parse_run({**raw, "similarity": "cosine"}), ())
    assert "similarity" not in space_of(parse_run(raw), ("similarity",))
    assert "similarity" not in space_of(parse_run({**raw, "loss": "bce"}), ())


@pytest.mark.parametrize(
    ("varied", "gone"),
    [(("fit.lr",), "fit.lr"), (("fit",), "fit.lr"), (("loss.k",), "loss.k"), (("encoder",), "encoder.dropout")],
)
def test_what_the_grid_varies_is_not_searched(varied: tuple[str, ...], gone: str) -> None:
    sections: dict[str, Any] = {"loss": COSINE, "encoder": {"layers": 2}}
    assert gone in space(("loss", "representation", "encoder.cell"), **sections)
    assert gone not in space(varied, **sections)


def test_a_loss_that_the_grid_varies_keeps_its_search() -> None:
    assert "loss.k" in space(("loss", "representation"), loss=COSINE)


@pytest.mark.parametrize("similarity", ["cosine", "negative_euclidean"])
def test_no_distance_is_searched_that_the_similarity_does_not_rank_by(similarity: str) -> None:
    config = parse_run({"data": {"name": "digits"}, "loss": "contrastive", "similarity": similarity})
    searched = space_of(config, ()).get("loss.distance")
    names = searched.names if isinstance(searched, Choice) else ()
    assert all(similarity in DISTANCES[name].orders for name in names)
    assert (len(names) > 1) == (similarity == "cosine")


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.tuning])
def test_every_end_of_every_range_is_a_config_that_can_be_trained(loss: str) -> None:
    raw = {"data": {"name": "digits"}, "encoder": {"layers": 2, "hidden": 4, "embedding": 4}, "loss": loss}
    config = parse_run({**raw, "similarity": "cosine"})
    for key, dimension in space_of(config, ()).items():
        for value in dimension.names if isinstance(dimension, Choice) else (dimension.low, dimension.high):
            check_run(vary(config, {key: value}))


@pytest.mark.parametrize(
    ("value", "edge"),
    [(1e-4, True), (1.25e-4, True), (1.27e-4, False), (1e-3, False), (7.9e-3, False), (8e-3, True), (1e-2, True)],
)
def test_an_edge_is_a_twentieth_of_a_log_range(value: float, edge: bool) -> None:
    # 10 ** (-4 + 2 * .05) = 1.259e-4, 10 ** (-2 - 2 * .05) = 7.94e-3
    assert COMMON["fit.lr"] == Range(1e-4, 1e-2)
    assert EDGE == 0.05
    assert Range(1e-4, 1e-2).edge(value) is edge


def test_an_edge_of_a_plain_range() -> None:
    assert [Range(0, 0.5, log=False).edge(x) for x in (0, 0.024, 0.026, 0.474, 0.476)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_what_a_range_holds() -> None:
    assert [Range(0.3, 3.0).holds(x) for x in (0.3, 3, 0.29, "auto", None, True)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert [Choice(("a", "b")).holds(x) for x in ("a", None, "c")] == [True, False, False]
