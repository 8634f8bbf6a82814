"""The parts of a corpus, checked before any of them is encoded: every row, the columns, and what is there already.

A worker reads each file once. The problems of all files are one error, and nothing is written.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.bulk.corpus_files import PARQUET, SPARSE, Corpus
from seqtwin.bulk.run_tasks import run_tasks
from seqtwin.bulk.worker_encoder import EncoderAt, load_once
from seqtwin.data.files.formats import LINES
from seqtwin.data.files.read_text import ending_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table
from seqtwin.data.reading.blocks import Scanned, Source, scan
from seqtwin.errors import ConfigError, DataError, MissingExtraError, SeqTwinError, gathered
from seqtwin.inference.encode_files import encode_key
from seqtwin.inference.kept_columns import kinds_of, read_inputs
from seqtwin.inference.vector_files import parquet_library, text_column

if TYPE_CHECKING:
    from distributed import Client

OnPart = Callable[[int, int], None]
AGAIN = "run the same command again: finished parts are kept"


@dataclass(frozen=True)
class Part:
    """A file of a corpus and the Parquet file with its vectors.

    `name`: for the user; `column`: of its texts, None for a file that has only texts.
    """

    name: str
    path: Path
    out: Path
    column: str | None
    quoting: Quoting | None

    @property
    def source(self) -> Source:
        """The file and its column. A blank row keeps its place."""
        return Source(self.path, (self.column or LINES,), "unk", self.quoting)


@dataclass(frozen=True)
class Checked:
    """A part, the result of reading it once, and the types of its columns. `done`: whether its vectors are there."""

    part: Part
    scanned: Scanned
    types: Mapping[str, str]
    done: bool


def parts_of(corpus: Corpus, out: Path, column: str | None, quoting: Quoting | None) -> list[Part]:
    """The parts of a corpus whose vectors are to be in the folder `out`.

    Raises: ConfigError if the column must be named; ConfigError or DataError for a first file that has no texts.
    """
    name = text_column(corpus.files[0], column)
    used = None if column is None and name == LINES else name
    inner = corpus.names()
    return [
        Part(path.relative_to(corpus.base).as_posix(), path, out.absolute() / inner[path], used, quoting)
        for path in corpus.files
    ]


def check_parts(client: "Client", at: EncoderAt, parts: Sequence[Part], on_part: OnPart) -> list[Checked]:
    """The parts, each read once by a worker. All have the columns and types of the whole corpus.

    `on_part(done, total)`: gets the progress.

    Raises: DataError with the problems of all parts: bad rows, no rows, other columns or types than the first part;
    ConfigError for vectors of another encoder or another version of a file; ResourceError.
    """
    found: dict[str, Checked | SeqTwinError] = {}
    tasks = {f"check {part.name}": (at, part) for part in parts}
    for name, result in run_tasks(client, check_part, tasks, again=AGAIN):
        found[name] = result
        on_part(len(found), len(parts))
    ordered = [found[name] for name in tasks]
    checked = [one for one in ordered if isinstance(one, Checked)]
    problems = {part.name: one for part, one in zip(parts, ordered, strict=True) if isinstance(one, SeqTwinError)}
    if not problems:
        problems = _differences(checked)
    if problems:
        _raise(problems, len(parts))
    return _unified(checked)


def check_part(at: EncoderAt, part: Part) -> Checked | SeqTwinError:
    """A part, read once, or what is wrong with it. Runs on a worker."""
    kinds: dict[str, set[type]] = {}

    def see(block: Table) -> None:
        for name, own in kinds_of(block).items():
            kinds[name] = kinds.get(name, set()) | own

    is_typed = ending_of(part.path) == PARQUET
    try:
        scanned = scan(part.source) if is_typed else replace(scan(part.source, see), kinds=kinds)
        types = parquet_types(part.path) if is_typed else dict.fromkeys(scanned.names, "")
        return Checked(part, scanned, types, is_done(at, part, scanned))
    except SeqTwinError as error:
        return error


def is_done(at: EncoderAt, part: Part, scanned: Scanned) -> bool:
    """Whether the vectors of a part are there already.

    Raises: ConfigError if the file with the vectors belongs to another input; DamagedError if it is not whole.
    """
    if not part.out.exists():
        return False
    before, now = read_inputs(part.out), encode_key(load_once(at), part.source, scanned)
    if before is None:
        cause = "the output has another file with the name of this part"
        raise ConfigError("PART_OTHER", cause, place=str(part.out), remedy="choose another --out")
    other = [name for name in {**now, **before} if now.get(name) != before.get(name)]
    if other:
        cause = f"its vectors in the output were made with another {', '.join(other)}"
        raise ConfigError("PART_OTHER", cause, place=str(part.out), remedy="remove that part, or choose another --out")
    return True


def parquet_types(path: Path) -> dict[str, str]:
    """The type of each column of a Parquet file."""
    with parquet_library().parquet.ParquetFile(path) as content:
        return {field.name: str(field.type) for field in content.schema_arrow}


def _differences(checked: Sequence[Checked]) -> dict[str, SeqTwinError]:
    """The parts that have other columns than the first one. The keys of JSON objects may differ."""
    first = checked[0]
    found: dict[str, SeqTwinError] = {}
    for one in checked[1:] if ending_of(first.part.path) not in SPARSE else ():
        listed = [f"no column '{name}'" for name in first.types if name not in one.types]
        listed += [f"another column '{name}'" for name in one.types if name not in first.types]
        shared = {name: kind for name, kind in first.types.items() if name in one.types}
        listed += [f"'{name}' is {one.types[name]} instead of {kind}" for name, kind in shared.items()
                   if one.types[name] != kind]  # fmt: skip
        if listed:
            cause = f"not the columns of {first.part.name}: {', '.join(listed[:6])}"
            found[one.part.name] = DataError("CORPUS_COLUMNS", cause, place=str(one.part.path))
    return found


def _raise(problems: Mapping[str, SeqTwinError], total: int) -> None:
    """Raises: the only problem, or one error with all of them."""
    first = next(iter(problems.values()))
    if len(problems) == 1 or isinstance(first, MissingExtraError):
        raise first
    kind = max((type(error) for error in problems.values()), key=lambda kind: kind.exit_code)
    lines = [f"{name}: {error.cause}" for name, error in problems.items()]
    remedy = next((error.remedy for error in problems.values() if error.remedy), "") or "fix or remove these parts"
    whole = gathered("CORPUS_PARTS", f"{total} parts", lines, f"{remedy}; nothing was written")
    raise kind(whole.code, whole.cause, place=whole.place, remedy=whole.remedy)


def _unified(checked: Sequence[Checked]) -> list[Checked]:
    """The parts with the columns, and the kinds of values, of all of them: their Parquet files have one schema."""
    names = tuple(dict.fromkeys(name for one in checked for name in one.scanned.names))
    kinds: dict[str, Set[type]] = {
        name: frozenset().union(*(one.scanned.kinds.get(name, frozenset()) for one in checked)) for name in names
    }
    return [replace(one, scanned=replace(one.scanned, names=names, kinds=kinds)) for one in checked]
