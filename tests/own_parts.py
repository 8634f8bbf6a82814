"""Parts that a test adds to the families, removed when it ends: everything else in the process reads these dicts."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from seqtwin.cli.catalogue import FAMILIES


def tables() -> list[dict[str, Any]]:
    homes = (home.partition(":") for home in FAMILIES.values())
    return [getattr(import_module(module), name) for module, _, name in homes]


@contextmanager
def removed() -> Iterator[list[str]]:
    """Puts every family back at the end; the list yielded then names what had been added, taken or replaced."""
    before = [dict(table) for table in tables()]
    added: list[str] = []
    try:
        yield added
    finally:
        for table, held in zip(tables(), before, strict=True):
            if table != held:
                added += sorted({*table, *held} - {name for name in held if table.get(name) is held[name]})
                table.clear()
                table.update(held)
