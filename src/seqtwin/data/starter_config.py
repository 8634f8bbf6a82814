"""A commented config for a data file that was looked at."""

import json
from pathlib import Path

from seqtwin.data.file_summary import columns_line, counts_of, target_line
from seqtwin.data.inspect import Inspection
from seqtwin.data.reading.column_options import Names

SHORT_WORDS = 4
MOSTLY = 0.5
SEEN_PAIRS = 50_000
FEW_PAIRS = 2000
ITEM_PAIRS = 10_000
OF_SERIES = frozenset({"series", "series_steps"})
OF_CLASSES = frozenset({"items", "series"})
OF_STEPS = frozenset({"steps", "series_steps"})  # one class a step, and no pairs
SPLIT = "[0.7, 0.15, 0.15]"

Line = tuple[str, str]


def write_config(
    inspection: Inspection, *, folder: Path | None = None, classes: bool = False, start: bool = False
) -> str:
    """The text of a config for this data, each choice with its reason; paths below `folder` are relative to it.

    `classes`: labelled texts or series are to be classified, not drawn as pairs. `start`: the encoder that training
    starts from decides the shape of the encoder and its tokens, so that nothing is said of them.
    """
    single = inspection.kind in OF_STEPS or (classes and inspection.kind in OF_CLASSES)
    rows, noun = _training_rows(inspection, single), "sequences" if single else "pairs"
    sections = [
        ("", _heading(inspection)),
        ("data:", _data_lines(inspection, folder, single)),
        *([("", _objective_lines(inspection, single))] if inspection.kind != "pairs" else []),
        *([("tokens:", _token_lines(inspection, start))] if inspection.kind not in OF_SERIES else []),
        *([("encoder:", _encoder_lines(rows, noun))] if not start else []),
        *([("", _part_lines(single))] if inspection.kind not in OF_STEPS else []),
        ("fit:", _fit_lines(rows, noun)),
    ]
    return "\n".join(_section(title, lines) for title, lines in sections)


def _section(title: str, lines: list[Line]) -> str:
    indent = "  " if title else ""
    body = [f"{indent}{setting:<37} # {_plain(why)}" if setting else f"# {_plain(why)}" for setting, why in lines]
    return "\n".join([title, *body, ""] if title else [*body, ""])


