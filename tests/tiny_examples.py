"""Single sequences that are learnt in a second: the class of a text is that of its first letter, of a word its own."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

LETTERS = "abcdef"
CLASSES = ("ab", "cd", "ef")


def class_of(text: str) -> str:
    """The class of a text."""
    return next(name for name in CLASSES if text[0] in name)


def drawn_texts(count: int = 60, seed: int = 0) -> list[str]:
    """Distinct texts of one to five letters; no two differ in case alone."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(list(LETTERS), rng.integers(1, 6)))] = None
    return list(found)


def drawn_series(count: int = 45, seed: int = 0) -> list[np.ndarray]:
    """Series of two channels and two to five steps, centred by turns on 0, 3 and -3."""
    rng = np.random.default_rng(seed)
    return [rng.normal((0, 3, -3)[row % 3], 1, (2 + row % 4, 2)).round(3) for row in range(count)]


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_classes(path: Path, count: int = 60, seed: int = 0) -> Path:
    """Columns text and label."""
    return table(path, ["text", "label"], [[text, class_of(text)] for text in drawn_texts(count, seed)])


def write_steps(path: Path, count: int = 40, seed: int = 0) -> Path:
    """Columns s, w and tag, one row a word: the tag of a word is its class. Sentence 0 is s0, and so on."""
    words = drawn_texts(12, seed)
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        rows += [[f"s{number}", word, class_of(word)] for word in rng.choice(words, 1 + number % 4)]
    return table(path, ["s", "w", "tag"], rows)


def write_series(path: Path, count: int = 45, seed: int = 0, *, each_step: bool = False) -> Path:
    """Columns series_id, t, ch0, ch1 and label: the sign of the mean of a series, or with `each_step` of each step."""
    rows: list[list[Any]] = []
    for number, one in enumerate(drawn_series(count, seed)):
        label = "zpn"[number % 3]
        rows += [
            [f"s{number}", t, *step.tolist(), "pn"[int(step.mean() < 0)] if each_step else label]
            for t, step in enumerate(one)
        ]
    return table(path, ["series_id", "t", "ch0", "ch1", "label"], rows)


def write_texts(path: Path, count: int = 60, seed: int = 0) -> Path:
    """Columns text, and other: the same backwards."""
    return table(path, ["text", "other"], [[text, text[::-1]] for text in drawn_texts(count, seed)])


COLUMNS: dict[str, dict[str, Any]] = {
    "classes": {"text": "text", "label": "label"},
    "series": {"series": "series_id", "label": "label"},
    "steps": {"sequence": "s", "token": "w", "label": "tag"},
    "series_steps": {"series": "series_id", "label": "label"},
    "texts": {"text": "text"},
    "translations": {"left": "text", "right": "other"},
}
OBJECTIVE = {"classes": "classify", "series": "classify", "steps": "label_steps", "series_steps": "label_steps"}


def write(kind: str, path: Path) -> Path:
    """The file of one of the kinds above."""
    if kind in ("series", "series_steps"):
        return write_series(path, each_step=kind == "series_steps")
    return {"classes": write_classes, "steps": write_steps}.get(kind, write_texts)(path)


def raw_run(kind: str, file: Path, **sections: Any) -> dict[str, Any]:
    """The raw config of a run on such a file; the values of a section are laid over the usual ones."""
    raw: dict[str, Any] = {
        "data": {"file": str(file), **COLUMNS[kind]},
        "objective": OBJECTIVE.get(kind, "decode"),
        "tokens": {"unit": "word"} if kind == "steps" else {},
        "encoder": {"embedding": 6, "hidden": 8},
        "representation": "final_hidden",
        "fit": {"epochs": 2, "batch": 16, "lr": 0.05, "device": "cpu"},
    }
    for name, value in sections.items():
        laid_over = isinstance(value, dict) and name in ("data", "encoder", "fit", "tokens")
        raw[name] = {**raw[name], **value} if laid_over else value
    return raw
