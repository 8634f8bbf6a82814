"""The files of a corpus: a folder, a pattern or one file; what is refused."""

import logging
from pathlib import Path

import pytest

from seqtwin.bulk.corpus_files import find_files, refuse_inside
from seqtwin.cli.bulk.cluster_work import quiet_client
from seqtwin.cli.entry.input_paths import check_inputs
from seqtwin.errors import ConfigError, DataError, SeqTwinError


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\nb\n", encoding="utf-8")
    return folder


def found(given: Path) -> list[str]:
    corpus = find_files(given)
    return [path.relative_to(corpus.base).as_posix() for path in corpus.files]


def test_a_folder_a_pattern_and_a_file(tmp_path: Path) -> None:
    write(
        tmp_path, "lang=de/b.csv", "lang=de/a.csv", "lang=fr/a.csv", "_SUCCESS", ".lang=de/c.csv", "lang=fr/.a.csv.crc"
    )
    names = ["lang=de/a.csv", "lang=de/b.csv", "lang=fr/a.csv"]
    assert found(tmp_path) == names
    assert found(tmp_path / "*" / "*.csv") == names
    assert found(tmp_path / "lang=fr" / "a.csv") == ["a.csv"]
    out = find_files(tmp_path).names()
    assert [out[path].as_posix() for path in find_files(tmp_path).files] == [f"{name}.parquet" for name in names]


def test_a_file_whose_name_has_the_signs_of_a_pattern_is_that_file(tmp_path: Path) -> None:
    write(tmp_path, "names[1].csv", "names1.csv")
    assert found(tmp_path / "names[1].csv") == ["names[1].csv"]


@pytest.mark.parametrize(
    ("names", "given", "code"),
    [
        ((), "", "CORPUS_EMPTY"),
        (("a.csv",), "*.parquet", "CORPUS_EMPTY"),
        (("a.csv", "b.jsonl"), "", "CORPUS_FORMATS"),
        (("_a.csv", "b.csv"), "*.csv", "CORPUS_HIDDEN"),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path: Path, names: tuple[str, ...], given: str, code: str) -> None:
    with pytest.raises(SeqTwinError) as caught:
        find_files(write(tmp_path, *names) / given)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)


@pytest.mark.parametrize(("given", "out"), [("in", "in"), ("in", "in/out"), ("in/*.csv", "in"), ("in/*.csv", ".")])
def test_an_output_with_inputs_is_refused(tmp_path: Path, given: str, out: str) -> None:
    write(tmp_path, "in/a.csv")
    with pytest.raises(ConfigError, match="overlap"):
        refuse_inside(find_files(tmp_path / given), tmp_path / out)
    refuse_inside(find_files(tmp_path / given), tmp_path / "other")


def test_a_pattern_without_dask_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file") as caught:
        check_inputs("encode", {"FILE": tmp_path / "*.csv"})
    assert "--dask local:2" in caught.value.remedy


def test_a_lost_scheduler_leaves_no_traceback_of_dask() -> None:
    logger = logging.getLogger("distributed.client")
    before = logger.level
    with quiet_client():
        assert not logger.isEnabledFor(logging.ERROR)
    assert logger.level == before
