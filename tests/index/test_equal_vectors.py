"""Groups of equal vectors, whatever their order, and the rows of the groups found."""

import numpy as np
import pytest

from seqtwin.errors import DamagedError
from seqtwin.index.equal_vectors import Groups, group_equal, read_groups


@pytest.mark.parametrize("rows", [1, 2, 7, 300])
@pytest.mark.parametrize("values", [1, 2, 5])
def test_groups_are_those_of_a_plain_loop(rows: int, values: int) -> None:
    vectors = np.random.default_rng(rows).integers(0, values, (rows, 3)).astype(np.float32)
    groups = group_equal(vectors)
    numbers: dict[tuple[float, ...], int] = {}
    assert groups.numbers.tolist() == [numbers.setdefault(tuple(row), len(numbers)) for row in vectors.tolist()]
    assert len(groups) == len(numbers)
    assert groups.alone == (len(numbers) == rows)
    assert groups.first.tolist() == [groups.numbers.tolist().index(number) for number in range(len(numbers))]


def test_what_differs_by_rounding_alone_is_equal_and_what_differs_is_not() -> None:
    vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    assert group_equal(vectors).alone
    twice = np.concatenate([vectors, vectors * np.float32(1 + 1e-7)])
    assert len(group_equal(twice)) < 1020  # a few stand at the edge of a step
    assert len(group_equal(np.zeros((4, 2), dtype=np.float32))) == 1


def test_rows_of_groups() -> None:
    groups = Groups.from_numbers(np.array([0, 1, 0, 0, 2, 1]))
    assert groups.rows(np.array([[1, 0, 2], [2, 1, 0]]), 1).tolist() == [[1, 0, 4], [4, 1, 0]]
    assert groups.rows(np.array([[0, 1], [2, -1]]), 3).tolist() == [[0, 2, 3], [4, -1, -1]]
    assert groups.rows(np.array([[2, 1, 0]]), 100).tolist() == [[4, 1, 5, 0, 2, 3]]
    assert groups.rows(np.zeros((0, 2), dtype=np.int64), 3).shape == (0, 0)
    alone = Groups.from_numbers(np.arange(3))
    assert alone.rows(np.array([[2, 0, -1]]), 1).tolist() == [[2, 0, -1]]


def test_grown_groups_are_new_ones() -> None:
    grown = Groups.from_numbers(np.array([0, 0])).grown(Groups.from_numbers(np.array([0, 1, 0])))
    assert grown.numbers.tolist() == [0, 0, 1, 2, 1]
    assert grown.first.tolist() == [0, 2, 3]


def test_groups_come_back_and_forged_ones_do_not() -> None:
    groups = Groups.from_numbers(np.array([0, 1, 0]))
    back, behind = read_groups(groups.dump() + b"rest", 3)
    assert (back.numbers.tolist(), behind) == ([0, 1, 0], b"rest")
    for data, rows in [(b"", 3), (groups.dump(), 4), (groups.dump()[:-1], 3), (groups.dump(), 2)]:
        with pytest.raises(DamagedError, match="expected the groups of"):
            read_groups(data, rows)
    for of in ([0, 2, 0], [0, -1, 1], [0, 1, 10**6], [1, 1, 1]):
        forged = (3).to_bytes(8, "little") + np.array(of, dtype="<i4").tobytes()
        with pytest.raises(DamagedError, match="invalid group table"):
            read_groups(forged, 3)
