"""The lists that dedupe, link and mine read, and the tables they write.

Cells are written as they were read: a name that begins with =, +, - or @ is kept (changing it would change the data,
and a decision would no longer find its text). A spreadsheet may take such a cell for a formula, as it does in the file
the name came from; import lists from people you do not trust as text.
"""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.data.file_summary import columns_line
from seqtwin.data.files.columns import classes, joined_texts, texts
from seqtwin.data.files.decode import ending_of
from seqtwin.data.files.formats import LINES, format_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import read_table, read_text_table
from seqtwin.data.inspect import Inspection
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.reading.choose_columns import named_columns
from seqtwin.data.reading.pair_tables import REMEDY_EMPTY, REMEDY_ROWS
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.vector_files import free_name, read_texts
from seqtwin.matching.clusters import Pairs
from seqtwin.matching.decisions import Decision
from seqtwin.matching.dedupe import Deduped
from seqtwin.matching.link import Links
from seqtwin.matching.mine import pairs_of_groups

EXCEL_READS_UTF8 = "\ufeff"  # without this mark a spreadsheet shows every accent as two signs


@dataclass(frozen=True)
class Listed:
    """The texts of a file under the name of their column, its other columns, and what was understood of it in words."""

    name: str
    texts: list[str]
    others: dict[str, list[Any]]
    understood: tuple[str, ...] = ()

    def kept(self, row: int) -> list[Any]:
        """What the other columns hold in a row."""
        return [values[row] for values in self.others.values()]


