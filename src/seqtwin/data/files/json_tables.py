"""A .json file as a table: a list of flat objects, or the training file of the library dedupe.

dedupe writes `{"match": [[record, record], ...], "distinct": [...]}`. Older versions write each pair as
`{"__class__": "tuple", "__value__": [record, record]}`, and frozensets of names in the same way.
Source: dedupe, dedupe/serializer.py.
"""

import json
from pathlib import Path
from typing import Any

from seqtwin.data.files.rows import Opened, Row, Rows
from seqtwin.errors import DataError

LABELS = ("match", "distinct")
WRAPPED = frozenset({"__class__", "__value__"})
READ = 'a list of objects with named columns, or a training file of dedupe: {"match": [...], "distinct": [...]}'


def read_json(file: Opened) -> Rows:
    """One row per object of a list, or per labelled pair of dedupe.

    A pair has the columns left_FIELD, right_FIELD and label (match or distinct); left, right and label where the
    records have one field. The file is read as a whole. Lines are those on which the rows begin, if each begins on its
    own, and else the numbers of the rows.

    Raises: DataError for any other file.
    """
    content = _content(file)
    if isinstance(content, list):
        yield from enumerate(map(_flat, content), 1)
    elif isinstance(content, dict) and content.keys() == set(LABELS):
        yield from _pairs(content, file)
    else:
        raise _refused(file.path, f"expected {READ}")


def _content(file: Opened) -> Any:
    try:
        return json.loads(file.text(), parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise _refused(file.path, f"not JSON ({error})") from error


def _refused(path: Path, cause: str) -> DataError:
    remedy = "for other data use a .csv, .tsv, .jsonl or .parquet file; a config is a .yaml file"
    return DataError("DATA_JSON", cause, place=str(path), remedy=remedy)


def _flat(item: Any) -> Row:
    if not isinstance(item, dict):
        return f"expected an object with named columns, found {json.dumps(item)[:60]!r}"
    nested = next((name for name, value in item.items() if isinstance(value, dict | list)), None)
    return item if nested is None else f"column '{nested}': expected one value, found {json.dumps(item[nested])[:60]!r}"


def _pairs(content: dict[str, Any], file: Opened) -> Rows:
    file.notes.append("read as a training file of dedupe: match and distinct are the labels")
    found = [(label, _records(pair)) for label in LABELS for pair in _listed(content[label], label, file.path)]
    names = dict.fromkeys(name for _, pair in found if not isinstance(pair, str) for one in pair for name in one)
    single = len(names) == 1
    for number, (label, pair) in enumerate(found, 1):
        yield number, pair if isinstance(pair, str) else {**_sides(pair, single), "label": label}


def _sides(pair: list[dict[str, Any]], single: bool) -> dict[str, Any]:
    sides = zip(("left", "right"), pair, strict=True)
    return {side if single else f"{side}_{name}": value for side, one in sides for name, value in one.items()}


def _listed(pairs: Any, label: str, path: Path) -> list[Any]:
    if not isinstance(pairs, list):
        raise _refused(path, f"'{label}': expected a list of pairs of records")
    return pairs


def _records(pair: Any) -> list[dict[str, Any]] | str:
    """The two records of a pair, or what is wrong with it."""
    records = _unwrapped(pair)
    if not (isinstance(records, list) and len(records) == 2 and all(isinstance(one, dict) for one in records)):
        return f"expected a pair of records, found {json.dumps(pair)[:60]!r}"
    return [{name: _unwrapped(value) for name, value in one.items()} for one in records]


def _unwrapped(value: Any) -> Any:
    """What an object of older versions stands for; a set of words becomes one text."""
    if isinstance(value, dict) and value.keys() == WRAPPED:
        held = value["__value__"]
        return " ".join(map(str, held)) if value["__class__"] == "frozenset" and isinstance(held, list) else held
    return value
