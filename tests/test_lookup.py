"""One door for every family: names, options, and errors that name the nearest known one."""

import pytest

from seqtwin.errors import ConfigError
from seqtwin.lookup import member, pick, split_spec, whole


class Ball:
    """A part with one piece of context and two options."""

    def __init__(self, width: int, colour: str = "red", size: float = 1.0) -> None:
        if size <= 0:
            raise ValueError(f"size: expected more than 0, got {size}")
        self.width, self.colour, self.size = width, colour, size


class Box:
    """A part that needs an option and builds others."""

    def __init__(self, width: int, *, parts: list[object]) -> None:
        self.parts = [pick(TOYS, part, "toy", width) for part in parts]


TOYS = {"ball": Ball, "box": Box, "bag": lambda width, **anything: anything}


def test_a_name_alone_takes_the_defaults() -> None:
    ball = pick(TOYS, "ball", "toy", 8)
    assert (ball.width, ball.colour, ball.size) == (8, "red", 1.0)


def test_options_stand_beside_the_name_and_leave_the_spec_alone() -> None:
    spec = {"name": "ball", "colour": "blue"}
    assert pick(TOYS, spec, "toy", 8).colour == "blue"
    assert spec == {"name": "ball", "colour": "blue"}


def test_keyword_only_options_and_parts_within_parts() -> None:
    box = pick(TOYS, {"name": "box", "parts": ["ball", {"name": "ball", "size": 2.0}]}, "toy", 8)
    assert [ball.size for ball in box.parts] == [1.0, 2.0]


def test_a_part_that_takes_anything_gets_it() -> None:
    assert pick(TOYS, {"name": "bag", "whatever": 3}, "toy", 8) == {"whatever": 3}


@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [
        ("bal", "CONFIG_UNKNOWN_NAME", "toy: unknown toy 'bal'; known: ball, box, bag (did you mean 'ball'?)"),
        ("zeppelin", "CONFIG_UNKNOWN_NAME", "unknown toy 'zeppelin'; known: ball, box, bag [CONFIG_UNKNOWN_NAME]"),
        ("", "CONFIG_UNKNOWN_NAME", "unknown toy ''"),
        (
            {"name": "ball", "color": "blue"},
            "CONFIG_UNKNOWN_OPTION",
            "unknown option 'color' of toy 'ball'; known: colour, size (did you mean 'colour'?)",
        ),
        ({"name": "ball", "width": 3}, "CONFIG_UNKNOWN_OPTION", "unknown option 'width' of toy 'ball'"),
        ({"name": "ball", "self": 3}, "CONFIG_UNKNOWN_OPTION", "unknown option 'self' of toy 'ball'"),
        ({"name": "ball", "size": 0}, "CONFIG_BAD_PART", "toy 'ball': size: expected more than 0, got 0"),
        ({"name": "ball", "size": "big"}, "CONFIG_BAD_PART", "toy 'ball': "),
        ("box", "CONFIG_BAD_PART", "missing 1 required keyword-only argument: 'parts'"),
        ({"name": "box", "parts": ["bal"]}, "CONFIG_UNKNOWN_NAME", "unknown toy 'bal'"),
        ({"name": "box", "parts": [3]}, "CONFIG_NO_NAME", "expected a name or {name: ..., option: ...}, got 3"),
        ({}, "CONFIG_NO_NAME", "expected a name or {name: ..., option: ...}, got {}"),
        ({"name": 3}, "CONFIG_NO_NAME", "got {'name': 3}"),
        ({"colour": "blue"}, "CONFIG_NO_NAME", "got {'colour': 'blue'}"),
        (None, "CONFIG_NO_NAME", "got None"),
        (["ball"], "CONFIG_NO_NAME", "got ['ball']"),
    ],
)
def test_what_cannot_be_built_says_why(spec, code: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pick(TOYS, spec, "toy", 8)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_fault_of_our_own_is_not_called_a_mistake_of_the_user() -> None:
    def broken(width: int) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        pick({"broken": broken}, "broken", "toy", 8)


def test_members_are_found_by_name_only() -> None:
    assert member(TOYS, "ball", "toy") is Ball
    with pytest.raises(ConfigError, match="known: ball, box, bag"):
        member(TOYS, "Ball", "toy")


def test_a_spec_is_a_name_and_options() -> None:
    assert split_spec("ball") == ("ball", {})
    assert split_spec({"size": 2, "name": "ball"}) == ("ball", {"size": 2})


@pytest.mark.parametrize("value", [0, -1, 1.5, 2.0, "3", True, None, [1]])
def test_only_whole_numbers_from_one_on_are_whole(value) -> None:
    with pytest.raises(ValueError, match=r"heads: expected a positive integer, got "):
        whole("heads", value)
    assert whole("heads", 1) == 1
