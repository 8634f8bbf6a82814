"""What a person decided about pairs of texts: `same` joins them, `different` keeps them apart."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seqtwin.data.files.columns import texts
from seqtwin.data.files.tables import column, read_table
from seqtwin.data.label_words import label_value
from seqtwin.errors import DataError

REMEDY = "fix these rows: two texts, and in decision same, different or nothing"


@dataclass(frozen=True)
class Decision:
    """Whether two texts are the same, and the line of the review file that says so."""

    left: str
    right: str
    same: bool
    line: int = 0


def read_decisions(path: Path) -> list[Decision]:
    """The decided rows of a review file: columns left, right, decision (same, different, or nothing yet).

    Raises: DataError with all bad rows, or with the lines that contradict each other.
    """
    table = read_table(path)
    left, right = (texts(table, name, empty="error")[0] for name in ("left", "right"))
    found = []
    for row, cell in enumerate(column(table, "decision")):
        said = "" if cell is None else str(cell).strip().lower()
        target = label_value(said)
        if target is not None:
            found.append(Decision(left[row], right[row], target == 1, table.lines[row]))
        elif said:
            table.report(row, "decision", f"expected same, different or nothing, found {said[:40]!r}")
    table.finish(REMEDY)
    check_agreement(found, str(path))
    return found


@dataclass(frozen=True)
class Known:
    """The decisions as pairs of text numbers, and how many name a text that is not in the list."""

    same: list[tuple[int, int]]
    different: list[tuple[int, int]]
    strangers: int = 0


def known_pairs(decisions: Sequence[Decision], places: Mapping[str, int]) -> Known:
    """The decisions about the texts of `places`, found to agree with each other; texts of one place are one text.

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
    """Nothing, when no two texts are decided to be different and, over a chain of others, the same.

    Raises: DataError that names the lines.
    """
    beside: dict[str, list[tuple[str, Decision]]] = {}
    for decision in decisions:
        if decision.same:
            beside.setdefault(decision.left, []).append((decision.right, decision))
            beside.setdefault(decision.right, []).append((decision.left, decision))
    for decision in decisions:
        chain = None if decision.same else _chain(beside, decision.left, decision.right)
        if chain is not None:
            raise _contradiction(decision, chain, place)


def _chain(beside: Mapping[str, Sequence[tuple[str, Decision]]], start: str, goal: str) -> list[Decision] | None:
    """The fewest `same` decisions that lead from one text to the other; None where there is no way."""
    came: dict[str, tuple[str, Decision] | None] = {start: None}
    todo = deque([start])
    while todo and goal not in came:
        here = todo.popleft()
        for there, decision in beside.get(here, ()):
            if there not in came:
                came[there] = (here, decision)
                todo.append(there)
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
        cause = f"line {decision.line}: {pair} are one text, and decided to be different"
    else:
        lines = ", ".join(str(d.line) for d in chain)
        noun = "line" if len(chain) == 1 else "lines"
        cause = f"line {decision.line}: {pair} are decided to be different, but the same by {noun} {lines}"
    return DataError("DECISIONS_DISAGREE", cause, place=place, remedy="change one of these lines")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
