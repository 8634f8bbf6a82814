"""The files of a corpus: one file, the files that match a pattern, or those in a folder and its subfolders."""

import glob
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from seqtwin.data.files.read_text import ending_of
from seqtwin.errors import ConfigError, DataError

HIDDEN = (".", "_")  # readers of data sets leave out files and folders whose names begin so
PARQUET = ".parquet"
SPARSE = (".jsonl", ".json")  # a row has any keys: a file may lack a column
SIGNS = "*?["


@dataclass(frozen=True)
class Corpus:
    """`files`: sorted by path, all of one format; `base`: the folder that contains them; `is_folder`: the user named
    this folder, and every file in it belongs to the corpus.
    """

    files: tuple[Path, ...]
    base: Path
    is_folder: bool = False

    @property
    def ending(self) -> str:
        """The ending of all its files."""
        return ending_of(self.files[0])

    def names(self) -> dict[Path, Path]:
        """The path of each file within a data set with one Parquet file for each.

        >>> Corpus((Path("a/x.csv"), Path("a/lang=de/y.parquet")), Path("a")).names()[Path("a/x.csv")].as_posix()
        'x.csv.parquet'
        """
        inner = {path: path.relative_to(self.base) for path in self.files}
        return {path: name if name.suffix == PARQUET else Path(f"{name}{PARQUET}") for path, name in inner.items()}


def has_pattern(path: Path) -> bool:
    """Whether a path is a pattern such as `parts/*.csv`.

    >>> has_pattern(Path("parts/*.csv")), has_pattern(Path("parts"))
    (True, False)
    """
    return any(sign in str(path) for sign in SIGNS) and not path.exists()


def find_files(given: Path) -> Corpus:
    """The files that a path or a pattern names. In a folder, those whose names begin with `.` or `_` are left out.

    Raises: DataError if there are none; ConfigError for files of several formats.
    """
    place = given.absolute()
    if place.is_dir():
        inner = sorted(path for path in place.rglob("*") if path.is_file())
        corpus = Corpus(tuple(path for path in inner if not _is_hidden(path.relative_to(place))), place, True)
    elif place.is_file() or not has_pattern(place):
        return Corpus((place,), place.parent)
    else:
        matches = sorted(Path(path) for path in glob.glob(str(place), recursive=True))
        corpus = Corpus(tuple(path for path in matches if path.is_file()), _fixed(place))
    _check(corpus, given)
    return corpus


def refuse_inside(corpus: Corpus, out: Path) -> None:
    """Check that no file of the corpus is in the output, and that the output is not among the files of its folder.

    Raises: ConfigError.
    """
    folder = out.absolute()
    inside = next((path for path in corpus.files if path.is_relative_to(folder)), None)
    if inside is not None or (corpus.is_folder and folder.is_relative_to(corpus.base)):
        cause = f"the output and the input {inside or corpus.base} overlap"
        raise ConfigError("OUT_IS_INPUT", cause, place=str(out), remedy="choose another --out")


def refuse_own_output(given: Path, outputs: Iterable[Path]) -> None:
    """Check that no output file would be a file of the corpus, where the same command would read it the next time.

    Raises: ConfigError.
    """
    place = given.absolute()
    for out in (path.absolute() for path in outputs):
        if out.is_relative_to(place) if place.is_dir() else has_pattern(place) and out.match(str(place)):
            cause = f"the output would be a file of the input {given}"
            raise ConfigError("OUT_IS_INPUT", cause, place=str(out), remedy="choose another --out")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(HIDDEN) for part in path.parts)


def _fixed(pattern: Path) -> Path:
    """The folder before the first part of a pattern that is not fixed."""
    parts = pattern.parts
    first = next(place for place, part in enumerate(parts) if any(sign in part for sign in SIGNS))
    return Path(*parts[:first])


def _check(corpus: Corpus, given: Path) -> None:
    if not corpus.files:
        cause = "no file matches this pattern" if has_pattern(given) else "there is no file in this folder"
        remedy = "files whose names begin with . or _ are left out" if given.is_dir() else "quote it: 'parts/*.csv'"
        raise DataError("CORPUS_EMPTY", cause, place=str(given), remedy=remedy)
    endings = Counter(ending_of(path) or "no ending" for path in corpus.files)
    if len(endings) > 1:
        listed = ", ".join(f"{count} {ending}" for ending, count in endings.most_common())
        remedy = "name the files of one format with a pattern such as 'parts/*.parquet'"
        raise ConfigError("CORPUS_FORMATS", f"files of several formats: {listed}", place=str(given), remedy=remedy)
    hidden = next((path for path in corpus.files if _is_hidden(path.relative_to(corpus.base))), None)
    if hidden is not None:
        cause = f"{hidden.name}: readers of data sets leave out names that begin with . or _"
        raise ConfigError("CORPUS_HIDDEN", cause, place=str(given), remedy="rename it, or use another pattern")
