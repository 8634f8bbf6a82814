"""Short names of parts and of values."""

from typing import Any

import pytest

from seqtwin.run.part_labels import factor_label, label, value_label

JOIN = {"name": "join", "parts": ["mean_output", "max_output"]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("mse", "mse"),
        ({"name": "mse"}, "mse"),
        ({"name": "linear", "dim": 128}, "linear-dim128"),
        ({"name": "contrastive", "distance": "cosine", "margin": "auto"}, "contrastive-cosine-auto"),
        (JOIN, "mean_output+max_output"),
        ({"name": "join", "parts": [{"name": "attention_output", "heads": 4}, "max_output"]},
         "attention_output-heads4+max_output"),
        ({"name": "sum", "parts": ["mse", "in_batch"]}, "mse+in_batch"),
        ({"name": "sum", "parts": ["mse", {"name": "in_batch", "temperature": 0.1}], "weights": [1, 0.5]},
         "mse+in_batch-temperature0.1-weight0.5"),
    ],
)  # fmt: skip
def test_a_part_is_named_by_its_options(spec: Any, expected: str) -> None:
    assert label(spec) == expected


@pytest.mark.parametrize(("value", "expected"), [(1e30, "1e30"), (1e-30, "1e-30"), (None, "None"), (True, "True")])
def test_values_of_any_key_are_named(value: Any, expected: str) -> None:
    assert value_label(value) == expected


def test_different_values_have_different_names() -> None:
    values = [1e30, 1e-30, 0.1, 1, 10, "auto", None, {"name": "linear", "dim": 8}, {"name": "linear", "dim": 9}]
    assert len({value_label(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("encoder.hidden", 8, "8"),
        ("encoder.from", "../runs/first", "first"),
        ("encoder.from", None, "none"),
        ("data.file", "/somewhere/pairs.csv", "pairs.csv"),
        ("data.more", ["a/one.csv", "two.csv"], "one.csv+two.csv"),
        ("data.more", [], "none"),
    ],
)
def test_a_path_is_named_by_its_end_wherever_it_lies(key: str, value: Any, expected: str) -> None:
    assert factor_label(key, value) == expected
