"""The best baseline, and the sentences that compare an encoder with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.baselines.examples import EXAMPLE_FLOORS
from seqtwin.baselines.pairs import SERIES_FLOORS, TEXT_FLOORS
from seqtwin.floors import FLOOR_NAMES, UNLABELLED, Baselines, Floors, best_line, compare_with_best

ALL = {"train": 80, "dev": 20, "test": 30}
value = st.floats(0, 1).map(lambda number: round(number, 3))


def measured(floors: Floors, metric: str = "roc_auc", sampled: dict[str, int] = ALL) -> Baselines:
    return Baselines(floors, metric, ALL, sampled)


def floor(dev: float, test: float, metric: str = "roc_auc") -> Floors:
    return {"tfidf_char": {"dev": {metric: dev}, "test": {metric: test}}}


def said(floors: Floors, dev: float, test: float, metric: str = "roc_auc") -> str:
    return " ".join(compare_with_best(measured(floors, metric), {metric: dev}, {metric: test}))


def test_a_baseline_that_wins_is_named_with_both_scores() -> None:
    assert said(floor(0.7, 0.712), 0.65, 0.666) == (
        "A free baseline is better: character TF-IDF, which learns nothing, has ROC-AUC .712 on test against .666 "
        "(dev .700 against .650)."
    )


def test_an_encoder_that_wins_is_said_to_win() -> None:
    assert said(floor(0.65, 0.666), 0.7, 0.712) == (
        "The encoder is better than the best free baseline, character TF-IDF, which learns nothing: ROC-AUC .712 on "
        "test against .666 (dev .700 against .650)."
    )


@pytest.mark.parametrize(
    ("dev", "test", "words"),
    [
        (0.6, 0.8, "better on only one split than"),
        (0.8, 0.6, "better on only one split than"),
        (0.7, 0.7, "as good as"),
        (0.70004, 0.69996, "as good as"),  # equal as printed
        (0.7, 0.8, "The encoder is better"),
        (0.7, 0.6, "A free baseline is better"),
    ],
)
def test_every_outcome_has_its_words(dev: float, test: float, words: str) -> None:
    assert words in said(floor(0.7, 0.7), dev, test)


def test_of_an_error_the_smaller_is_better() -> None:
    assert said(floor(0.1, 0.1, "mse"), 0.2, 0.2, "mse").startswith("A free baseline is better")
    floors: Floors = {name: {"dev": {"mse": dev}, "test": {"mse": 0.0}} for name, dev in (("a", 0.3), ("b", 0.2))}
    best = measured(floors, "mse").best
    assert best is not None
    assert best.name == "b"


@given(st.lists(st.tuples(value, value), min_size=1, max_size=6), value, value)
def test_the_best_is_chosen_on_dev_alone(scores: list[tuple[float, float]], dev: float, test: float) -> None:
    floors: Floors = {str(i): {"dev": {"roc_auc": a}, "test": {"roc_auc": b}} for i, (a, b) in enumerate(scores)}
    best = measured(floors).best
    assert best is not None
    assert best.dev == max(a for a, _ in scores)
    assert (best.dev, best.test) == scores[int(best.name)]
    other_test: Floors = {name: {**entry, "test": {"roc_auc": 0.0}} for name, entry in floors.items()}
    again = measured(other_test).best
    assert again is not None
    assert again.name == best.name
    wins = said(floors, dev, test).startswith("A free baseline is better")
    assert wins == (best.dev >= dev and best.test >= test and (best.dev, best.test) != (dev, test))


def test_what_cannot_be_compared_has_a_reason() -> None:
    assert said({}, 0.5, 0.5).endswith("these data have none.")
    undefined: Floors = {"dtw": {"dev": {}, "test": {}}}
    assert said(undefined, 0.5, 0.5).endswith("ROC-AUC is undefined.")
    assert compare_with_best(measured(floor(0.7, 0.7)), {}, {})[0].endswith("ROC-AUC is undefined for the encoder.")
    assert best_line(measured({})) == "a free baseline: none, since these data have none"


def test_a_sample_is_stated() -> None:
    some = {**ALL, "test": 10}
    lines = compare_with_best(measured(floor(0.7, 0.7), sampled=some), {"roc_auc": 0.5}, {"roc_auc": 0.5})
    assert lines[1:] == ["The baselines were measured on samples: 10 of 30 test rows."]
    assert best_line(measured(floor(0.7, 0.7), sampled={**ALL, "dev": 5})).endswith("on the dev split (5 of 20 rows)")


def test_every_baseline_has_a_printed_name() -> None:
    every = {*TEXT_FLOORS, *SERIES_FLOORS, *EXAMPLE_FLOORS}
    assert every <= set(FLOOR_NAMES)
    assert every >= UNLABELLED
