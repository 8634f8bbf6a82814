"""Targets that do not fit the loss or the sampling are refused before a training, with the numbers."""

from typing import Any

import numpy as np
import pytest

from seqtwin.config import RunConfig, parse_run
from seqtwin.errors import DataError
from seqtwin.run.objectives.check_pair_targets import check_pair_targets

GRADED, LABELS = np.array([0.0, 0.4, 0.9]), np.array([0.0, 1.0, 1.0])


def config(**sections: Any) -> RunConfig:
    return parse_run({"data": {"name": "digits"}, **sections})


@pytest.mark.parametrize("part", [{"name": "in_batch", "positive_from": 0.95}])
@pytest.mark.parametrize("is_sum", [False, True])
def test_positives_that_no_pair_reaches_are_refused(part: dict[str, Any], is_sum: bool) -> None:
    run = config(loss={"sum": ["mse", part]} if is_sum else part)
    with pytest.raises(DataError, match=r"positive_from is 0.95, but the highest target is 0.9") as caught:
        check_pair_targets(run, GRADED, "mine")
    assert (caught.value.code, caught.value.place) == ("DATA_NO_POSITIVES", "mine")
    check_pair_targets(run, LABELS, "mine")
    check_pair_targets(config(loss="in_batch"), GRADED, "mine")


def test_graded_targets_cannot_be_balanced() -> None:
    with pytest.raises(DataError, match=r"targets are graded \(one is 0.4\)") as caught:
        check_pair_targets(config(fit={"balance": 0.5}), GRADED, "mine")
    assert caught.value.code == "BALANCE_GRADED"
    check_pair_targets(config(), GRADED, "mine")
    check_pair_targets(config(fit={"balance": 0.5}), LABELS, "mine")


@pytest.mark.parametrize(("value", "kind"), [(1.0, "same"), (0.0, "different")])
def test_an_empty_class_cannot_be_balanced(value: float, kind: str) -> None:
    with pytest.raises(DataError, match=f"all 3 training pairs are {kind}") as caught:
        check_pair_targets(config(fit={"balance": 0.5}), np.full(3, value), "mine")
    assert caught.value.code == "BALANCE_ONE_CLASS"
