"""How objectives are judged: answers in the order of the items, metrics against scikit-learn and plain loops."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from torch import Tensor

import tiny
from headed import WITH_HEAD
from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore
from seqtwin.metrics import CLASS_METRICS, WRITTEN_METRICS, Undefined
from seqtwin.metrics.base import HIGHER
from seqtwin.metrics.classes import Measure
from seqtwin.model.base_head import Head
from seqtwin.model.heads import HEADS, Learner, build_head
from seqtwin.records import Sequences
from seqtwin.training import evaluate_heads
from seqtwin.training.evaluate_heads import (
    class_probabilities,
    evaluate_classes,
    evaluate_steps,
    evaluate_texts,
    written_by,
)

END = tiny.VOCABULARY
LENGTHS = (2, 1, 7, 3, 1, 5)
some_lengths = st.lists(st.integers(1, 6), min_size=1, max_size=9)


class Scripted(Head):
    """A head that says what a function finds in the ids of a batch."""

    def __init__(self, say: Callable[[Sequences], Any]) -> None:
        super().__init__()
        self.say = say
        self.seen: list[int] = []

    def predict(self, _model: Any, sequences: Sequences) -> Any:
        assert not self.training
        self.seen.append(len(sequences))
        return self.say(sequences)


MODEL = tiny.siamese()


def scripted(say: Callable[[Sequences], Any]) -> Learner:
    return Learner(MODEL, Scripted(say))


def numbered(lengths: tuple[int, ...] | list[int]) -> Ragged:
    """Items whose steps are all the item's number."""
    return Ragged.of([np.full(length, row) for row, length in enumerate(lengths)])


def counted(lengths: tuple[int, ...] | list[int]) -> Ragged:
    """Items whose steps are numbered through: 0, 1, 2, ..."""
    return Ragged.of(np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1]))


def shares_of(rows: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=rows)


def by_item(shares: np.ndarray) -> Learner:
    """The class probabilities of an item are the row of its number."""
    table = torch.from_numpy(shares)
    return scripted(lambda sequences: table[sequences.values[:, 0]])


def by_step(shares: np.ndarray) -> Learner:
    """The class probabilities of a step are the row of its number."""
    table = torch.from_numpy(shares)
    return scripted(lambda sequences: table[sequences.values[sequences.mask]])


def writing(texts: list[list[int]]) -> Learner:
    """An item's text is the one of its number."""
    return scripted(lambda sequences: [np.array(texts[row], dtype=np.int64) for row in sequences.values[:, 0].tolist()])


# the order of answers


@pytest.fixture(params=[1, 2, 512])
def batch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(evaluate_heads, "ENCODE_BATCH", request.param)
    return int(request.param)


def test_probabilities_stand_in_the_order_of_the_items(batch: int) -> None:
    shares = shares_of(len(LENGTHS), 3)
    learner = by_item(shares)
    found = class_probabilities(learner, numbered(LENGTHS))
    np.testing.assert_allclose(found, shares, rtol=1e-6)
    assert found.dtype == np.float64
    assert learner.head.seen == [min(batch, len(LENGTHS))] * math.ceil(len(LENGTHS) / batch)


@given(lengths=some_lengths)
def test_those_of_steps_stand_item_by_item(lengths: list[int]) -> None:
    shares = shares_of(sum(lengths), 4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evaluate_heads, "ENCODE_BATCH", 2)
        found = class_probabilities(by_step(shares), counted(lengths))
    np.testing.assert_allclose(found, shares, rtol=1e-6)


def test_texts_stand_in_the_order_of_the_items(batch: int) -> None:
    texts = [[row] * (row % 3) for row in range(len(LENGTHS))]
    found = written_by(writing(texts), numbered(LENGTHS))
    assert [one.tolist() for one in found] == texts


