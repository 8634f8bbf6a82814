"""An anatomy as lines for a terminal, with colour or without."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import set_cell_size
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seqtwin.anatomy import sentences
from seqtwin.anatomy.records import Anatomy, Companion, Reading, Statement, ends
from seqtwin.anatomy.statements import preamble
from seqtwin.anatomy.terminal_strips import CODE, HEAD, SOFT, WAYS, level, strips

MARKED = 10  # steps in a line of marks
YES, NO = "green", "yellow"


def drawn(a: Anatomy, width: int = 80) -> Group:
    """Everything a page says of an anatomy, as wide as a terminal."""
    return Group(
        *_answer(a),
        *_section("Where h_n sits in output", strips(a, width)),
        *_section("Which entries are equal", _statements(a)),
        *_section("What padding and packing change", _padding(a)),
        *_section("PyTorch's shapes, two texts", _shapes(a)),
        *_section("What each representation reads", _readings(a)),
    )


def _section(title: str, parts: Iterator[Any]) -> list[Any]:
    return ["", Text(title, HEAD), *parts]


def _coded(text: str, style: str = "") -> Text:
    """A sentence whose code stands out by colour where there is any."""
    found = Text(style=style)
    for place, part in enumerate(text.split("`")):
        found.append(part, CODE if place % 2 else None)
    return found


def _answer(a: Anatomy) -> Iterator[Any]:
    count = f"{a.time} {a.unit if a.time > 1 else a.unit[:-1]}"
    text = sentences.told(a.text)
    yield Text(f"{a.body.words} · {a.source}" if a.source else a.body.words, SOFT)
    yield Text(f"{text} · {count}", SOFT)
    yield ""
    yield _coded(f"{sentences.headline(a)}.", HEAD)
    yield _coded(sentences.answer(a))
    yield _coded(f"{sentences.advice(a)} {sentences.cell(a)}")
    if note := sentences.unknown(a):
        yield Text(note, NO)


def _statements(a: Anatomy) -> Iterator[Any]:
    for line in preamble(a.body):
        yield Text(line, CODE)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", min_width=6)
    for one in a.statements:
        grid.add_row()
        grid.add_row(Text(sentences.verdict(one.equal), YES if one.equal else NO), *_statement(one))
    yield grid


def _statement(one: Statement) -> tuple[Group, str]:
    claim, why = _coded(one.claim, HEAD), _coded(sentences.why(one))
    return Group(claim, why, *(Text(line, CODE) for line in one.code)), sentences.number(one.difference)


def _padding(a: Anatomy) -> Iterator[Any]:
    yield _coded(sentences.padding(a))
    yield Text()
    grid = _table("largest change", *(_short(way) for way in a.companions))
    for place, part in enumerate(a.companions[0].parts):
        grid.add_row(part.name, *(_change(way, place) for way in a.companions))
    yield grid
    yield Text("output[:, -1] is the last column of the batch: a pad's place for every shorter text", SOFT)
    for way in a.companions[1:]:
        yield Text()
        yield Text(f"{way.name}:")
        yield from (Padding(Text(line, CODE), (0, 0, 0, 2)) for line in way.code)


def _short(way: Companion) -> str:
    return {"own": "this encoder", "packed": "packed", "over_pads": "over the pads"}[way.key]


def _change(way: Companion, place: int) -> Text:
    part = way.parts[place]
    return Text(sentences.number(part.change), NO if part.changed else "")


def _shapes(a: Anatomy) -> Iterator[Any]:
    wide = max(len(one.name) for one in a.shapes)
    yield Text(f"{'':{wide}}  {'batch_first=True':>16}  {'without':>14}", SOFT)
    for one in a.shapes:
        line = Text(f"{one.name:{wide}}", CODE)
        yield line.append(f"  {sentences.sizes(one.first):>16}  {sentences.sizes(one.second):>14}", "default")
        yield _below(one.note)


def _below(text: str) -> Padding:
    return Padding(Text(text, SOFT), (0, 0, 0, 2))


def _readings(a: Anatomy) -> Iterator[Any]:
    steps = ends(a.time, MARKED)
    ways = WAYS if a.body.directions == 2 else ("steps",)
    column = max(len(steps), 8)
    yield Text("█ ▄ ▁ how much of it comes from a step's output; ◆ h_n, ◇ c_n; · nothing", SOFT)
    yield Text(_cells(["", *ways], column) + f"{'begins with':<20}  vs final_hidden", SOFT)
    if note := sentences.cut(a, len(steps)):
        yield Text(note, SOFT)
    for one in a.readings:
        first = " ".join(sentences.number(value) for value in one.first[:3])
        line = Text(f"{one.name:<17} ", HEAD)
        line.append(_cells([_marks(one, way, steps) for way in range(a.body.directions)], column), f"not bold {CODE}")
        yield line.append(f"{first:<20}  {_apart(one):>15}", "not bold default")
        yield _below(f"{one.words}{_whose(one)}")


def _cells(texts: Sequence[str], column: int) -> str:
    return "".join(set_cell_size(text, column if text else 17) + " " for text in texts) + " "


def _marks(one: Reading, way: int, steps: Sequence[int]) -> str:
    shares = one.outputs[list(steps), way]
    most = float(one.outputs.max()) or 1.0
    found = [level(2 * float(share) / most - 1, 1.0) if share > 0 else "·" for share in shares]
    place = len(steps) - 1 if way == 0 else 0
    for mark, held in (("◆", one.hidden), ("◇", one.cell)):
        if held[:, way].any():
            found[place] = mark
    return "".join(found)


def _apart(one: Reading) -> str:
    if one.difference is None:
        return f"{one.width} wide"
    return "the same" if one.equal else sentences.number(one.difference)


def _whose(one: Reading) -> str:
    return "; this encoder's own" if one.own else "; weights drawn for this page" if one.drawn else ""


def _table(*heads: str) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=SOFT)
    grid.add_column(heads[0])
    for head in heads[1:]:
        grid.add_column(head, justify="right")
    return grid
