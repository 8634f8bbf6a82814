"""Files opened and decoded to text, with errors for everything that prevents it.

A file whose name ends in .gz is decompressed while reading.
"""

import codecs
import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.errors import DataError, nearest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BYTE_ORDER_MARKS = (  # longer marks first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"))
GZIP = ".gz"
SHOWN_NAMES = 5
UNPACKED_AT_ONCE = 1 << 17
UNPACKED_FREELY = 64 << 20  # bytes; texts that repeat themselves seldom shrink to a two-hundredth
LARGEST_RATIO = 200


def ending_of(path: Path) -> str:
    """The ending of a file name in lower case, without .gz.

    >>> ending_of(Path("Pairs.CSV.gz")), ending_of(Path("a.b/names"))
    ('.csv', '')
    """
    name = Path(path.name.lower())
    return Path(name.stem).suffix if name.suffix == GZIP else name.suffix


def bare_name(path: Path) -> str:
    """The file name without its ending, and without .gz.

    >>> bare_name(Path("data/pairs.csv.gz")), bare_name(Path("v1.2.csv"))
    ('pairs', 'v1.2')
    """
    inner = Path(path.stem) if is_gzip(path) else path
    return inner.stem


def is_gzip(path: Path) -> bool:
    """Whether the file name ends in .gz."""
    return path.suffix.lower() == GZIP


def read_text(path: Path) -> str:
    r"""The text of a file, without byte order mark, with `\n` as line end.

    Raises: DataError if the file is missing, is not a regular file, is compressed with anything but gzip, has another
    encoding, or contains NUL bytes.
    """
    with opened(path) as file:
        raw = file.read()
    return _decoded(raw, path).replace("\r\n", "\n").replace("\r", "\n")


def stream_lines(path: Path) -> Iterator[str]:
    r"""The lines of a file, one at a time, each with its line end `\n`.

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


class _Unpacked(RawIOBase):
    """The unpacked bytes of a gzip file, which ends if they are absurdly many for its size.

    Raises: DataError.
    """

    def __init__(self, path: Path, raw: BufferedReader) -> None:
        self.path, self.packed, self.count = path, max(os.fstat(raw.fileno()).st_size, 1), 0
        self.content = gzip.GzipFile(fileobj=raw)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        read = self.content.readinto(buffer)
        self.count += read
        if self.count > UNPACKED_FREELY and self.count > LARGEST_RATIO * self.packed:
            cause = f"it unpacks to more than {LARGEST_RATIO} times its size"
            remedy = "if you trust it, unpack it first: gunzip " + self.path.name
            raise DataError("DATA_PACKED", cause, place=str(self.path), remedy=remedy)
        return read


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A file opened for reading bytes, decompressed if its name ends in .gz.

    Raises: DataError if it is not a regular file, is compressed in another way, or is incomplete.
    """
    require_file(path)
    try:
        with path.open("rb") as raw:
            _check_packing(raw.read(8), path)
            raw.seek(0)
            if is_gzip(path):
                yield BufferedReader(_Unpacked(path, raw), UNPACKED_AT_ONCE)
            else:
                yield raw
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        cause = f"the gzip data are damaged or incomplete ({error})"
        remedy = "download or compress the file again"
        raise DataError("DATA_PACKED", cause, place=str(path), remedy=remedy) from error
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error


def _check_whole(path: Path) -> None:
    """Check the gzip data of a file, whose checksum is at the end.

    Raises: DataError.
    """
    with opened(path) as file:
        while is_gzip(path) and file.read(2**20):
            pass


def _check_packing(start: bytes, path: Path) -> None:
    """Check that a file is compressed if its name ends in .gz, and only then.

    Raises: DataError.
    """
    kind = next((kind for mark, kind in PACKED if start.startswith(mark)), None)
    if is_gzip(path) and kind != "gzip":
        cause = f"the name ends in .gz, but the file is {f'a {kind} file' if kind else 'not compressed with gzip'}"
        raise DataError("DATA_PACKED", cause, place=str(path), remedy="rename the file, or compress it with gzip")
    if kind is not None and not is_gzip(path):
        remedy = f"unpack it first{f', or rename it to {path.name}.gz' if kind == 'gzip' else ''}"
        raise DataError("DATA_PACKED", f"this is a {kind} file", place=str(path), remedy=remedy)


def require_file(path: Path) -> None:
    """Check that a path is a regular file.

    Raises: DataError.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        remedy = "correct the path; in a config it is relative to the folder of the config"
        raise DataError("DATA_MISSING", f"no such file{_similar_name(path)}", place=str(path), remedy=remedy) from None
    except (OSError, ValueError) as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error}", place=str(path)) from error
    if stat.S_ISDIR(mode):
        raise DataError("DATA_FOLDER", "this is a directory, not a file", place=str(path), remedy=_inside(path))
    if not stat.S_ISREG(mode):
        raise DataError("DATA_NO_FILE", "this is a pipe or a device, not a regular file", place=str(path))


def _similar_name(path: Path) -> str:
    try:
        names = sorted(p.name for p in path.parent.iterdir())
    except OSError:
        return f"; the folder {path.parent} cannot be read either"
    return nearest(path.name, names)


def _inside(path: Path) -> str:
    names = sorted(p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    return f"choose one of its files: {', '.join(names[:SHOWN_NAMES])}" if names else "choose a file"


def _encoding(start: bytes) -> tuple[bytes, str]:
    """The byte order mark at the start of a file (empty if there is none), and the encoding."""
    return next(((m, e) for m, e in BYTE_ORDER_MARKS if start.startswith(m)), (b"", "utf-8"))


def _decoded(raw: bytes, path: Path) -> str:
    mark, encoding = _encoding(raw[:8])
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(mark) + error.start
        line = _line(raw[:offset].decode(encoding, "replace"))
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        cause = f"line {line}: byte 0x{raw[offset]:02x} at offset {offset} is not {name}: the file has another encoding"
        raise DataError("DATA_ENCODING", cause, place=str(path), remedy="save the file as UTF-8") from error
    place = text.find("\0")
    if place >= 0:
        offset = len(mark) + len(text[:place].encode(encoding))
        raise _nul(path, f"line {_line(text[:place])}: a NUL byte at byte offset {offset}")
    return text


def _nul(path: Path, cause: str) -> DataError:
    remedy = "remove it; if there are many, the file is probably UTF-16 without a byte order mark: save it as UTF-8"
    return DataError("DATA_NUL", cause, place=str(path), remedy=remedy)


def _line(before: str) -> int:
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
