"""A path to decoded text: what can be wrong with a file before its rows are looked at.

A file whose name ends in .gz is unpacked while it is read.
"""

import codecs
import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from seqtwin.errors import DataError, nearest

BYTE_ORDER_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"))
GZIP = ".gz"
SHOWN_NAMES = 5


def ending_of(path: Path) -> str:
    """The lower-cased ending of a name, that of the unpacked file where it ends in .gz.

    >>> ending_of(Path("Pairs.CSV.gz")), ending_of(Path("a.b/names"))
    ('.csv', '')
    """
    name = Path(path.name.lower())
    return Path(name.stem).suffix if name.suffix == GZIP else name.suffix


def bare_name(path: Path) -> str:
    """The name without its endings.

    >>> bare_name(Path("data/pairs.csv.gz")), bare_name(Path("v1.2.csv"))
    ('pairs', 'v1.2')
    """
    inner = Path(path.stem) if is_gzip(path) else path
    return inner.stem


def is_gzip(path: Path) -> bool:
    """Whether the name says that the file is packed with gzip."""
    return path.suffix.lower() == GZIP


def read_text(path: Path) -> str:
    r"""The text of a file, without byte order mark, with `\n` at the end of every line.

    Raises: DataError when it is missing, not a plain file, packed with anything but gzip, in another encoding, or
    contains NUL bytes.
    """
    with opened(path) as file:
        raw = file.read()
    return _decoded(raw, path).replace("\r\n", "\n").replace("\r", "\n")


def stream_lines(path: Path) -> Iterator[str]:
    r"""The lines of a file one at a time, each with its end, which is always `\n`.

    Raises: DataError as `read_text`.
    """
    number = 0
    with opened(path) as file:
        mark, encoding = _encoding(file.peek(8))
        try:
            with TextIOWrapper(file, encoding=encoding) as text:
                for number, line in enumerate(text, 1):
                    if "\0" in line:
                        raise _nul(path, f"line {number}: a NUL byte")
                    yield line.removeprefix("\ufeff") if mark and number == 1 else line
        except UnicodeDecodeError as error:
            _check_whole(path)
            cause = f"after line {number}: byte 0x{error.object[error.start]:02x} is not {encoding.upper()}"
            raise DataError("DATA_ENCODING", cause, place=str(path), remedy="save the file as UTF-8") from error


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader | gzip.GzipFile]:
    """The bytes of a file, unpacked where its name ends in .gz.

    Raises: DataError for what is no plain file, is packed in another way, or breaks off.
    """
    require_file(path)
    try:
        with path.open("rb") as raw:
            _check_packing(raw.read(8), path)
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw as content:
                yield content
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        cause = f"the gzip data are damaged or incomplete ({error})"
        raise DataError("DATA_PACKED", cause, place=str(path), remedy="download or pack the file again") from error
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error


def _check_whole(path: Path) -> None:
    """Raises: DataError for damaged gzip data: its check sum comes last, after bytes that are no text."""
    with opened(path) as file:
        while is_gzip(path) and file.read(2**20):
            pass


def _check_packing(start: bytes, path: Path) -> None:
    """Raises: DataError for a packed file that is not read, and for a name that promises another."""
    kind = next((kind for mark, kind in PACKED if start.startswith(mark)), None)
    if is_gzip(path) and kind != "gzip":
        cause = f"the name ends in .gz, but the file is {kind or 'not packed with gzip'}"
        raise DataError("DATA_PACKED", cause, place=str(path), remedy="rename it after what it contains")
    if kind is not None and not is_gzip(path):
        remedy = f"unpack it first{f', or name it {path.name}.gz' if kind == 'gzip' else ''}"
        raise DataError("DATA_PACKED", f"this is a {kind} file", place=str(path), remedy=remedy)


def require_file(path: Path) -> None:
    """Nothing, when the path is a plain file.

    Raises: DataError.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise DataError("DATA_MISSING", f"no such file{_neighbour(path)}", place=str(path)) from None
    except (OSError, ValueError) as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error}", place=str(path)) from error
    if stat.S_ISDIR(mode):
        raise DataError("DATA_FOLDER", "this is a directory, not a file", place=str(path), remedy=_inside(path))
    if not stat.S_ISREG(mode):
        raise DataError("DATA_NO_FILE", "this is a pipe or a device, not a plain file", place=str(path))


def _neighbour(path: Path) -> str:
    try:
        names = sorted(p.name for p in path.parent.iterdir())
    except OSError:
        return f"; the folder {path.parent} cannot be read either"
    return nearest(path.name, names)


def _inside(path: Path) -> str:
    names = sorted(p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    return f"name one of its files: {', '.join(names[:SHOWN_NAMES])}" if names else "name a file"


def _encoding(start: bytes) -> tuple[bytes, str]:
    """The byte order mark a file starts with, if any, and its encoding."""
    return next(((m, e) for m, e in BYTE_ORDER_MARKS if start.startswith(m)), (b"", "utf-8"))


def _decoded(raw: bytes, path: Path) -> str:
    mark, encoding = _encoding(raw[:8])
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(mark) + error.start
        line = _line(raw[:offset].decode(encoding, "replace"))
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        cause = f"line {line}: byte 0x{raw[offset]:02x} at offset {offset} is not {name}, so the encoding is another"
        raise DataError("DATA_ENCODING", cause, place=str(path), remedy="save the file as UTF-8") from error
    found = text.find("\0")
    if found >= 0:
        offset = len(mark) + len(text[:found].encode(encoding))
        raise _nul(path, f"line {_line(text[:found])}: a NUL byte at byte offset {offset}")
    return text


def _nul(path: Path, cause: str) -> DataError:
    remedy = "remove it; many of them mean UTF-16 without a byte order mark: save the file as UTF-8"
    return DataError("DATA_NUL", cause, place=str(path), remedy=remedy)


def _line(before: str) -> int:
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
