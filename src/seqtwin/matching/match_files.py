"""The lists that dedupe, link and mine read, and the tables they write.

A cell that begins with =, +, - or @ gets an apostrophe in front (`seqtwin.guards.spreadsheets`). Files of decisions and
labels are read back without it. Pairs for training are written unchanged.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from seqtwin.data.file_summary import columns_line
from seqtwin.data.files.columns import classes, joined_texts, texts
from seqtwin.data.files.formats import LINES, format_of
from seqtwin.data.files.read_text import ending_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import read_table, read_text_table
from seqtwin.data.inspect_file import Inspection
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.reading.choose_columns import named_columns
from seqtwin.data.reading.pair_tables import REMEDY_ROWS
from seqtwin.errors import ConfigError, DataError
from seqtwin.guards.spreadsheets import csv_text, raw_cells
from seqtwin.inference.vector_files import free_name, read_texts
from seqtwin.matching.clusters import Pairs
from seqtwin.matching.decisions import Decision
from seqtwin.matching.dedupe import Deduped
from seqtwin.matching.label_sample import SAMPLE_COLUMNS, Sample, sample_rows
from seqtwin.matching.link import Links
from seqtwin.matching.mine import pairs_of_groups
from seqtwin.paths import expand

EXCEL_READS_UTF8 = "\ufeff"  # without this mark, Excel displays each accented letter as two characters


@dataclass(frozen=True)
class Listed:
    """The texts of a file and its other columns. `name`: of the column of texts; `understood`: notes for the user."""

    name: str
    texts: list[str]
    others: dict[str, list[object]]
    understood: tuple[str, ...] = ()

    def other_cells(self, row: int) -> list[object]:
        """The cells of the other columns in a row."""
        return [values[row] for values in self.others.values()]


def read_listed(
    path: Path | str, column: str | None = None, option: str = "--column", *, quoting: Quoting | None = None
) -> Listed:
    """The texts of a table, or of a text file with one text per line, including blank ones.

    `column`: of the texts; not needed for a table with one column. `option`: the name of that option, for errors.

    Raises: ConfigError if the column must be named; DataError for another kind of file, or with all bad rows.
    """
    path = expand(str(path))
    if ending_of(path) == ".txt":
        lines = read_texts(path, None, blank=True)
        return Listed("text", lines, {}, (columns_line(path.name, len(lines), {"text": "the whole line"}),))
    table = read_text_table(path, quoting=quoting)
    columns = list(table.columns)
    form = format_of(path)
    if column is None and form is not None and form.texts:
        column = LINES
    if column is None and len(columns) > 1:
        names = ", ".join(f"'{name}'" for name in columns[:12])
        cause = f"expected the name of the column of texts, one of: {names}"
        raise ConfigError("MATCH_COLUMN", cause, place=str(path), remedy=f"name it: {option} NAME")
    used = named_columns(table, (columns[0] if column is None else column,))
    listed = joined_texts(table, used, empty="unk")[0]
    table.finish(REMEDY_ROWS)
    others = {other: table.columns[other] for other in columns if other not in used}
    line = columns_line(path.name, len(table), {"text": used}, list(others))
    return Listed(" + ".join(used), listed, others, (line, *table.notes))


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return csv_text([head, *rows])


def _score(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else ""


CLUSTER_COLUMNS = ("row", "cluster", "representative", "representative_row", "score", "rows_in_cluster", "weakest_link")


def clusters_csv(listed: Listed, deduped: Deduped) -> str:
    """One line per row in the order of the file, with all its columns.

    A column of the file whose name is needed for the result is renamed `input_<name>`.
    """
    taken = {*CLUSTER_COLUMNS, "text"}
    others = _renamed(list(listed.others), taken | {listed.name}, "input_")
    sizes = deduped.sizes[deduped.cluster]
    rows = (
        [row, text, cluster, listed.texts[centre], centre, _score(score), size, _score(weakest), *other_cells]
        for row, (text, cluster, centre, score, size, weakest, *other_cells) in enumerate(
            zip(
                listed.texts,
                deduped.cluster.tolist(),
                deduped.representative.tolist(),
                deduped.scores.tolist(),
                sizes.tolist(),
                deduped.weakest[deduped.cluster].tolist(),
                *listed.others.values(),
                strict=True,
            )
        )
    )
    return _csv(["row", "text", *CLUSTER_COLUMNS[1:], *others], rows)


def review_csv(listed: Sequence[str], deduped: Deduped, decisions: Sequence[Decision] = (), count: int = 200) -> str:
    """The decided pairs, followed by `count` pairs for a person to decide, whose `decision` is empty."""
    words = {True: "same", False: "different"}
    rows = [[d.left, d.right, "", "", words[d.same]] for d in decisions]
    pairs: Pairs = deduped.review(count)
    for a, b, score in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.scores.tolist(), strict=True):
        joined = "yes" if deduped.cluster[a] == deduped.cluster[b] else "no"
        rows.append([listed[a], listed[b], _score(score), joined, ""])
    return EXCEL_READS_UTF8 + _csv(["left", "right", "score", "joined", "decision"], rows)


def sample_csv(left: Sequence[str], right: Sequence[str], pairs: Pairs, sample: Sample) -> str:
    """A sample of candidate pairs for a person to label, whose `decision` is empty."""
    return EXCEL_READS_UTF8 + _csv(SAMPLE_COLUMNS, sample_rows(left, right, pairs, sample))


LINK_COLUMNS = ("left_row", "left", "right_row", "right", "score", "margin", "mutual", "next_row", "next", "next_score")


def links_csv(left: Listed, right: Listed, links: Links) -> str:
    """One line per row of the left list, also without a match; several lines for several matches.

    `next` is the best right text other than the match; without a match, the nearest text below the threshold. The other
    columns of both lists follow, as `left_<name>` and `right_<name>`.
    """
    rows: list[list[object]] = []
    for row, text in enumerate(left.texts):
        next_row = int(links.next_rows[row])
        after = [next_row, right.texts[next_row], _score(links.next_scores[row])] if next_row >= 0 else ["", "", ""]
        for place, match in enumerate(links.rows[row].tolist()):
            if match >= 0:
                margin = [_score(links.margins[row]), "yes" if links.mutual[row] else "no"] if not place else ["", ""]
                middle = [match, right.texts[match], _score(links.scores[row, place]), *margin]
                rows.append([row, text, *middle, *after, *left.other_cells(row), *right.other_cells(match)])
            elif not place:
                rows.append([row, text, *[""] * 5, *after, *left.other_cells(row), *[""] * len(right.others)])
    return _csv([*LINK_COLUMNS, *_other_columns("left", left), *_other_columns("right", right)], rows)


def _renamed(names: Sequence[str], taken: Collection[str], prefix: str) -> list[str]:
    """The names, prefixed if they are taken. No two columns of the result have the same name."""
    used = {*taken, *(name for name in names if name not in taken)}
    renamed = []
    for name in names:
        free = free_name(name, used, prefix) if name in taken else name
        used.add(free)
        renamed.append(free)
    return renamed


def _other_columns(side: str, listed: Listed) -> list[str]:
    taken = {name.removeprefix(f"{side}_") for name in LINK_COLUMNS if name.startswith(f"{side}_")}
    return [f"{side}_{name}" for name in _renamed(list(listed.others), taken, "input_")]


def pairs_csv(rows: Iterable[Sequence[object]], name: str) -> str:
    """Pairs with one value each. `name`: `label` for training pairs, `score` for other pairs."""
    with raw_cells(name == "label"):
        return _csv(["left", "right", name], rows)


def read_labelled(data: Inspection, cut: float = 0.5) -> tuple[list[str], list[str], list[bool]]:
    """The left texts, the right texts, and whether each pair is the same. Texts with classes become pairs of one class.

    Raises: DataError for other data, or with all bad rows.
    """
    single = len(data.files) == 1
    if data.kind == "items" and single:
        table = read_table(data.judged_file, quoting=data.quoting)
        names, keep = texts(table, data.name("text"), empty="drop")
        groups = classes(table, data.name("label"))
        table.finish(REMEDY_ROWS)
        return pairs_of_groups(list(compress(names, keep)), list(compress(groups, keep)))
    if data.kind != "pairs":
        what = data.kind if single else f"a folder of {data.kind}"
        cause = f"expected pairs, or one file of texts with one class each, found {what}"
        raise DataError("MINE_KIND", cause, place=str(data.judged_file), remedy="mine from the training file")
    pairs = read_inspected_pairs(data, split="train", cut=cut)
    return pairs.frame["left"].tolist(), pairs.frame["right"].tolist(), (pairs.frame["target"] >= cut).tolist()
