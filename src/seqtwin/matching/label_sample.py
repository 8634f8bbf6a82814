"""A stratified sample of candidate pairs for a person to label: which pairs, with which weight, written and read back.

The strata are ranges of ranks by score. From the last rank up, their sizes fall by a constant factor, and each stratum
has equally many rows. Any threshold then has about the same number of rows behind its estimate, in effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.data.files.columns import numbers, texts
from seqtwin.data.files.tables import Table, column, read_table
from seqtwin.data.label_words import label_value
from seqtwin.errors import ConfigError, DataError, gathered
from seqtwin.guards.spreadsheets import read_cell
from seqtwin.index.exact_search import Array
from seqtwin.matching.clusters import Pairs
from seqtwin.matching.decisions import Decision
from seqtwin.matching.precision_estimate import Strata
from seqtwin.paths import expand

SAMPLE_COLUMNS = ("left", "right", "score", "ranks", "weight", "decision")
LEAST_ROWS = 20
_MOST_STRATA, _ROWS_PER_STRATUM = 20, 10
_TOP = 32  # the first stratum has this fraction of the pairs
_ROUNDING = 1e-4  # scores of another machine or another batch, relative to the largest score
_REMEDY = "restore these cells: only the column decision may be edited"


def strata_edges(scores: Array, count: int) -> Array:
    """The edges of the strata for a sample of `count` rows: Int[strata + 1]. `scores`: best first.

    Each stratum ends at 1/32 of the pairs times a power of the same factor. Equal scores are in one stratum.

    >>> strata_edges(np.arange(64.0)[::-1], 40).tolist()
    [0, 2, 6, 20, 64]
    """
    strata = int(np.clip(count // _ROWS_PER_STRATUM, 1, _MOST_STRATA))
    shares = _TOP ** np.linspace(-1.0, 0.0, strata) if strata > 1 else np.ones(1)
    ends = np.maximum(np.round(shares * len(scores)).astype(np.int64), 1)
    tied = np.searchsorted(-scores, -scores[ends - 1], side="right")
    return np.unique(np.concatenate([[0], tied]))


def allocate_rows(sizes: Array, count: int) -> Array:
    """The number of rows of each stratum: equal, except that a small stratum is taken whole.

    >>> allocate_rows(np.array([2, 50, 50]), 30).tolist()
    [2, 14, 14]
    """
    rows = np.zeros(len(sizes), dtype=np.int64)
    while (left := count - int(rows.sum())) > 0 and (rows < sizes).any():
        open_strata = np.flatnonzero(rows < sizes)[::-1][:left]
        rows[open_strata] = np.minimum(rows[open_strata] + max(left // len(open_strata), 1), sizes[open_strata])
    return rows


@dataclass(frozen=True)
class Sample:
    """The sampled pairs in random order. `ranks`: Int[rows], from 0; `stratum`: Int[rows]; `weights`: Float[rows], the
    number of candidate pairs that each row represents.
    """

    edges: Array
    ranks: Array
    stratum: Array
    weights: Array


def draw_sample(scores: Array, count: int, generator: np.random.Generator) -> Sample:
    """A sample of `count` of the candidate pairs with these scores (best first), drawn without replacement.

    The order is random: a person who stops early has labelled a random part of each stratum.

    Raises: ConfigError for fewer than 20 rows, or without candidate pairs.
    """
    if count < LEAST_ROWS:
        cause = f"expected {LEAST_ROWS} rows or more in a sample, got {count}"
        raise ConfigError("SAMPLE_ROWS", cause, place="--ask", remedy="200 rows are a good start")
    if not len(scores):
        cause = "no candidate pair reaches the threshold: there is nothing to label"
        raise ConfigError("SAMPLE_NO_PAIRS", cause, place="--sample", remedy="set a lower --threshold")
    edges = strata_edges(scores, count)
    rows = allocate_rows(np.diff(edges), count)
    drawn = [
        start + generator.choice(end - start, size=own, replace=False)
        for start, end, own in zip(edges[:-1].tolist(), edges[1:].tolist(), rows.tolist(), strict=True)
    ]
    stratum = np.repeat(np.arange(len(rows)), rows)
    order = generator.permutation(len(stratum))
    weights = (np.diff(edges) / rows)[stratum]
    return Sample(edges, np.concatenate(drawn)[order], stratum[order], weights[order])


def sample_rows(left: Sequence[str], right: Sequence[str], pairs: Pairs, sample: Sample) -> list[list[object]]:
    """The rows of a sample file with the columns `SAMPLE_COLUMNS`; `decision` is empty."""
    return [
        [
            left[int(pairs.left[rank])],
            right[int(pairs.right[rank])],
            f"{pairs.scores[rank]:.9g}",
            # words, because a spreadsheet takes 1-12 for a date
            f"{sample.edges[stratum] + 1} to {sample.edges[stratum + 1]}",
            f"{weight:.9g}",
            "",
        ]
        for rank, stratum, weight in zip(
            sample.ranks.tolist(), sample.stratum.tolist(), sample.weights.tolist(), strict=True
        )
    ]


@dataclass(frozen=True)
class LabelFile:
    """A sample that was read back. `decisions`: of the labelled rows; `unlabelled`: the number of the others."""

    strata: Strata
    decisions: list[Decision]
    unlabelled: int


def read_labels(path: Path | str, left: Sequence[str], right: Sequence[str], pairs: Pairs) -> LabelFile:
    """A labelled sample of these candidate pairs (rows of `left` and `right`).

    Rows without a decision count as missing at random within their stratum.

    Raises: DataError for bad rows, for cells that were edited, for rows that are missing or repeated, for a sample of
    another list or encoder, and for a stratum without a label.
    """
    path = expand(str(path))
    table = read_table(path)
    _check_columns(table)
    rows = _read_rows(table)
    table.finish(_REMEDY)
    edges, stratum = _read_edges(table, rows.ranges)
    _check_weights(table, rows.weights, edges, stratum)
    _check_pairs(table, rows, {(left[a], right[b]): i for i, (a, b) in enumerate(_tuples(pairs))}, pairs.scores)
    labelled, same = (np.bincount(stratum[rows.label >= least], minlength=len(edges) - 1) for least in (0, 1))
    if not labelled.all():
        start, end = edges[int(labelled.argmin())] + 1, edges[int(labelled.argmin()) + 1]
        cause = f"no pair of the ranks {start} to {end} has a decision"
        raise DataError("LABELS_FEW", cause, place=str(path), remedy="decide more pairs: same or different")
    done = np.flatnonzero(rows.label >= 0).tolist()
    decisions = [Decision(rows.left[i], rows.right[i], bool(rows.label[i]), table.lines[i]) for i in done]
    return LabelFile(Strata(edges, labelled, same), decisions, len(table) - len(done))


@dataclass(frozen=True)
class _Rows:
    """The cells of a sample file. `ranges`: the first and the last rank; `label`: 1 same, 0 different, -1 undecided."""

    left: list[str]
    right: list[str]
    scores: Array
    weights: Array
    ranges: list[tuple[int, int]]
    label: Array


def _check_columns(table: Table) -> None:
    missing = [name for name in SAMPLE_COLUMNS if name not in table.columns]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        cause = f"no sample: the columns {names} are missing (a review file is not a random sample)"
        raise DataError("LABELS_COLUMNS", cause, place=table.place, remedy="write a sample with --sample and label it")


def _read_rows(table: Table) -> _Rows:
    left, right = (list(map(read_cell, texts(table, name, empty="error")[0])) for name in ("left", "right"))
    ranges = [_range(table, row, cell) for row, cell in enumerate(column(table, "ranks"))]
    label = [_label(table, row, cell) for row, cell in enumerate(column(table, "decision"))]
    return _Rows(left, right, numbers(table, "score"), numbers(table, "weight"), ranges, np.array(label))


def _range(table: Table, row: int, cell: object) -> tuple[int, int]:
    parts = str(cell).split(" to ")
    if len(parts) == 2 and all(part.strip().isdecimal() for part in parts) and 0 < int(parts[0]) <= int(parts[1]):
        return int(parts[0]) - 1, int(parts[1])
    table.report(row, "ranks", f"expected two ranks, such as 1 to 50, found {str(cell)[:40]!r}")
    return 0, 0


def _label(table: Table, row: int, cell: object) -> int:
    word = "" if cell is None else str(cell).strip().lower()
    target = label_value(word)
    if target is None and word:
        table.report(row, "decision", f"expected same, different or an empty cell, found {word[:40]!r}")
    return -1 if target is None else int(target == 1)


def _read_edges(table: Table, ranges: list[tuple[int, int]]) -> tuple[Array, Array]:
    """The edges of the strata, and the stratum of each row."""
    known = sorted(set(ranges))
    ends = [0, *(end for _, end in known)]
    if [start for start, _ in known] != ends[:-1]:
        lost = next(i for i, (start, _) in enumerate(known) if start != ends[i])
        cause = f"the ranges of ranks do not follow each other: one ends at {ends[lost]}, the next is "
        cause += f"{known[lost][0] + 1} to {known[lost][1]}"
        raise DataError("LABELS_RANKS", cause, place=table.place, remedy="restore all rows of the sample")
    return np.array(ends), np.array([known.index(own) for own in ranges])


def _check_weights(table: Table, weights: Array, edges: Array, stratum: Array) -> None:
    """Check that the weights of each stratum add up to its size: no row was removed, added or edited."""
    expected = np.diff(edges) / np.bincount(stratum)
    wrong = np.flatnonzero(~np.isclose(weights, expected[stratum], rtol=1e-4))
    if len(wrong):
        row = int(wrong[0])
        start, end, own = edges[stratum[row]], edges[stratum[row] + 1], int((stratum == stratum[row]).sum())
        cause = (
            f"line {table.lines[row]}: the weight is {weights[row]:.6g}, but {own} rows for the {end - start} pairs of "
            f"the ranks {start + 1} to {end} need the weight {expected[stratum[row]]:.6g}"
        )
        remedy = "restore the weights and all rows of the sample; leave the decision of an uncertain pair empty"
        raise DataError("LABELS_WEIGHTS", cause, place=table.place, remedy=remedy)


def _tuples(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def _check_pairs(table: Table, rows: _Rows, rank_of: dict[tuple[str, str], int], scores: Array) -> None:
    """Check that each row is a candidate pair of the list, with its score, in its range of ranks, and there once."""
    problems, seen = [], dict[int, int]()
    allowed = _ROUNDING * float(np.abs(scores).max(initial=0.0))
    for row, pair in enumerate(zip(rows.left, rows.right, strict=True)):
        rank, (start, end) = rank_of.get(pair), rows.ranges[row]
        if rank is None or end > len(scores):
            problem = "this is no candidate pair of the list"
        elif seen.setdefault(rank, row) != row:
            problem = f"repeats the pair of line {table.lines[seen[rank]]}"
        elif abs(rows.scores[row] - scores[rank]) > allowed:
            problem = f"the score is {rows.scores[row]:.6g} in the file, but {scores[rank]:.6g} now"
        elif not scores[end - 1] - allowed <= scores[rank] <= scores[start] + allowed:
            problem = f"the pair has rank {rank + 1} now, not {start + 1} to {end}"
        else:
            continue
        problems.append(f"line {table.lines[row]}: {problem}")
    if problems:
        remedy = f"{_REMEDY}; use the same list, columns, encoder and -k as for --sample, or write a new sample"
        raise gathered("LABELS_PAIRS", table.place, problems, remedy)
