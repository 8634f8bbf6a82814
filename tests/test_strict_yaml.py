"""YAML under limits: what would hang, fill memory or surprise is refused, typed, with its place."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.errors import ConfigError
from seqtwin.strict_yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, parse_value, parse_yaml, read_yaml

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"

REFUSED = {
    "alias bomb": (BOMB, "CONFIG_ALIAS", r"line 2: an alias \(\*a\)"),
    "too deep": ("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, "CONFIG_LIMIT", "deeper"),
    "far too deep": ("a: " + "[" * 100_000, "CONFIG_LIMIT", "deeper"),
    "too many values": ("a: [" + "x, " * MAX_NODES + "]", "CONFIG_LIMIT", "more than"),
    "a key twice": ("fit: {lr: 1, lr: 2}", "CONFIG_YAML", "line 1, column 14: the key 'lr' occurs twice"),
    "a list as key": ("? [a]\n: 1", "CONFIG_YAML", "a key must be text"),
    "an object": ("a: !!python/object/apply:os.system [ls]", "CONFIG_YAML", "python/object"),
    "not a number": ("a: .nan", "CONFIG_YAML", "not a finite number"),
    "infinite": ("a: 1e999", "CONFIG_YAML", "not a finite number"),
    "a huge whole number": ("a: " + "1" * 5000, "CONFIG_YAML", "not valid YAML"),
    "a date that cannot be": ("a: 2001-99-99", "CONFIG_YAML", "not valid YAML"),
    "two documents": ("a: 1\n---\nb: 2", "CONFIG_YAML", "another document"),
    "a control character": ("a: \x01", "CONFIG_YAML", "control characters"),
    "an open bracket": ("a: [1", "CONFIG_YAML", "line 2, column 1"),
    "a tab as indent": ("a:\n\tb: 1", "CONFIG_YAML", "line 2"),
    "a list": ("- 1", "CONFIG_SHAPE", "expected a mapping of keys, got list"),
    "nothing": ("", "CONFIG_SHAPE", "got NoneType"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_and_where(name: str) -> None:
    text, code, why = REFUSED[name]
    with pytest.raises(ConfigError, match=why) as caught:
        parse_yaml(text, place="some.yaml")
    assert caught.value.code == code
    assert caught.value.place == "some.yaml"


def test_the_limits_themselves_are_allowed() -> None:
    deep = parse_yaml("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), place="x")
    assert str(deep["a"]).count("[") == MAX_DEPTH - 1
    assert len(parse_yaml("a: [" + "x, " * (MAX_NODES - 10) + "]", place="x")["a"]) == MAX_NODES - 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 0.001), ("1E3", 1000.0), ("-2.5e+2", -250.0), ("3", 3), ("0.5", 0.5), ("null", None), ("e3", "e3")],
        *[("", None), ("true", True), ("[1, 2]", [1, 2]), ("{join: [a, b]}", {"join": ["a", "b"]}), ("1-2", "1-2")],
    ],
)
def test_values_of_overrides(text: str, value: object) -> None:
    found = parse_value(text, place="x")
    assert found == value
    assert type(found) is type(value)


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("a: " + "x" * MAX_BYTES)
    with pytest.raises(ConfigError, match="at most 1048576") as caught:
        read_yaml(path)
    assert caught.value.code == "CONFIG_LIMIT"


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match=r"No such file.*did you mean 'study.yaml'"):
        read_yaml(tmp_path / "studdy.yaml")
    with pytest.raises(ConfigError, match="No such file"):
        read_yaml(tmp_path / "nowhere" / "study.yaml")


def test_a_folder_and_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("a: Zürich".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8 at byte 4"):
        read_yaml(tmp_path / "latin.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "mark.yaml").write_text("\ufeffa: 1", encoding="utf-8")
    assert read_yaml(tmp_path / "mark.yaml") == {"a": 1}


@given(st.text(alphabet="ab:{}[]-?,&*!|>%@'\"#\n 01.e+\t~", max_size=60))
def test_any_text_is_a_mapping_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        assert isinstance(parse_yaml(text, place="x"), dict)
