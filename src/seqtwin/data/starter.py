"""A commented config for a data file that was looked at."""

import json
from pathlib import Path

from seqtwin.data.inspection import Inspection

SHORT_WORDS = 4
MOSTLY = 0.5
SEEN_PAIRS = 50_000
FEW_PAIRS = 2000
ITEM_PAIRS = 10_000
SPLIT = "[0.7, 0.15, 0.15]"

Line = tuple[str, str]


def write_config(inspection: Inspection, *, folder: Path | None = None) -> str:
    """The text of a config for this data, each choice with its reason; paths below `folder` are relative to it."""
    pairs = _training_pairs(inspection)
    sections = [
        ("", _heading(inspection)),
        ("data:", _data_lines(inspection, folder)),
        *([("tokens:", _token_lines(inspection))] if inspection.kind != "series" else []),
        ("encoder:", _encoder_lines(pairs)),
        ("", _part_lines()),
        ("fit:", _fit_lines(pairs)),
    ]
    return "\n".join(_section(title, lines) for title, lines in sections)


def _section(title: str, lines: list[Line]) -> str:
    indent = "  " if title else ""
    body = [f"{indent}{setting:<37} # {why}" if setting else f"# {why}" for setting, why in lines]
    return "\n".join([title, *body, ""] if title else [*body, ""])


def _training_pairs(inspection: Inspection) -> int:
    if inspection.kind != "pairs":
        return ITEM_PAIRS
    return max(1, inspection.rows if "train" in inspection.files else int(0.7 * inspection.rows))


def _heading(inspection: Inspection) -> list[Line]:
    path = next(iter(inspection.files.values()))
    lines = [("", f"{path.name}: {inspection.rows:,} rows; looks like {_KINDS[inspection.kind]}")]
    if inspection.kind != "series":
        (mean, most), (words, most_words) = inspection.characters, inspection.words
        lines.append(
            ("", f"a text has {mean:.0f} characters (at most {most}) and {words:.1f} words (at most {most_words})")
        )
        shares = [f"{script} {share:.0%}" for script, share in list(inspection.scripts.items())[:4]]
        lines.append(("", f"scripts: {', '.join(shares) or 'no letters'}; repeated rows: {inspection.duplicates:,}"))
    if inspection.balance:
        shown = [f"{label} {count:,}" for label, count in list(inspection.balance.items())[:8]]
        lines.append(("", f"labels: {', '.join(shown)}{', ...' if len(inspection.balance) > 8 else ''}"))
    return lines


_KINDS = {"pairs": "pairs of texts", "items": "texts with a class", "series": "series with a class"}
_ROLE_REASONS = {
    "left": "the first text of a pair",
    "right": "the second",
    "score": "how similar they are",
    "label": "1 = same, 0 = different",
    "text": "the texts",
    "series": "which series a row belongs to",
    "time": "the order of its rows",
}


def _data_lines(inspection: Inspection, folder: Path | None) -> list[Line]:
    lines = [(f"{key}: {_quoted(_path(path, folder))}", _FILE_REASONS[key]) for key, path in inspection.files.items()]
    if "file" in inspection.files:
        lines.append(
            (f"split: {SPLIT}", "shares of train, dev and test; no text is shared between them if that can be")
        )
    for role, name in inspection.roles.items():
        own = role == "label" and inspection.kind != "pairs"
        lines.append((f"{role}: {_quoted(name)}", "two of one label are the same" if own else _ROLE_REASONS[role]))
    if inspection.scale and inspection.observed:
        low, high = inspection.scale
        seen = f"seen: {inspection.observed[0]:g} to {inspection.observed[1]:g}; write the full range a score can take"
        lines.append((f"scale: [{low:g}, {high:g}]", seen))
        lines.append(("cut: 0.5", 'targets from here on are "same" where two classes are needed'))
    if inspection.kind != "pairs":
        lines.append(
            (f"pairs: {ITEM_PAIRS}", "training pairs to draw, half of them of one label; dev and test: a fifth each")
        )
    return lines


_FILE_REASONS = {"file": "one file, cut in three", "train": "learned from", "dev": "chosen on", "test": "scored once"}


def _path(path: Path, folder: Path | None) -> str:
    whole = path.resolve()
    if folder is not None and whole.is_relative_to(folder.resolve()):
        return whole.relative_to(folder.resolve()).as_posix()
    return str(whole)


def _quoted(text: str) -> str:
    return text if text.isidentifier() and text.lower() not in _YAML_WORDS else json.dumps(text)


_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _token_lines(inspection: Inspection) -> list[Line]:
    words, latin = inspection.words[0], inspection.scripts.get("latin", 0.0)
    if words <= SHORT_WORDS:
        unit = ("unit: char", f"short strings ({words:.1f} words): spelling carries the meaning")
    elif latin < MOSTLY:
        unit = ("unit: char", f"mostly not Latin ({1 - latin:.0%} of the letters): blanks may not part words")
    else:
        unit = ("unit: word", f"sentences of {words:.1f} words")
    if inspection.empty:
        return [unit, ("empty: drop", f"{inspection.empty:,} rows have an empty text and are left out")]
    return [unit, ("empty: error", "every text holds something; error | unk | drop")]


def _encoder_lines(pairs: int) -> list[Line]:
    width = 64 if pairs < FEW_PAIRS else 128
    return [
        ("cell: lstm", "rnn | gru | lstm"),
        ("bidirectional: true", "a step sees what stands before and behind it"),
        (f"embedding: {width}", f"about {pairs:,} training pairs"),
        (f"hidden: {width}", "per direction"),
    ]


def _part_lines() -> list[Line]:
    return [
        ("representation: max_output", "the strongest of the usual ones with mse on sentence pairs"),
        ("similarity: cosine", "does not depend on the length of the vectors"),
        ("loss: mse", "squared distance of similarity and target"),
    ]


def _fit_lines(pairs: int) -> list[Line]:
    epochs = min(30, max(5, round(SEEN_PAIRS / pairs)))
    return [
        (f"epochs: {epochs}", f"{epochs} times {pairs:,} pairs"),
        (f"batch: {32 if pairs < FEW_PAIRS else 64}", "pairs per step"),
        ("lr: 0.002", "adam's usual rate for recurrent encoders of this width"),
        ("patience: 5", "epochs without a better dev metric before it stops"),
        ("seed: 0", "same config, same numbers"),
    ]


def describe(inspection: Inspection) -> str:
    """What was seen in the data, as plain lines."""
    return "\n".join(why for setting, why in _heading(inspection) if not setting)
