"""An anatomy as lines for a terminal, with or without colour."""

from collections.abc import Iterator, Sequence

from rich.cells import set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seqtwin.anatomy import sentences
from seqtwin.anatomy.records import Anatomy, Companion, Reading, Statement, ends
from seqtwin.anatomy.statements import preamble
from seqtwin.anatomy.terminal_strips import CODE, HEAD, SOFT, WAYS, level, strips

MARKED = 10  # steps per line of marks
YES, NO = "green", "yellow"


def drawn(a: Anatomy, width: int = 80) -> Group:
    """The contents of the page for a terminal of a width."""
    return Group(
        *_answer(a),
        *_section("Where h_n is in output", strips(a, width)),
        *_section("Which entries are equal", _statements(a)),
        *_section("Effect of padding and packing", _padding(a)),
        *_section("Shapes in PyTorch, two texts", _shapes(a)),
        *_section("States used by each representation", _readings(a)),
    )


def _section(title: str, parts: Iterator[RenderableType]) -> list[RenderableType]:
    return ["", Text(title, HEAD), *parts]


def _coded(text: str, style: str = "") -> Text:
    """A sentence with its code in colour."""
    line = Text(style=style)
    for place, part in enumerate(text.split("`")):
        line.append(part, CODE if place % 2 else None)
    return line


def _answer(a: Anatomy) -> Iterator[RenderableType]:
    count = f"{a.time} {a.unit if a.time > 1 else a.unit[:-1]}"
    text = sentences.one_line(a.text)
    yield Text(f"{a.body.words} · {a.source}" if a.source else a.body.words, SOFT)
    yield Text(f"{text} · {count}", SOFT)
    yield ""
    yield _coded(f"{sentences.headline(a)}.", HEAD)
    yield _coded(sentences.answer(a))
    yield _coded(f"{sentences.advice(a)} {sentences.cell(a)}")
    if note := sentences.unknown(a):
        yield Text(note, NO)


def _statements(a: Anatomy) -> Iterator[RenderableType]:
    for line in preamble(a.body):
        yield Text(line, CODE)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", min_width=6)
    for statement in a.statements:
        verdict = Text(sentences.verdict(statement.equal), YES if statement.equal else NO)
        grid.add_row()
        grid.add_row(verdict, *_statement(statement))
    yield grid


def _statement(statement: Statement) -> tuple[Group, str]:
    claim, why = _coded(statement.claim, HEAD), _coded(sentences.why(statement))
    code = (Text(line, CODE) for line in statement.code)
    return Group(claim, why, *code), sentences.number(statement.difference)


def _padding(a: Anatomy) -> Iterator[RenderableType]:
    yield _coded(sentences.padding(a))
    yield Text()
    grid = _table("largest change", *(_short(way) for way in a.companions))
    for place, part in enumerate(a.companions[0].parts):
        grid.add_row(part.name, *(_change(way, place) for way in a.companions))
    yield grid
    yield Text("output[:, -1] is the last column of the batch, which is a pad for every shorter text", SOFT)
    for way in a.companions[1:]:
        yield Text()
        yield Text(f"{way.name}:")
        yield from (Padding(Text(line, CODE), (0, 0, 0, 2)) for line in way.code)


def _short(way: Companion) -> str:
    return {"own": "this encoder", "packed": "packed", "over_pads": "over the pads"}[way.key]


def _change(way: Companion, place: int) -> Text:
    part = way.parts[place]
    return Text(sentences.number(part.change), NO if part.changed else "")


def _shapes(a: Anatomy) -> Iterator[RenderableType]:
    wide = max(len(shape.name) for shape in a.shapes)
    yield Text(f"{'':{wide}}  {'batch_first=True':>16}  {'without':>14}", SOFT)
    for shape in a.shapes:
        line = Text(f"{shape.name:{wide}}", CODE)
        yield line.append(f"  {sentences.sizes(shape.first):>16}  {sentences.sizes(shape.second):>14}", "default")
        yield _below(shape.note)


def _below(text: str) -> Padding:
    return Padding(Text(text, SOFT), (0, 0, 0, 2))


def _readings(a: Anatomy) -> Iterator[RenderableType]:
    steps = ends(a.time, MARKED)
    ways = WAYS if a.body.directions == 2 else ("steps",)
    column = max(len(steps), 8)
    yield Text("█ ▄ ▁ share that comes from the output of a step; ◆ h_n, ◇ c_n; · not used", SOFT)
    yield Text(_cells(["", *ways], column) + f"{'begins with':<20}  vs final_hidden", SOFT)
    if note := sentences.cut(a, len(steps)):
        yield Text(note, SOFT)
    for reading in a.readings:
        first = " ".join(sentences.number(value) for value in reading.first[:3])
        marks = [_marks(reading, way, steps) for way in range(a.body.directions)]
        line = Text(f"{reading.name:<17} ", HEAD)
        line.append(_cells(marks, column), f"not bold {CODE}")
        yield line.append(f"{first:<20}  {_difference(reading):>15}", "not bold default")
        yield _below(f"{reading.words}{_origin(reading)}")


def _cells(texts: Sequence[str], column: int) -> str:
    return "".join(set_cell_size(text, column if text else 17) + " " for text in texts) + " "


def _marks(reading: Reading, way: int, steps: Sequence[int]) -> str:
    shares = reading.outputs[list(steps), way]
    most = float(reading.outputs.max()) or 1.0
    marks = [level(2 * float(share) / most - 1, 1.0) if share > 0 else "·" for share in shares]
    place = len(steps) - 1 if way == 0 else 0
    for mark, states in (("◆", reading.hidden), ("◇", reading.cell)):
        if states[:, way].any():
            marks[place] = mark
    return "".join(marks)


def _difference(reading: Reading) -> str:
    if reading.difference is None:
        return f"{reading.width} wide"
    return "equal" if reading.equal else sentences.number(reading.difference)


def _origin(reading: Reading) -> str:
    return "; used by this encoder" if reading.own else "; random weights" if reading.drawn else ""


def _table(*heads: str) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=SOFT)
    grid.add_column(heads[0])
    for head in heads[1:]:
        grid.add_column(head, justify="right")
    return grid