@pytest.mark.parametrize("name", list(HEADS))
def test_a_real_learner_says_of_each_item_what_it_says_of_it_alone(name: str, batch: int) -> None:
    size = tiny.VOCABULARY
    model = tiny.siamese("mean_output")
    spec = {"name": name, **({"longest": 4} if name == "decode" else {})}
    learner = Learner(model, build_head(spec, model, size, seed=0)).eval()
    items = Ragged.of([np.arange(2, 2 + length) % size for length in LENGTHS])
    alone = [learner.predict(items.take(np.array([row]))) for row in range(len(items))]
    if name == "decode":
        for one, (other,) in zip(written_by(learner, items), alone, strict=True):
            assert np.array_equal(one, other)
    else:
        expected = torch.cat(alone).detach().numpy()
        np.testing.assert_allclose(class_probabilities(learner, items), expected, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_judging_leaves_the_learner_as_it_was(training: bool) -> None:
    learner = by_item(shares_of(len(LENGTHS), 3)).train(training)
    class_probabilities(learner, numbered(LENGTHS))
    assert learner.training is learner.head.training is learner.model.training is training


# classes


@pytest.mark.parametrize(("rows", "classes"), [(1, 1), (1, 3), (40, 2), (60, 7)])
def test_metrics_of_classes_are_those_of_scikit_learn(rows: int, classes: int) -> None:
    shares, target = shares_of(rows, classes, 1), np.random.default_rng(2).integers(0, classes, rows)
    told = evaluate_classes(by_item(shares), ClassStore(numbered([1 + row % 4 for row in range(rows)]), target), ())
    called = shares.argmax(1)
    assert np.array_equal(told.answers, called)
    assert set(told.values) == set(CLASS_METRICS)
    assert not told.undefined
    assert told.values["accuracy"] == pytest.approx(oracle.accuracy_score(target, called))
    wanted = oracle.f1_score(target, called, labels=np.unique(target), average="macro", zero_division=0)
    assert told.values["macro_f1"] == pytest.approx(wanted)
    if classes > 1:
        assert told.values["log_loss"] == pytest.approx(oracle.log_loss(target, shares, labels=range(classes)))


def test_a_metric_without_a_value_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_shares: Any, _target: Any) -> float:
        raise Undefined("there is no such thing")

    monkeypatch.setitem(CLASS_METRICS, "never", Measure("never", HIGHER, never))
    monkeypatch.setitem(WRITTEN_METRICS, "never", Measure("never", HIGHER, never))
    store = ClassStore(numbered((1, 2)), np.array([0, 1]))
    texts = DecodeStore(numbered((1, 2)), Ragged.of([np.array([END]), np.array([2, END])]))
    for told in (evaluate_classes(by_item(shares_of(2, 3)), store, ()), evaluate_texts(writing([[], [2]]), texts, ())):
        assert told.undefined == {"never": "there is no such thing"}
        assert "never" not in told.values
        assert len(told.values) > 2


def test_probabilities_that_are_not_finite_have_metrics_that_are_not() -> None:
    shares = shares_of(3, 2)
    shares[1] = math.nan
    told = evaluate_classes(by_item(shares), ClassStore(numbered((1, 2, 1)), np.array([0, 1, 0])), ())
    assert set(told.values) == set(CLASS_METRICS)
    assert all(math.isnan(value) for value in told.values.values())
    assert len(told.answers) == 3


# steps

TAGS = ("B-A", "B-C", "I-A", "I-C", "O")


def certain(classes: tuple[str, ...], tags: str) -> np.ndarray:
    return np.eye(len(classes))[[classes.index(tag) for tag in tags.split()]]


def steps_told(classes: tuple[str, ...], said: str, right: str, lengths: tuple[int, ...]) -> Any:
    items = counted(lengths)
    target = np.array([classes.index(tag) for tag in right.split()])
    store = StepStore(items, Ragged(target, items.starts, items.lengths))
    return evaluate_steps(by_step(certain(classes, said)), store, classes)


def test_every_step_is_one_answer() -> None:
    told = steps_told(("N", "V"), "N V V N", "N N V N", (1, 3))
    assert told.answers.tolist() == [0, 1, 1, 0]
    assert told.values["accuracy"] == 0.75
    assert set(told.values) == set(CLASS_METRICS)


