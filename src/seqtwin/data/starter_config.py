"""The starter config of an inspected data file: settings with reasons, as a mapping or as commented YAML."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from seqtwin.data.file_summary import columns_line, counts_of, target_line
from seqtwin.data.inspect_file import Inspection
from seqtwin.data.reading.column_options import Names
from seqtwin.data.starter_choices import (
    FEW_ROWS,
    Section,
    Setting,
    are_all_same,
    cell,
    classify_instead,
    fit_section,
    kernel_channel,
    letters_of_words,
    lexical_channel,
    pair_loss,
    tagged_word_network,
    text_class_network,
    text_class_objective,
    text_class_reading,
    token_unit,
)

ITEM_PAIRS = 10_000
OF_SERIES = frozenset({"series", "series_steps"})
OF_CLASSES = frozenset({"items", "series"})
OF_STEPS = frozenset({"steps", "series_steps"})  # one class per step, no pairs
SPLIT = (0.7, 0.15, 0.15)


Settings = dict[str, Setting | Section]


def starter_settings(
    inspection: Inspection,
    *,
    folder: Path | None = None,
    classes: bool = False,
    start: bool = False,
    rows: int | None = None,
) -> Settings:
    """The settings of a config for inspected data, in the order of the file. Paths below `folder` are relative to it.

    `classes`: classify texts or series with a class, instead of drawing pairs from them. `start`: training starts from
    an encoder, which determines the shape of the encoder and its tokens. `rows`: the number of training pairs, or of
    training sequences; None: an estimate.
    """
    single = inspection.kind in OF_STEPS or (classes and inspection.kind in OF_CLASSES)
    text_classes = single and inspection.kind == "items"
    noun = _noun(inspection) if single else "pairs"
    amount = "about " if rows is None else ""
    rows = _training_rows(inspection, single) if rows is None else rows
    reason = f"for {amount}{rows:,} training {noun}"
    settings: Settings = {"data": _data(inspection, folder, single)}
    if inspection.kind != "pairs":
        settings["objective"] = _objective(inspection, single)
    if inspection.kind not in OF_SERIES:
        settings["tokens"] = _tokens(inspection, start, text_classes)
    if not start:
        network = text_class_network() if text_classes and _of_words(inspection) else {}
        tagged = tagged_word_network() if inspection.kind == "steps" else {}
        settings["encoder"] = {**_encoder(inspection, rows, reason), **network, **tagged}
    if inspection.kind not in OF_STEPS:
        settings |= _parts(inspection, single)
    return {**settings, "fit": fit_section(rows, noun, text_classes=text_classes, tags=inspection.kind == "steps")}


def _of_words(inspection: Inspection) -> bool:
    return token_unit(inspection).value == "word"


def as_mapping(settings: Settings) -> dict[str, object]:
    """The values of the settings, as a raw config."""
    return {
        key: {name: inner.value for name, inner in setting.items()} if isinstance(setting, dict) else setting.value
        for key, setting in settings.items()
        if isinstance(setting, dict) or setting.active
    }


def as_yaml(settings: Settings, heading: Sequence[str]) -> str:
    """The settings as YAML, each with its reason as a comment. `heading`: comment lines at the top."""
    blocks = ["".join(f"# {_one_line(line)}\n" for line in heading)]
    for key, group in groupby(settings.items(), key=lambda item: item[0] if isinstance(item[1], dict) else ""):
        if key:
            blocks += [f"{key}:\n" + _lines(section.items(), "  ") for _, section in group if isinstance(section, dict)]
        else:
            blocks.append(_lines(((name, setting) for name, setting in group if isinstance(setting, Setting)), ""))
    return "\n".join(blocks)


def write_config(
    inspection: Inspection, *, folder: Path | None = None, classes: bool = False, start: bool = False
) -> str:
    """The commented YAML of a config for inspected data. Arguments as for `starter_settings`."""
    settings = starter_settings(inspection, folder=folder, classes=classes, start=start)
    return as_yaml(settings, describe(inspection))


def _lines(settings: Iterable[tuple[str, Setting]], indent: str) -> str:
    texts = [(f"{'' if s.active else '# '}{name}: {_yaml(s.value)}", s.reason) for name, s in settings]
    return "".join(f"{indent}{text:<37} # {_one_line(reason)}\n" for text, reason in texts)


def _yaml(value: object) -> str:
    """A value in YAML flow style."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_yaml(key)}: {_yaml(own)}' for key, own in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str):
        plain = value.isidentifier() and value.lower() not in _YAML_WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return json.dumps(value)


