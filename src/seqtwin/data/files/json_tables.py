"""The reader of .json files: a list of flat objects, or a training file of the library dedupe.

Such a file is `{"match": [pair, ...], "distinct": [...]}`. dedupe 3.0 writes each pair as `{"__class__": "tuple",
"__value__": [record, record]}`, and frozensets of names in the same way; a plain list of two records is read, too.
Source: dedupe, dedupe/serializer.py.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from seqtwin.data.files.rows import Opened, Row, Rows
from seqtwin.errors import DataError

LABELS = ("match", "distinct")
WRAPPED = frozenset({"__class__", "__value__"})
READ = 'a list of objects with named columns, or a training file of dedupe: {"match": [...], "distinct": [...]}'


def read_json(file: Opened) -> Rows:
    """One row per object of a list, or per labelled pair of dedupe.

    A pair has the columns left_FIELD, right_FIELD and label (match or distinct). If the records have only one field,
    the columns are left, right and label. Rows are numbered from 1, because they do not correspond to lines.

    Raises: DataError for any other file.
    """
    content = _content(file)
    if isinstance(content, list):
        yield from enumerate(map(_flat, content), 1)
    elif isinstance(content, dict) and content.keys() == set(LABELS):
        yield from _pairs(content, file)
    else:
        raise _refused(file.path, f"expected {READ}")


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object with these keys and values.

    Raises: ValueError for a key that occurs twice, of which only one value would be used.
    """
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} occurs twice")
    return mapping


def _content(file: Opened) -> object:
    try:
        content: object = json.loads(file.text(), parse_constant=str, object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _refused(file.path, f"not JSON ({error})") from error
    return content


def _refused(path: Path, cause: str) -> DataError:
    remedy = "for other data, use a .csv, .tsv, .jsonl or .parquet file; a config is a .yaml file"
    return DataError("DATA_JSON", cause, place=str(path), remedy=remedy)


def _flat(item: object) -> Row:
    if not isinstance(item, dict):
        return f"expected an object with named columns, found {json.dumps(item)[:60]!r}"
    nested = next((name for name, value in item.items() if isinstance(value, dict | list)), None)
    return item if nested is None else f"column '{nested}': expected one value, found {json.dumps(item[nested])[:60]!r}"


def _pairs(content: Mapping[str, object], file: Opened) -> Rows:
    file.notes.append("read as a training file of dedupe: match and distinct are the labels")
    pairs = [(label, _records(pair)) for label in LABELS for pair in _listed(content[label], label, file.path)]
    names = {name for _, pair in pairs if not isinstance(pair, str) for record in pair for name in record}
    single = len(names) == 1
    for number, (label, pair) in enumerate(pairs, 1):
        yield number, pair if isinstance(pair, str) else {**_sides(pair, single), "label": label}


def _sides(pair: list[dict[str, object]], single: bool) -> dict[str, object]:
    sides = zip(("left", "right"), pair, strict=True)
    return {side if single else f"{side}_{name}": value for side, record in sides for name, value in record.items()}


def _listed(pairs: object, label: str, path: Path) -> list[object]:
    if not isinstance(pairs, list):
        raise _refused(path, f"'{label}': expected a list of pairs of records")
    return pairs


def _records(pair: object) -> list[dict[str, object]] | str:
    """The two records of a pair, or a problem."""
    records = _unwrapped(pair)
    if not (isinstance(records, list) and len(records) == 2 and all(isinstance(record, dict) for record in records)):
        return f"expected a pair of records, found {json.dumps(pair)[:60]!r}"
    return [{name: _unwrapped(value) for name, value in record.items()} for record in records]


def _unwrapped(value: object) -> object:
    """The value inside an object of older versions; a set of words becomes one text."""
    if not (isinstance(value, dict) and value.keys() == WRAPPED):
        return value
    inner: object = value["__value__"]
    return " ".join(map(str, inner)) if value["__class__"] == "frozenset" and isinstance(inner, list) else inner