def read_listed(
    path: Path, column: str | None = None, option: str = "--column", *, quoting: Quoting | None = None
) -> Listed:
    """The texts of a table, or of a text file with one per line, blank ones too. The only column need not be named.

    Raises: ConfigError where the column must be named; DataError for what is no such file, or with all blank rows.
    """
    if ending_of(path) == ".txt":
        lines = read_texts(path, None, blank=True)
        return Listed("text", lines, {}, (columns_line(path.name, len(lines), {"text": "the whole line"}),))
    table = read_text_table(path, quoting=quoting)
    known = list(table.columns)
    form = format_of(path)
    if column is None and form is not None and form.texts:
        column = LINES
    if column is None and len(known) > 1:
        shown = ", ".join(f"'{name}'" for name in known[:12])
        cause = f"which column holds the texts? found: {shown}"
        raise ConfigError("MATCH_COLUMN", cause, place=str(path), remedy=f"name it: {option} NAME")
    name = known[0] if column is None else column
    used = named_columns(table, (name,))
    found = joined_texts(table, used, empty="unk")[0]
    table.finish(REMEDY_ROWS)
    others = {other: table.columns[other] for other in known if other not in used}
    line = columns_line(path.name, len(table), {"text": used}, list(others))
    return Listed(" + ".join(used), found, others, (line, *table.notes))


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _score(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else ""


CLUSTER_COLUMNS = ("row", "cluster", "representative", "representative_row", "score", "rows_in_cluster", "weakest_link")


def clusters_csv(listed: Listed, found: Deduped) -> str:
    """A line for each row in the order of the file, all its columns kept.

    A column of the file whose name is needed for the result comes back as `input_<name>`.
    """
    taken = {*CLUSTER_COLUMNS, "text"}
    others = _renamed(list(listed.others), taken | {listed.name}, "input_")
    sizes = found.sizes[found.cluster]
    rows = (
        [row, text, cluster, listed.texts[middle], middle, _score(score), size, _score(weakest), *kept]
        for row, (text, cluster, middle, score, size, weakest, *kept) in enumerate(
            zip(
                listed.texts,
                found.cluster.tolist(),
                found.representative.tolist(),
                found.scores.tolist(),
                sizes.tolist(),
                found.weakest[found.cluster].tolist(),
                *listed.others.values(),
                strict=True,
            )
        )
    )
    return _csv(["row", "text", *CLUSTER_COLUMNS[1:], *others], rows)


def review_csv(listed: Sequence[str], found: Deduped, decisions: Sequence[Decision] = (), count: int = 200) -> str:
    """The pairs to be asked about, an empty `decision` beside each, after those that were decided already."""
    words = {True: "same", False: "different"}
    rows = [[d.left, d.right, "", "", words[d.same]] for d in decisions]
    asked: Pairs = found.review(count)
    for a, b, score in zip(asked.left.tolist(), asked.right.tolist(), asked.scores.tolist(), strict=True):
        joined = "yes" if found.cluster[a] == found.cluster[b] else "no"
        rows.append([listed[a], listed[b], _score(score), joined, ""])
    return EXCEL_READS_UTF8 + _csv(["left", "right", "score", "joined", "decision"], rows)


LINK_COLUMNS = ("left_row", "left", "right_row", "right", "score", "margin", "mutual", "next_row", "next", "next_score")


def links_csv(left: Listed, right: Listed, found: Links) -> str:
    """A line for each row of the left list (several where several matches were kept), without a match too.

    `next` is the best text of the right list that is not the match; where there is no match, how near the nearest came.
    The other columns of both lists follow, as `left_<name>` and `right_<name>`.
    """
    rows = []
    for row, text in enumerate(left.texts):
        next_row = int(found.next_rows[row])
        after = [next_row, right.texts[next_row], _score(found.next_scores[row])] if next_row >= 0 else ["", "", ""]
        for place, match in enumerate(found.rows[row].tolist()):
            if match >= 0:
                margin = [_score(found.margins[row]), "yes" if found.mutual[row] else "no"] if not place else ["", ""]
                middle = [match, right.texts[match], _score(found.scores[row, place]), *margin]
                rows.append([row, text, *middle, *after, *left.kept(row), *right.kept(match)])
            elif not place:
                rows.append([row, text, *[""] * 5, *after, *left.kept(row), *[""] * len(right.others)])
    return _csv([*LINK_COLUMNS, *_beside("left", left), *_beside("right", right)], rows)


def _renamed(names: Sequence[str], taken: Collection[str], prefix: str) -> list[str]:
    """The names, those that are taken with a prefix, so that no two columns of the result have one name."""
    used = {*taken, *(name for name in names if name not in taken)}
    found = []
    for name in names:
        free = free_name(name, used, prefix) if name in taken else name
        used.add(free)
        found.append(free)
    return found


def _beside(side: str, listed: Listed) -> list[str]:
    taken = {name.removeprefix(f"{side}_") for name in LINK_COLUMNS if name.startswith(f"{side}_")}
    return [f"{side}_{name}" for name in _renamed(list(listed.others), taken, "input_")]


def pairs_csv(rows: Iterable[Sequence[Any]], name: str) -> str:
    """Pairs with one value each: `label` for the next training, `score` for pairs that are only listed."""
    return _csv(["left", "right", name], rows)


def read_labelled(found: Inspection, cut: float = 0.5) -> tuple[list[str], list[str], list[bool]]:
    """Left, right and whether they are the same; class-labelled texts become pairs of one class.

    Raises: DataError for other data, or with all bad rows.
    """
    single = len(found.files) == 1
    if found.kind == "items" and single:
        table = read_table(found.judged_file)
        names, groups = texts(table, found.name("text"), empty="error")[0], classes(table, found.name("label"))
        table.finish(REMEDY_EMPTY)
        return pairs_of_groups(names, groups)
    if found.kind != "pairs":
        what = found.kind if single else f"a folder of {found.kind}"
        cause = f"expected pairs, or one file of texts with a class, found {what}"
        raise DataError("MINE_KIND", cause, place=str(found.judged_file), remedy="mine from the training file")
    data = read_inspected_pairs(found, split="train", cut=cut)
    return data.frame["left"].tolist(), data.frame["right"].tolist(), (data.frame["target"] >= cut).tolist()
