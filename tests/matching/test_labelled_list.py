"""Labelled pairs as a list: its candidate pairs are those of dedupe and link, with the labels that pairs imply."""

from pathlib import Path

import numpy as np
import pytest

from drawn import Drawn
from seqtwin.errors import ConfigError
from seqtwin.matching.dedupe import compare_rows, dedupe
from seqtwin.matching.labelled_list import LabelledList, read_labelled_list
from seqtwin.matching.link import compare_lists, link

ANGLES = {"a": 0, "b": 5, "c": 11, "far": 120, "farther": 124, "z": 200}
PAIRS = LabelledList(["a", "b", "far"], ["b", "c", "z"], [True, True, False])


def test_pairs_connected_by_labels_are_the_same() -> None:
    encoder = Drawn(ANGLES)
    rows = [*PAIRS.left, *PAIRS.right]
    pairs = compare_rows(encoder, rows).candidates
    found = PAIRS.rows_reference(encoder, None)
    names = [frozenset((rows[a], rows[b])) for a, b in zip(pairs.left, pairs.right, strict=True)]
    assert {name for name, same in zip(names, found.same, strict=True) if same} == {
        frozenset("ab"), frozenset("bc"), frozenset("ac"),
    }  # fmt: skip
    assert found.scores.tolist() == pairs.scores.tolist()


def test_the_pairs_of_two_lists_are_those_of_link() -> None:
    encoder = Drawn(ANGLES)
    found = PAIRS.lists_reference(encoder, 1, 10)
    # the best matches: a and b with c or each other, far with z; the text b is in both lists, and no pair
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert sorted(found.same.tolist()) == [False, True]


def test_candidates_are_the_pairs_that_become_links() -> None:
    rng = np.random.default_rng(0)
    encoder = Drawn({f"t{n}": float(angle) for n, angle in enumerate(rng.uniform(0, 360, size=40))})
    texts = list(encoder.vectors)
    for k in (None, 2):
        pairs = compare_rows(encoder, texts, k=k).candidates
        for limit in (0.9, 0.99, 0.999):
            cluster = dedupe(encoder, texts, threshold=limit, k=k).cluster
            reaching = pairs.take(pairs.scores >= limit)
            if k is not None:
                assert (cluster[reaching.left] == cluster[reaching.right]).all()
                assert len(np.unique(cluster)) >= len(texts) - len(reaching)
    left, right = texts[:25], texts[20:]
    pairs = compare_lists(encoder, left, right).candidates
    for limit in (0.9, 0.999):
        found = link(encoder, left, right, threshold=limit)
        matched = {(a, int(b)) for a, b in enumerate(found.rows[:, 0]) if b >= 0 and left[a] != right[b]}
        reaching = pairs.take(pairs.scores >= limit)
        assert set(zip(reaching.left.tolist(), reaching.right.tolist(), strict=True)) == matched


def test_a_file_of_pairs_is_read_and_a_folder_refused(tmp_path: Path) -> None:
    lines = [f"a{n},b{n},{n % 2}" for n in range(6)]
    path = tmp_path / "dev.csv"
    path.write_text("\n".join(["left,right,label", *lines]) + "\n", encoding="utf-8")
    found = read_labelled_list(path, 0.5)
    assert (found.left[1], found.right[1], list(found.same)) == ("a1", "b1", [False, True] * 3)
    with pytest.raises(ConfigError, match="got a folder") as caught:
        read_labelled_list(tmp_path, 0.5)
    assert caught.value.code == "PRECISION_DEV"