_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _one_line(text: str) -> str:
    """The text without line ends, which names of columns and classes can contain but comments cannot."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _training_rows(inspection: Inspection, single: bool) -> int:
    """An estimate of the number of pairs, or of single sequences, in one epoch."""
    if inspection.kind in OF_CLASSES and not single:
        return ITEM_PAIRS
    rows = inspection.sequences or inspection.rows  # the rows of a long table are steps
    return max(1, rows if "train" in inspection.files else int(0.7 * rows))


def _noun(inspection: Inspection) -> str:
    """The noun for single sequences."""
    return "series" if inspection.kind in OF_SERIES else "sequences"


def describe(inspection: Inspection) -> list[str]:
    """A full description of inspected data in lines: the summary, the kind of data and text statistics."""
    lines = [*seen_lines(inspection), f"looks like {KINDS[inspection.kind]}"]
    if inspection.kind not in OF_SERIES:
        (mean, most), (words, most_words) = inspection.characters, inspection.words
        one, many = ("sequence", "sequences") if inspection.kind in OF_STEPS else ("text", "rows")
        lengths = f"{mean:.0f} characters (at most {most}) and {words:.1f} words (at most {most_words})"
        shares = [f"{script} {share:.0%}" for script, share in list(inspection.scripts.items())[:4]]
        lines.append(f"a {one} has {lengths}")
        lines.append(f"scripts: {', '.join(shares) or 'no letters'}; repeated {many}: {inspection.duplicates:,}")
    return lines


def seen_lines(inspection: Inspection) -> list[str]:
    """A summary of inspected data in lines: the roles of the columns, the meaning of labels or scores, and notes."""
    first = next(iter(inspection.files.values()))
    columns = columns_line(first.name, inspection.rows, inspection.roles, inspection.others)
    others = [path.name for path in inspection.files.values() if path != first]
    lines = [f"{columns}; the same columns in {', '.join(others)}" if others else columns]
    if inspection.sequences:
        channels = f" of {inspection.channels} channels" if inspection.channels else ""
        lines.append(f"{inspection.sequences:,} {'series' if inspection.channels else 'sequences'}{channels}")
    if inspection.tables:
        left, right = inspection.tables.left.name, inspection.tables.right.name
        lines.append(f"ids are looked up in {left} (left) and {right} (right)")
    if inspection.target:
        lines.append(target_line(inspection.target))
    elif inspection.balance:
        lines.append(f"labels: {counts_of(inspection.balance)}")
    if inspection.empty:
        verb = "has an empty text and is" if inspection.empty == 1 else "have an empty text and are"
        lines.append(f"{inspection.empty:,} of {inspection.rows:,} rows {verb} left out")
    return [*lines, *inspection.notes]


KINDS = {
    "pairs": "pairs of texts",
    "items": "texts with a class",
    "series": "series with a class",
    "steps": "tagged words",
    "series_steps": "series with one class per step",
}
_FILE_REASONS = {
    "file": "split into train, dev and test",
    "train": "for training",
    "dev": "for early stopping and the threshold",
    "test": "for the final scores",
    "left_table": "the rows that the left ids refer to",
    "right_table": "the rows that the right ids refer to",
}
_ROLE_REASONS = {
    "left": "the first text of each pair",
    "right": "the second text of each pair",
    "score": "the similarity of each pair",
    "text": "the texts",
    "series": "the series of each row",
    "sequence": "the sequence of each word",
    "token": "the words, one per row",
    "time": "the order of the steps",
}
_LABEL_REASONS = {
    "pairs": "1 = same, 0 = different",
    **dict.fromkeys(OF_CLASSES, "items with the same label are the same"),
    **dict.fromkeys(OF_STEPS, "the class of each step"),
}


def _data(inspection: Inspection, folder: Path | None, single: bool) -> Section:
    section = {key: Setting(_path(path, folder), _FILE_REASONS[key]) for key, path in inspection.files.items()}
    if "file" in inspection.files:
        section["split"] = Setting([*SPLIT], "shares of train, dev and test, which share no text if possible")
    if inspection.tables:
        tables = {"left_table": inspection.tables.left, "right_table": inspection.tables.right}
        section |= {key: Setting(_path(path, folder), _FILE_REASONS[key]) for key, path in tables.items()}
    for role in inspection.roles:
        reason = _label_reason(inspection, single) if role == "label" else _ROLE_REASONS[role]
        section[role] = Setting(_name_or_list(inspection.names(role)), reason)
    section |= _target(inspection)
    if inspection.kind in OF_CLASSES and not single:
        reason = "at most so many training pairs, half of them with the same label; dev and test get a fifth"
        section["pairs"] = Setting(ITEM_PAIRS, reason)
    return section


def _target(inspection: Inspection) -> Section:
    target, section = inspection.target, Section()
    if target and target.scale:
        section["scale"] = Setting([*target.scale], target.why or "as declared")
        section["cut"] = Setting(0.5, "pairs with at least this target count as the same, where two classes are needed")
    if are_all_same(inspection) and "file" in inspection.files:  # the dev and test files of a folder stay as they are
        section["negatives"] = Setting(1, "random different pairs per same pair: none are in the file; needed on dev")
    if target and target.own:
        section["labels"] = Setting({word: int(value) for word, value in target.own.items()}, "as declared")
    return section


def _label_reason(inspection: Inspection, single: bool) -> str:
    return "the class" if single and inspection.kind in OF_CLASSES else _LABEL_REASONS[inspection.kind]


def _name_or_list(names: Names) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)


def _path(path: Path, folder: Path | None) -> str:
    whole = path.resolve()
    if folder is not None and whole.is_relative_to(folder.resolve()):
        return whole.relative_to(folder.resolve()).as_posix()
    return str(whole)


def _objective(inspection: Inspection, single: bool) -> Setting:
    if inspection.kind in OF_STEPS:
        return Setting("label_steps", "predict one class per step")
    if single:
        series = Setting("classify", "predict the class of each sequence")
        return text_class_objective() if inspection.kind == "items" else series
    return classify_instead("series" if inspection.kind in OF_SERIES else "text")


def _tokens(inspection: Inspection, start: bool, text_classes: bool) -> Section:
    if inspection.empty:
        empty = Setting("drop", f"{inspection.empty:,} rows have an empty text and are left out")
    else:
        empty = Setting("error", "there are no empty texts; error | unk | drop")
    if start:
        return {"empty": empty}
    spelled = inspection.kind == "steps" or (text_classes and _of_words(inspection))
    letters = {"characters": letters_of_words()} if spelled else {}
    return {"unit": token_unit(inspection), **letters, "empty": empty}


def _encoder(inspection: Inspection, rows: int, reason: str) -> Section:
    width = 64 if rows < FEW_ROWS else 128
    section = {
        "cell": cell(inspection),
        "bidirectional": Setting(True, "each step sees the steps before and after it"),
        "embedding": Setting(width, reason),
        "hidden": Setting(width, "per direction"),
    }
    if inspection.kind == "series":
        return section | kernel_channel(_training_rows(inspection, True))
    return {**section, "lexical": lexical_channel(inspection)} if inspection.kind == "pairs" else section


def _parts(inspection: Inspection, single: bool) -> Section:
    usual = Setting("max_output", "best average rank of eight on ten data sets: 2.2, final_hidden 5.1, last_output 7.2")
    parts = {
        "representation": text_class_reading() if single and inspection.kind == "items" else usual,
        "similarity": Setting("cosine", "independent of the length of the vectors"),
    }
    return parts if single else {**parts, "loss": pair_loss(inspection)}
