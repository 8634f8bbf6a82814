"""Which pairings of a study a planned comparison compares."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

Labels = Mapping[str, str]
MOST_DRAWS = 1_000_000


class Sides(TypedDict):
    """The two sides of a comparison: the labels of each, and the labels that both must have (`within`)."""

    left: Labels
    right: Labels
    within: Labels


class Comparison(Sides):
    """A planned comparison. `letter`: which of the standard comparisons it is; empty for one of the user."""

    name: str
    letter: str


def matching_pairings(pairings: Sequence[Labels], sides: Sides) -> list[tuple[int, int]]:
    """Positions of all (left, right) pairings that the comparison compares.

    Both have the labels of `within`, each has the labels of its side, and they agree in every other factor. A pairing
    is never compared with itself.

    >>> pairings = [{"loss": "mse", "representation": "a"}, {"loss": "bce", "representation": "a"}]
    >>> matching_pairings(pairings, {"left": {"loss": "bce"}, "right": {"loss": "mse"}, "within": {}})
    [(1, 0)]
    """
    left, right = (_having(pairings, side, sides.get("within", {})) for side in (sides["left"], sides["right"]))
    partners = {_rest(pairings[j], sides): j for j in right}
    places = [(i, partners.get(_rest(pairings[i], sides))) for i in left]
    return [(i, j) for i, j in places if j is not None and i != j]


def _having(pairings: Sequence[Labels], side: Labels, within: Labels) -> list[int]:
    return [i for i, labels in enumerate(pairings) if (side.items() | within.items()) <= labels.items()]


def _rest(labels: Labels, sides: Sides) -> frozenset[tuple[str, str]]:
    return frozenset(shared_labels(labels, sides).items())


def shared_labels(labels: Labels, sides: Sides) -> dict[str, str]:
    """The labels of a pairing that both sides share: those of the factors that neither side names.

    >>> shared_labels({"loss": "mse", "representation": "a"}, {"left": {"loss": "mse"}, "right": {}, "within": {}})
    {'representation': 'a'}
    """
    return {key: text for key, text in labels.items() if key not in {*sides["left"], *sides["right"]}}


def same_sides(one: Sides, other: Sides) -> bool:
    """Whether two comparisons compare the same pairings in the same direction."""
    return _texts(one) == _texts(other)


def _texts(sides: Sides) -> list[dict[str, str]]:
    return [dict(labels) for labels in (sides["left"], sides["right"], sides.get("within", {}))]


class Plan(TypedDict, total=False):
    """The test plan of a study, declared before training. `rope`: half-width of the region of practical equality."""

    declared: str
    alpha: Annotated[float, Field(gt=0, lt=1)]
    rope: Annotated[float, Field(ge=0)]
    replicates: Annotated[int, Field(ge=0, le=MOST_DRAWS)]
    permutations: Annotated[int, Field(ge=0, le=MOST_DRAWS)]
    interaction: bool
    comparisons: list[Comparison]