def test_spans_are_counted_where_the_classes_are_tags_of_spans() -> None:
    # right: A(0-1), C(0-0), A(2-2); said: A(0-1), A(0-0), A(2-2); a span ends with its sentence
    told = steps_told(TAGS, "B-A I-A B-A O B-A", "B-A I-A B-C O B-A", (2, 3))
    assert told.values["span_f1"] == pytest.approx(2 * 2 / 6)
    assert told.values["accuracy"] == 0.8
    assert set(told.values) == {*CLASS_METRICS, "span_f1"}


def test_a_span_does_not_reach_into_the_next_sentence() -> None:
    apart = steps_told(TAGS, "B-A I-A", "B-A B-A", (1, 1))
    together = steps_told(TAGS, "B-A I-A", "B-A B-A", (2,))
    assert apart.values["span_f1"] == 1.0
    assert together.values["span_f1"] == 0.0


@pytest.mark.parametrize("classes", [("N", "V"), ("O",), ("B-A", "N", "O")])
def test_other_classes_have_no_spans(classes: tuple[str, ...]) -> None:
    told = steps_told(classes, classes[0], classes[0], (1,))
    assert "span_f1" not in told.values
    assert "span_f1" not in told.undefined


def test_no_span_on_either_side_is_undefined_and_the_rest_is_not() -> None:
    told = steps_told(TAGS, "O O O", "O O O", (1, 2))
    assert told.undefined == {"span_f1": "there are no spans, neither predicted nor true"}
    assert set(told.values) == set(CLASS_METRICS)
    assert told.values["accuracy"] == 1.0


# texts


@given(st.lists(st.tuples(*[st.lists(st.integers(2, 4), max_size=4)] * 2), min_size=1, max_size=8))
def test_a_text_is_right_when_every_token_is(texts: list[tuple[list[int], list[int]]]) -> None:
    said, right = zip(*texts, strict=True)
    lengths = [1 + row % 3 for row in range(len(texts))]
    store = DecodeStore(numbered(lengths), Ragged.of([np.array([*one, END]) for one in right]))
    told = evaluate_texts(writing(list(said)), store, ())
    exact = [int(a == b) for a, b in texts]
    assert told.answers.tolist() == exact
    assert told.values["exact_match"] == pytest.approx(np.mean(exact))
    agreeing = [
        sum(x == y for x, y in zip(a, b, strict=False)) / max(len(a), len(b)) if a or b else 1.0 for a, b in texts
    ]
    assert told.values["token_accuracy"] == pytest.approx(np.mean(agreeing))
    assert set(told.values) == set(WRITTEN_METRICS)


# all of them


def test_there_is_an_objective_for_every_head() -> None:
    assert set(WITH_HEAD) == set(HEADS)


@pytest.mark.parametrize("name", list(WITH_HEAD))
def test_the_primary_metric_is_the_share_of_right_answers(name: str) -> None:
    items = numbered(LENGTHS)
    target = np.array([0, 1, 2, 0, 1, 2])
    steps = np.repeat(target, LENGTHS)
    stores = {
        "classify": ClassStore(items, target),
        "label_steps": StepStore(counted(LENGTHS), Ragged(steps, items.starts, items.lengths)),
        "decode": DecodeStore(items, Ragged.of([np.array([2, row, END]) for row in range(6)])),
    }
    learners = {
        "classify": by_item(shares_of(6, 3)),
        "label_steps": by_step(shares_of(sum(LENGTHS), 3)),
        "decode": writing([[2, row if row % 2 else 7] for row in range(6)]),
    }
    told = WITH_HEAD[name].evaluate(learners[name], stores[name], ("a", "b", "c"))
    assert told.values[WITH_HEAD[name].examples.primary] == pytest.approx(np.mean(told.answers == stores[name].target))
    assert len(told.answers) == len(stores[name].target)
    assert 0 < told.values[WITH_HEAD[name].examples.primary] < 1


def test_tensors_of_any_precision_become_float64() -> None:
    def say(sequences: Sequences) -> Tensor:
        return torch.full((len(sequences), 2), 0.5, dtype=torch.bfloat16)

    assert class_probabilities(scripted(say), numbered((1, 2))).tolist() == [[0.5, 0.5]] * 2
