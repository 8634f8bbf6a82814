"""The warning about swapped labels: only where different pairs are clearly those of similar spelling."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from seqtwin.baselines.pairs import char_overlap
from seqtwin.baselines.swapped_labels import swapped_labels_sentence
from seqtwin.data.pairs import PairData
from seqtwin.data.sets.synthetic.dataset import probes


def pairs(count: int, high: str, *, shuffled: bool = False) -> PairData:
    """Each second pair has the same text on both sides; `high`: the pairs whose target is 1."""
    texts = [f"name {number} of it" for number in range(count)]
    right = [text if row % 2 else f"quite another {row}" for row, text in enumerate(texts)]
    target = np.arange(count) % 2 if high == "equal" else 1 - np.arange(count) % 2
    if shuffled:
        target = np.random.default_rng(0).permutation(target)
    return PairData.of(left=texts, right=right, target=target.astype(float), split=["train"] * count, name="made")


def test_swapped_labels_are_noted_with_the_measure() -> None:
    data = pairs(60, "other")
    train = data.part("train")
    value = roc_auc_score(train["target"], char_overlap(data, train))
    assert value == 0
    assert f"ROC-AUC {value:.2f}" in swapped_labels_sentence(data)
    assert "--labels" in swapped_labels_sentence(data)


@pytest.mark.parametrize(
    "data", [pairs(60, "equal"), pairs(60, "other", shuffled=True), pairs(28, "other")], ids=["right", "random", "few"]
)
def test_nothing_is_noted_otherwise(data: PairData) -> None:
    assert swapped_labels_sentence(data) == ""


@pytest.mark.parametrize("number", range(1, 11))
def test_no_probe_looks_swapped(number: int) -> None:
    assert swapped_labels_sentence(probes(probe=f"P{number}", pairs=400)) == ""
