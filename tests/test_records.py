"""The records refuse what they were not made for, when they are made."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from seqtwin.records import Compared, DecodeBatch, LabelledBatch, PairBatch, Sequences, States

IDS = torch.tensor([[5, 6, 7], [8, 0, 0]])
TEXTS = Sequences(IDS, torch.tensor([3, 1]))


def test_the_mask_goes_by_length_and_not_by_value() -> None:
    with_the_pads_id_inside = Sequences(torch.tensor([[5, 0, 7], [0, 0, 0]]), torch.tensor([3, 1]))
    assert with_the_pads_id_inside.mask.tolist() == [[True, True, True], [True, False, False]]


def test_series_have_channels() -> None:
    series = Sequences(torch.zeros(2, 3, 4), torch.tensor([3, 1]))
    assert len(series) == 2
    assert series.mask.shape == (2, 3)


def test_a_width_beyond_the_longest_is_allowed_and_so_is_an_empty_batch() -> None:
    assert Sequences(IDS, torch.tensor([2, 1])).mask.sum() == 3
    assert len(Sequences(torch.zeros(0, 3, dtype=torch.long), torch.zeros(0, dtype=torch.long))) == 0


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([3, 0], r"lengths: expected 1 to 3 \(the width\), got 0 to 3"),
        ([4, 1], r"lengths: expected 1 to 3 \(the width\), got 1 to 4"),
        ([-1, 1], r"got -1 to 1"),
    ],
)
def test_lengths_outside_the_width_are_refused(lengths: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Sequences(IDS, torch.tensor(lengths))


# under test the shapes are checked before the plain check is reached; either way nothing wrong is made
refused = pytest.raises((ValueError, TypeCheckError))


@pytest.mark.parametrize(
    ("values", "lengths"),
    [
        (IDS, torch.tensor([3, 1, 1])),
        (IDS, torch.tensor([[3, 1]])),
        (IDS, torch.tensor([3.0, 1.0])),
        (IDS[0], torch.tensor([3])),
        (IDS.float(), torch.tensor([3, 1])),
        (torch.zeros(2, 3, 4, 5), torch.tensor([3, 1])),
        (torch.zeros(2, 3, 4, dtype=torch.bool), torch.tensor([3, 1])),
        (np.array([[5, 6, 7]]), torch.tensor([3])),
    ],
)
def test_sequences_of_another_shape_or_kind_are_refused(values, lengths) -> None:
    with refused:
        Sequences(values, lengths)


def pairs(**changes) -> PairBatch:
    fields = {"left": TEXTS, "right": TEXTS, "target": torch.tensor([0.0, 1.0]), "rows": torch.arange(2)}
    return PairBatch(**{**fields, **changes})


def test_sides_may_differ_in_width() -> None:
    assert len(pairs(right=Sequences(IDS[:, :1], torch.tensor([1, 1])))) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"right": Sequences(IDS[:1], torch.tensor([3]))},
        {"target": torch.tensor([0.0])},
        {"target": torch.tensor([0, 1])},
        {"rows": torch.arange(3)},
        {"rows": torch.tensor([0.0, 1.0])},
        {"target": torch.tensor([0.0, 1.5])},
        {"target": torch.tensor([-0.1, 1.0])},
        {"target": torch.tensor([0.0, torch.nan])},
    ],
)
def test_pairs_that_do_not_fit_together_are_refused(changes) -> None:
    with refused:
        pairs(**changes)


def test_targets_outside_their_range_are_named() -> None:
    with pytest.raises(ValueError, match=r"target: expected values in \[0, 1\], got -0.5 to 1.5"):
        pairs(target=torch.tensor([-0.5, 1.5]))


def states(**changes) -> States:
    fields = {
        "outputs": torch.zeros(2, 3, 8),
        "hidden": torch.zeros(2, 1, 2, 4),
        "cell": torch.zeros(2, 1, 2, 5),
        "lengths": torch.tensor([3, 1]),
    }
    return States(**{**fields, **changes})


def test_states_without_a_cell_and_with_a_wider_one() -> None:
    assert states().cell.shape[-1] == 5
    assert states(cell=None).cell is None


@pytest.mark.parametrize(
    "changes",
    [
        {"outputs": torch.zeros(2, 3, 4)},
        {"outputs": torch.zeros(3, 3, 8)},
        {"hidden": torch.zeros(1, 2, 2, 4)},
        {"hidden": torch.zeros(2, 2, 4)},
        {"cell": torch.zeros(2, 2, 2, 5)},
        {"cell": torch.zeros(2, 1, 1, 5)},
        {"lengths": torch.tensor([3])},
    ],
)
def test_states_that_do_not_fit_together_are_refused(changes) -> None:
    with refused:
        states(**changes)


def test_words_with_letters_have_parts_and_a_series_has_numbers() -> None:
    words = Sequences(torch.tensor([[[5, 1, 2], [6, 3, 0]], [[7, 4, 4], [0, 0, 0]]]), torch.tensor([2, 1]))
    assert len(words) == 2
    assert words.mask.tolist() == [[True, True], [True, False]]
    assert not words.values.is_floating_point()
    moved = words.to(torch.device("cpu"))
    assert torch.equal(moved.values, words.values)


# labels


def labelled(**changes) -> LabelledBatch:
    fields = {"sequences": TEXTS, "target": torch.tensor([0, 4]), "rows": torch.arange(2)}
    return LabelledBatch(**{**fields, **changes})


def test_there_is_a_class_for_each_sequence_or_for_each_step() -> None:
    assert len(labelled()) == 2
    assert len(labelled(target=torch.tensor([0, 4, 1, 1]))) == 2


def test_labels_for_neither_are_named() -> None:
    with pytest.raises(ValueError, match="expected 2 labels, or 4 with one per step; got 3"):
        labelled(target=torch.tensor([0, 4, 1]))


@pytest.mark.parametrize(
    "changes",
    [
        {"target": torch.tensor([0])},
        {"target": torch.tensor([0, 1, 2, 3, 4, 5])},  # the pads have no class
        {"target": torch.tensor([0.0, 1.0])},
        {"target": torch.tensor([[0, 1]])},
        {"rows": torch.arange(3)},
        {"rows": torch.tensor([0.0, 1.0])},
    ],
)
def test_labels_that_do_not_fit_are_refused(changes) -> None:
    with refused:
        labelled(**changes)


def decoded(**changes) -> DecodeBatch:
    written = Sequences(torch.tensor([[9, 0], [4, 9]]), torch.tensor([1, 2]))
    return DecodeBatch(**{"sequences": TEXTS, "written": written, "rows": torch.arange(2), **changes})


def test_what_is_to_be_written_stands_row_by_row_without_pads() -> None:
    assert decoded().target.tolist() == [9, 4, 9]
    assert len(decoded()) == 2
    with_the_pads_id_inside = Sequences(torch.tensor([[0, 9], [9, 0]]), torch.tensor([2, 1]))
    assert decoded(written=with_the_pads_id_inside).target.tolist() == [0, 9, 9]


@pytest.mark.parametrize(
    "changes",
    [
        {"written": Sequences(torch.tensor([[9]]), torch.tensor([1]))},
        {"sequences": Sequences(IDS[:1], torch.tensor([3]))},
        {"rows": torch.arange(1)},
        {"rows": torch.tensor([0.0, 1.0])},
    ],
)
def test_texts_that_do_not_fit_together_are_refused(changes) -> None:
    with refused:
        decoded(**changes)


def test_labels_and_texts_move_as_a_whole() -> None:
    for here in (labelled(), decoded()):
        moved = here.to(torch.device("cpu"))
        assert torch.equal(moved.sequences.values, here.sequences.values)
        assert torch.equal(moved.target, here.target)
        assert torch.equal(moved.rows, here.rows)


@pytest.mark.parametrize(
    ("left", "right", "score"),
    [
        ((2, 3), (2, 4), (2,)),
        ((2, 3), (1, 3), (2,)),
        ((2, 3), (2, 3), (3,)),
        ((2, 3), (2, 3), (2, 1)),
        ((2,), (2,), (2,)),
    ],
)
def test_comparisons_that_do_not_fit_together_are_refused(left, right, score) -> None:
    with refused:
        Compared(torch.zeros(left), torch.zeros(right), torch.zeros(score))


def test_records_are_frozen() -> None:
    for record in (
        TEXTS,
        pairs(),
        labelled(),
        decoded(),
        states(),
        Compared(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2)),
    ):
        with pytest.raises(FrozenInstanceError):
            record.lengths = None


def test_records_move_as_a_whole() -> None:
    here = pairs()
    moved = here.to(torch.device("cpu"))
    for side, same in ((here.left, moved.left), (here.right, moved.right)):
        assert torch.equal(side.values, same.values)
        assert torch.equal(side.lengths, same.lengths)
    assert torch.equal(here.target, moved.target)
    assert torch.equal(here.rows, moved.rows)
