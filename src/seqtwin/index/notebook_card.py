"""An index as a notebook shows it."""

from itertools import islice

from seqtwin.guards import html_cards
from seqtwin.index.corpus import Items

SHOWN, LONGEST = 5, 60


def notebook_card(title: str, columns: tuple[str, ...], items: Items) -> str:
    """The first items of an index as HTML: id, text and the metadata columns. `title`: a line about the index."""
    rows = [
        [_short(value) for value in (item.id, item.text, *(item.metadata.get(name, "") for name in columns))]
        for item in islice(items, SHOWN)
    ]
    steps = ["index.search(queries, k=10)", "index.add(texts)", "index.save(folder)"]
    return html_cards.card(title, [html_cards.table(["id", "text", *columns], rows)], steps)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
