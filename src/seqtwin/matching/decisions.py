"""A person's decisions about pairs of texts: `same` joins them, `different` separates them."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seqtwin.data.files.columns import texts
from seqtwin.data.files.tables import column, read_table
from seqtwin.data.label_words import label_value
from seqtwin.errors import DataError
from seqtwin.guards.spreadsheets import read_cell
from seqtwin.paths import expand

REMEDY = "fix these rows: left and right need a text; decision is same, different or empty"


@dataclass(frozen=True)
class Decision:
    """Whether two texts are the same, and the line of the decision in the review file."""

    left: str
    right: str
    same: bool
    line: int = 0


def read_decisions(path: Path | str) -> list[Decision]:
    """The decided rows of a review file with the columns left, right and decision (same, different or empty).

    Raises: DataError with all bad rows, or with the lines that contradict each other.
    """
    path = expand(str(path))
    table = read_table(path)
    left, right = (texts(table, name, empty="error")[0] for name in ("left", "right"))
    decisions = []
    for row, cell in enumerate(column(table, "decision")):
        word = "" if cell is None else str(cell).strip().lower()
        target = label_value(word)
        if target is not None:
            sides = read_cell(left[row]), read_cell(right[row])
            decisions.append(Decision(*sides, target == 1, table.lines[row]))
        elif word:
            table.report(row, "decision", f"expected same, different or an empty cell, found {word[:40]!r}")
    table.finish(REMEDY)
    check_agreement(decisions, str(path))
    return decisions


@dataclass(frozen=True)
class Known:
    """The decisions as pairs of text numbers. `strangers`: decisions about texts that are not in the list."""

    same: list[tuple[int, int]]
    different: list[tuple[int, int]]
    strangers: int = 0


def known_pairs(decisions: Sequence[Decision], places: Mapping[str, int]) -> Known:
    """The decisions about the texts in `places` (the number of each spelling), checked for contradictions.

    Raises: DataError that names the lines of the decisions that contradict each other.

    >>> known_pairs([Decision("a", "b", True), Decision("a", "z", False)], {"a": 0, "b": 1})
    Known(same=[(0, 1)], different=[], strangers=1)
    """
    check_agreement(decisions)
    here = [d for d in decisions if d.left in places and d.right in places]
    names = {place: text for text, place in reversed(list(places.items()))}
    check_agreement([replace(d, left=names[places[d.left]], right=names[places[d.right]]) for d in here])
    pairs = [(places[d.left], places[d.right], d.same) for d in here]
    return Known([(a, b) for a, b, s in pairs if s], [(a, b) for a, b, s in pairs if not s], len(decisions) - len(here))


def check_agreement(decisions: Sequence[Decision], place: str = "decisions") -> None:
    """Check that no two texts are decided to be different although a chain of decisions makes them the same.

    Raises: DataError that names the lines.
    """
    neighbours: dict[str, list[tuple[str, Decision]]] = {}
    for decision in decisions:
        if decision.same:
            neighbours.setdefault(decision.left, []).append((decision.right, decision))
            neighbours.setdefault(decision.right, []).append((decision.left, decision))
    for decision in decisions:
        chain = None if decision.same else _chain(neighbours, decision.left, decision.right)
        if chain is not None:
            raise _contradiction(decision, chain, place)


def _chain(neighbours: Mapping[str, Sequence[tuple[str, Decision]]], start: str, goal: str) -> list[Decision] | None:
    """The shortest chain of `same` decisions from one text to the other; None if there is none."""
    came: dict[str, tuple[str, Decision] | None] = {start: None}
    todo = deque([start])
    while todo and goal not in came:
        text = todo.popleft()
        for other, decision in neighbours.get(text, ()):
            if other not in came:
                came[other] = (text, decision)
                todo.append(other)
    if goal not in came:
        return None
    chain, step = [], came[goal]
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return chain[::-1]


def _contradiction(decision: Decision, chain: Sequence[Decision], place: str) -> DataError:
    pair = f"{_short(decision.left)} and {_short(decision.right)}"
    if not chain:
        cause = f"line {decision.line}: {pair} are the same text, but decided to be different"
    else:
        lines = ", ".join(str(d.line) for d in chain)
        noun = "line" if len(chain) == 1 else "lines"
        cause = f"line {decision.line}: {pair} are decided to be different, but the same by {noun} {lines}"
    return DataError("DECISIONS_DISAGREE", cause, place=place, remedy="change one of these lines")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
