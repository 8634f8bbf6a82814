"""The rows of many files as one list, for dedupe and link."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seqtwin.bulk.corpus_files import SPARSE, Corpus
from seqtwin.data.file_summary import columns_line
from seqtwin.data.files.rows import Quoting
from seqtwin.errors import DataError, SeqTwinError, gathered
from seqtwin.matching.match_files import Listed, read_listed


def read_corpus_list(corpus: Corpus, column: str | None, option: str, quoting: Quoting | None) -> Listed:
    """The texts and the other columns of all files, in the order of the files.

    `column`, `option`: as for `read_listed`.

    Raises: ConfigError, DataError; for several files one error with the problems of all of them.
    """
    if len(corpus.files) == 1:
        return read_listed(corpus.files[0], column, option, quoting=quoting)
    lists: list[Listed] = []
    problems: dict[str, SeqTwinError] = {}
    for path in corpus.files:
        try:
            lists.append(_checked(read_listed(path, column, option, quoting=quoting), lists, corpus, path))
        except SeqTwinError as error:
            problems[path.relative_to(corpus.base).as_posix()] = error
    raise_problems(corpus, problems)
    names = dict.fromkeys(name for part in lists for name in part.others)
    others: dict[str, list[object]] = {
        name: [cell for part in lists for cell in part.others.get(name, [None] * len(part.texts))] for name in names
    }
    texts = [text for part in lists for text in part.texts]
    line = columns_line(f"{len(lists)} files", len(texts), {"text": lists[0].name}, list(names))
    notes = dict.fromkeys(note for part in lists for note in part.understood[1:])
    return Listed(lists[0].name, texts, others, (line, *notes))


def _checked(part: Listed, before: Sequence[Listed], corpus: Corpus, path: Path) -> Listed:
    """Raises: DataError for a file without rows, or with other columns than the first one."""
    if not part.texts:
        raise DataError("DATA_NO_ROWS", "no rows", place=str(path), remedy="remove this file")
    if before and corpus.ending not in SPARSE and set(part.others) != set(before[0].others):
        odd = ", ".join(f"'{name}'" for name in sorted({*part.others} ^ {*before[0].others}))
        cause = f"not the columns of {corpus.files[0].name}: only one of the two has {odd}"
        raise DataError("CORPUS_COLUMNS", cause, place=str(path), remedy="leave this file out, or add the columns")
    return part


def raise_problems(corpus: Corpus, problems: Mapping[str, SeqTwinError]) -> None:
    """Raises: the only problem of a file, or one error with those of all files, by name."""
    if not problems:
        return
    first = next(iter(problems.values()))
    if len(problems) == 1:
        raise first
    lines = [f"{name}: {error.cause}" for name, error in problems.items()]
    raise gathered("CORPUS_PARTS", str(corpus.base), lines, first.remedy or "fix or remove these files")