def _plain(text: str) -> str:
    """The text on one line: a column name or a class can hold a line end, and a comment cannot."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _training_rows(inspection: Inspection, single: bool) -> int:
    """How many pairs, or single sequences, one epoch holds."""
    if inspection.kind in OF_CLASSES and not single:
        return ITEM_PAIRS
    rows = inspection.sequences if inspection.kind in OF_STEPS else inspection.rows
    return max(1, rows if "train" in inspection.files else int(0.7 * rows))


def _heading(inspection: Inspection) -> list[Line]:
    return [("", line) for line in describe(inspection)]


def describe(inspection: Inspection) -> list[str]:
    """What was understood of the data, as plain lines: columns, labels or scale, and what the sequences are like."""
    lines = [*seen_lines(inspection), f"looks like {_KINDS[inspection.kind]}"]
    if inspection.kind not in OF_SERIES:
        (mean, most), (words, most_words) = inspection.characters, inspection.words
        one, many = ("sequence", "sequences") if inspection.kind in OF_STEPS else ("text", "rows")
        lengths = f"{mean:.0f} characters (at most {most}) and {words:.1f} words (at most {most_words})"
        shares = [f"{script} {share:.0%}" for script, share in list(inspection.scripts.items())[:4]]
        lines.append(f"a {one} has {lengths}")
        lines.append(f"scripts: {', '.join(shares) or 'no letters'}; repeated {many}: {inspection.duplicates:,}")
    return lines


def seen_lines(found: Inspection) -> list[str]:
    """Which columns play which part, what the labels or scores mean and why, and what was decided besides."""
    first = next(iter(found.files.values()))
    named = columns_line(first.name, found.rows, found.roles, found.others)
    beside = [path.name for path in found.files.values() if path != first]
    lines = [f"{named}; the same columns in {', '.join(beside)}" if beside else named]
    if found.sequences:
        channels = f" of {found.channels} channels" if found.channels else ""
        lines.append(f"{found.sequences:,} {'series' if found.channels else 'sequences'}{channels}")
    if found.tables:
        lines.append(f"its ids were looked up in {found.tables.left.name} (left) and {found.tables.right.name} (right)")
    if found.target:
        lines.append(target_line(found.target))
    elif found.balance:
        lines.append(f"labels: {counts_of(found.balance)}")
    if found.empty:
        verb = "has an empty text and is" if found.empty == 1 else "have an empty text and are"
        lines.append(f"{found.empty:,} of {found.rows:,} rows {verb} left out")
    return [*lines, *found.notes]


_KINDS = {
    "pairs": "pairs of texts",
    "items": "texts with a class",
    "series": "series with a class",
    "steps": "words with a tag each",
    "series_steps": "series with a class a step",
}
_ROLE_REASONS = {
    "left": "the first text of a pair",
    "right": "the second",
    "score": "how similar they are",
    "text": "the texts",
    "series": "which series a row belongs to",
    "sequence": "which sequence a word belongs to",
    "token": "the words, one a row",
    "time": "the order of its rows",
}
_LABEL_REASONS = {
    "pairs": "1 = same, 0 = different",
    **dict.fromkeys(("items", "series"), "two of one label are the same"),
    **dict.fromkeys(OF_STEPS, "the class of each step"),
}


def _data_lines(inspection: Inspection, folder: Path | None, single: bool) -> list[Line]:
    lines = [(f"{key}: {_quoted(_path(path, folder))}", _FILE_REASONS[key]) for key, path in inspection.files.items()]
    if "file" in inspection.files:
        lines.append(
            (f"split: {SPLIT}", "shares of train, dev and test; no text is shared between them if that can be")
        )
    if inspection.tables:
        beside = {"left_table": inspection.tables.left, "right_table": inspection.tables.right}
        lines += [(f"{key}: {_quoted(_path(path, folder))}", _FILE_REASONS[key]) for key, path in beside.items()]
    for role in inspection.roles:
        reason = _label_reason(inspection, single) if role == "label" else _ROLE_REASONS[role]
        lines.append((f"{role}: {_listed(inspection.names(role))}", reason))
    if inspection.target and inspection.target.scale:
        low, high = inspection.target.scale
        lines.append((f"scale: [{_number(low)}, {_number(high)}]", inspection.target.why or "as declared"))
        lines.append(("cut: 0.5", 'targets from here on are "same" where two classes are needed'))
    if inspection.target and inspection.target.own:
        words = ", ".join(
            f"{json.dumps(word, ensure_ascii=False)}: {value:g}" for word, value in inspection.target.own.items()
        )
        lines.append((f"labels: {{{words}}}", "as declared"))
    if inspection.kind in OF_CLASSES and not single:
        lines.append(
            (f"pairs: {ITEM_PAIRS}", "training pairs to draw, half of them of one label; dev and test: a fifth each")
        )
    return lines


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _label_reason(inspection: Inspection, single: bool) -> str:
    return "the class" if single and inspection.kind in OF_CLASSES else _LABEL_REASONS[inspection.kind]


_FILE_REASONS = {
    "file": "one file, cut in three",
    "train": "learned from",
    "dev": "chosen on",
    "test": "scored once",
    "left_table": "what the ids of the left side point to",
    "right_table": "what the ids of the right side point to",
}


def _listed(names: Names) -> str:
    return _quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(_quoted, names))}]"


def _path(path: Path, folder: Path | None) -> str:
    whole = path.resolve()
    if folder is not None and whole.is_relative_to(folder.resolve()):
        return whole.relative_to(folder.resolve()).as_posix()
    return str(whole)


def _quoted(text: str) -> str:
    return text if text.isidentifier() and text.lower() not in _YAML_WORDS else json.dumps(text, ensure_ascii=False)


_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _objective_lines(inspection: Inspection, single: bool) -> list[Line]:
    if inspection.kind in OF_STEPS:
        return [("objective: label_steps", "one class a step")]
    if single:
        return [("objective: classify", "the class of each sequence")]
    return [("# objective: classify", "to learn the labels instead of pairs; take data.pairs and loss out then")]


def _token_lines(inspection: Inspection, start: bool) -> list[Line]:
    if inspection.empty:
        empty = ("empty: drop", f"{inspection.empty:,} rows have an empty text and are left out")
    else:
        empty = ("empty: error", "every text holds something; error | unk | drop")
    return [empty] if start else [_unit_line(inspection), empty]


def _unit_line(inspection: Inspection) -> Line:
    words, latin = inspection.words[0], inspection.scripts.get("latin", 0.0)
    if inspection.kind == "steps":
        return ("unit: word", "a row is a word, and a word is a step")
    if words <= SHORT_WORDS:
        return ("unit: char", f"short strings ({words:.1f} words): spelling carries the meaning")
    if latin < MOSTLY:
        return ("unit: char", f"mostly not Latin ({1 - latin:.0%} of the letters): blanks may not part words")
    return ("unit: word", f"sentences of {words:.1f} words")


def _encoder_lines(rows: int, noun: str) -> list[Line]:
    width = 64 if rows < FEW_PAIRS else 128
    return [
        ("cell: lstm", "rnn | gru | lstm"),
        ("bidirectional: true", "a step sees what stands before and behind it"),
        (f"embedding: {width}", f"about {rows:,} training {noun}"),
        (f"hidden: {width}", "per direction"),
    ]


def _part_lines(single: bool) -> list[Line]:
    shared = [
        ("representation: max_output", "the strongest of the usual ones with mse on sentence pairs"),
        ("similarity: cosine", "does not depend on the length of the vectors"),
    ]
    return shared if single else [*shared, ("loss: mse", "squared distance of similarity and target")]


def _fit_lines(rows: int, noun: str) -> list[Line]:
    epochs = min(30, max(5, round(SEEN_PAIRS / rows)))
    return [
        (f"epochs: {epochs}", f"{epochs} times {rows:,} {noun}"),
        (f"batch: {32 if rows < FEW_PAIRS else 64}", f"{noun} per step"),
        ("lr: 0.002", "adam's usual rate for recurrent encoders of this width"),
        ("patience: 5", "epochs without a better dev metric before it stops"),
        ("seed: 0", "same config and machine, same numbers"),
    ]
