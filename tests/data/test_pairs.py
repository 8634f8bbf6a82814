"""PairData: what it refuses and what its fingerprints depend on."""

import numpy as np
import pytest

from seqtwin.data.pairs import PairData, Retrieval


def tiny(**changes: object) -> PairData:
    columns = {
        "left": ["a", "b"],
        "right": ["c", "d"],
        "target": [1.0, 0.0],
        "split": ["train", "test"],
        "name": "tiny",
    }
    return PairData.of(**{**columns, **changes})


def test_parts_are_numbered_from_zero():
    assert tiny().part("test").index.tolist() == [0]
    assert tiny().part("dev").empty


@pytest.mark.parametrize(("targets", "graded"), [([0.0, 1.0], False), ([0.5, 1.0], True)])
def test_graded(targets, graded):
    assert tiny(target=targets).graded is graded


@pytest.mark.parametrize(
    "change",
    [{"target": [1.0, 1.5]}, {"target": [float("nan"), 1.0]}, {"split": ["train", "valid"]}, {"cut": 0.0}],
)
def test_impossible_pairs_are_refused(change):
    with pytest.raises(ValueError, match=r"target|split|cut"):
        tiny(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"left": ["a", "x"]},
        {"target": [1.0, 0.25]},
        {"split": ["dev", "test"]},
        {"facts": {"versions": {"babel": "1"}}},
        {"series": (np.zeros((2, 1), np.float32),)},
        {"left": ["a\nb", "b"]},
    ],
)
def test_fingerprint_sees_every_part(change):
    assert tiny(**change).fingerprint != tiny().fingerprint


def test_split_fingerprint_sees_the_split_and_not_the_target():
    assert tiny(target=[0.0, 0.0]).split_fingerprint == tiny().split_fingerprint
    assert tiny(split=["dev", "test"]).split_fingerprint != tiny().split_fingerprint


def test_fingerprint_does_not_see_notes():
    assert tiny(notes=("seen",), facts={"dropped": 1}).fingerprint == tiny().fingerprint


def test_retrieval_answers_lie_in_the_corpus():
    with pytest.raises(ValueError, match="outside"):
        Retrieval(["q"], ["a"], [{1}])
    with pytest.raises(ValueError, match="answers"):
        Retrieval(["q"], ["a"], [])
    with pytest.raises(ValueError, match="its own"):
        Retrieval(["a"], ["a", "b"], [{0, 1}], itself=[0])
