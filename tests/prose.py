"""Awkward English in what people read: help, errors, docstrings, templates, documents.

`python tests/prose.py PATH ...` lists the hits under the paths, one line each.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

UNITS = (
    "vector|text|row|column|line|pair|pairing|seed|step|class|cell|head|token|item|series|sequence|label|score|value"
    "|split|file|batch|query"
)

# The commonest patterns of a translated text, and what a native speaker writes instead.
PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    "a X a Y": (
        re.compile(rf"\b(an?|one|two|three|\d+) [\w-]+ an? ({UNITS})\b"),
        "one X per Y",
    ),
    "says": (re.compile(r"(?<![-\w])(says?|said|tells?|told)\b"), "outputs, prints, reports, means"),
    "asked": (re.compile(r"\b(is|are|was|were) asked\b|\basks (for|of|an?|the)\b"), "required, expected"),
    "stands": (re.compile(r"\b(stands?|stood|standing) (in|on|for|at|there|beside|over|under|where|alone)\b"), "is"),
    "lies": (re.compile(r"\b(lies|lie|lying) (in|on|at|there|beside|under|between)\b"), "is"),
    "holds": (re.compile(r"\b(holds|brings|carries|bears)\b"), "has, contains"),
    "mend": (re.compile(r"\b(mend|mends|mended|mending|spoil\w*|laid open|lays? open)\b"), "fix, corrupt, show"),
    "apart": (re.compile(r"\b(told|not|is|are|tell|be|hardly|clearly) apart\b"), "significantly different"),
    "reads": (re.compile(r"\b(representation|similarity|head|encoder|model|loss|probe|it) reads\b"), "uses, takes"),
    "so that": (re.compile(r"\bso that\b"), "two sentences"),
    "from 1 on": (re.compile(r"\bfrom (0|1|one|zero|two|2) on\b|\bwhole numbers?\b"), "a positive integer"),
    "What ...": (re.compile(r"(?m)^What (?!is\b|are\b|to\b|the\b[^.]*\?|changed\b)[^?\n]*$"), "name the thing"),
    "in earnest": (
        re.compile(r"\b(in earnest|without a fault|on the way|none of its business|as told)\b"),
        "say it plainly",
    ),
}


def hits(text: str) -> list[str]:
    """The awkward phrases of a text, each with what to write instead.

    >>> hits("It says one vector a text.")
    ['one vector a text -> one X per Y', 'says -> outputs, prints, reports, means']
    """
    return [f"{match.group()} -> {better}" for rule, better in PATTERNS.values() for match in rule.finditer(text)]


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file that people read, with their lines: of Python the strings that are sentences."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from strings_of(ast.parse(text))
    elif path.suffix == ".md":
        prose = re.sub(r"```.*?```", lambda code: "\n" * code.group().count("\n"), text, flags=re.S)
        yield from enumerate(re.sub(r"`[^`\n]*`", "``", prose).splitlines(), 1)
    else:
        shown = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
        yield from enumerate(shown.splitlines(), 1)


def strings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            # a string without a blank is a name
            yield node.lineno, re.sub(r"`[^`\n]*`", "``", node.value) if " " in node.value else ""


def awkward(folder: Path) -> list[str]:
    """One line for each awkward phrase under a folder or in a file: `path:line: phrase -> better`."""
    paths = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in {".py", ".md", ".j2"})
    return [f"{path}:{line}: {hit}" for path in paths for line, text in texts_of(path) for hit in hits(text)]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for given in sys.argv[1:] for line in awkward(Path(given))))
