"""A path to decoded text: what can be wrong with a file before its rows are looked at."""

import codecs
import os
import stat
from pathlib import Path

from seqtwin.errors import DataError, nearest

BYTE_ORDER_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet", ".ts", ".conllu")
PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"))


def read_text(path: Path) -> str:
    r"""The text of a file, without byte order mark, with `\n` at the end of every line.

    Raises: DataError when it is missing, not a plain file, packed, in another encoding, or holds NUL bytes.
    """
    require_file(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error
    for mark, kind in PACKED:
        if raw.startswith(mark):
            raise DataError("DATA_PACKED", f"this is a {kind} file", place=str(path), remedy="unpack it first")
    return _decoded(raw, path).replace("\r\n", "\n").replace("\r", "\n")


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
    known = ", ".join(sorted(p.name for p in path.iterdir() if p.suffix in ENDINGS)[:5])
    return f"name one of its files: {known}" if known else f"name a file that ends in {', '.join(ENDINGS)}"


def _decoded(raw: bytes, path: Path) -> str:
    mark, encoding = next(((m, e) for m, e in BYTE_ORDER_MARKS if raw.startswith(m)), (b"", "utf-8"))
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
        cause = f"line {_line(text[:found])}: a NUL byte at byte offset {offset}"
        remedy = "remove it; many of them mean UTF-16 without a byte order mark: save the file as UTF-8"
        raise DataError("DATA_NUL", cause, place=str(path), remedy=remedy)
    return text


def _line(before: str) -> int:
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
