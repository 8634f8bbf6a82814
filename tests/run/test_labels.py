"""The row and the column of the table of results that a config belongs to."""

from typing import Any

import pytest

from seqtwin.config import parse_run
from seqtwin.run.labels import column_label, is_axis, objective_name, row_label

JOIN = {"name": "join", "parts": ["mean_output", "max_output"]}
CLASSIFY_2 = {"name": "classify", "layers": 2}


def config(objective: Any = "pairs", **sections: Any) -> Any:
    return parse_run({"data": {"name": "digits"}, "objective": objective, **sections})


@pytest.mark.parametrize(
    ("objective", "row"),
    [
        ("pairs", "mean_output+max_output"),
        ("classify", "mean_output+max_output"),
        ({"name": "decode"}, "mean_output+max_output"),
        ("label_steps", "outputs"),
        ({"name": "label_steps", "reads": "forward_outputs"}, "forward_outputs"),
        ({"name": "label_steps", "reads": "repeated"}, "repeated-mean_output+max_output"),
    ],
)
def test_the_row_is_what_is_read(objective: Any, row: str) -> None:
    assert row_label(config(objective, representation=JOIN)) == row


@pytest.mark.parametrize(
    ("objective", "changes", "column"),
    [
        ("pairs", {}, "bce"),
        ("classify", {}, "classify"),
        (CLASSIFY_2, {}, "classify"),
        (CLASSIFY_2, {"representation": "max_output"}, "classify"),
        (CLASSIFY_2, {"objective.layers": 2}, "classify-layers2"),
        (CLASSIFY_2, {"objective": CLASSIFY_2}, "classify-layers2"),
        ({"name": "classify", "layers": 2, "dropout": 0.1}, {"objective.dropout": 0.1}, "classify-dropout0.1"),
        ({"name": "label_steps", "reads": "repeated", "layers": 2}, {"objective.reads": "repeated"}, "label_steps"),
        ({"name": "label_steps", "reads": "repeated", "layers": 2}, {"objective.layers": 2}, "label_steps-layers2"),
    ],
)
def test_the_column_is_what_it_is_trained_with(objective: Any, changes: dict[str, Any], column: str) -> None:
    sections = {"loss": "bce"} if objective == "pairs" else {}
    assert column_label(config(objective, **sections), changes) == column


def test_the_loss_of_a_head_is_named_where_it_varies() -> None:
    loss = {"name": "cross_entropy", "smoothing": 0.1}
    assert column_label(config("classify", loss=loss), {}) == "classify"
    found = column_label(config(CLASSIFY_2, loss=loss), {"loss": loss, "objective.layers": 2})
    assert found == "classify-layers2-cross_entropy-smoothing0.1"


def test_what_shows_in_row_or_column_is_no_factor_of_its_own() -> None:
    assert all(map(is_axis, ("representation", "loss", "objective", "objective.layers")))
    assert not any(map(is_axis, ("encoder.hidden", "objectives", "fit.lr", "tokens.unit")))


def test_the_objective_is_named_with_or_without_options() -> None:
    assert [objective_name(config(one)) for one in ("pairs", "classify", CLASSIFY_2)] == [
        "pairs",
        "classify",
        "classify",
    ]
