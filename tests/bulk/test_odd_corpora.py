"""index, dedupe and link on workers with odd files: one message and nothing left, or the result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from cluster_fixtures import client, encoder, folder  # noqa: F401 - fixtures
from typer.testing import CliRunner

from seqtwin.cli.dedupe_link import dedupe, link
from seqtwin.cli.index_search import index
from seqtwin.errors import SeqTwinError

pytest.importorskip("pyarrow")

TEXTS = ["abc", "abd", "fed", "cab", "fade"]
LIMIT = ["--threshold", "0.99"]


def write_parts(place: Path, parts: list[list[str] | bytes], ending: str = ".parquet", column: str = "name") -> Path:
    """A folder with a file for each list of texts. `column`: the name of the last one's column."""
    place.mkdir()
    for number, texts in enumerate(parts):
        path = place / f"p{number}{ending}"
        if isinstance(texts, bytes):
            path.write_bytes(texts)
            continue
        name = column if number == len(parts) - 1 else "name"
        frame = pd.DataFrame(
            {name: pd.Series(texts, dtype=str), "id": [f"{number}-{row}" for row in range(len(texts))]}
        )
        frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
    return place


def run(command: Callable[..., None], *arguments: object) -> SeqTwinError | str:
    """The output of a command, or its error."""
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(done.exception, SeqTwinError):
        return done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.fixture(params=["index", "dedupe", "link"])
def work(request: Any, client: Any, folder: Path, tmp_path: Path) -> Callable[..., SeqTwinError | str]:
    """A command on a corpus, with its output in the folder `out`."""
    on, other = ["--dask", client.scheduler.address], write_parts(tmp_path / "other", [TEXTS])

    def work_on(corpus: Path | str, out: Path | None = None) -> SeqTwinError | str:
        to = ["-o", out or tmp_path / "out" / "result.csv", *on]
        if request.param == "link":
            sides = ["--left-column", "name", "--right-column", "name", *LIMIT]
            return run(link, folder, other, corpus, *sides, *to)
        if request.param == "dedupe":
            return run(dedupe, folder, corpus, "--column", "name", *LIMIT, *to)
        return run(index, folder, corpus, "--column", "name", *to)

    return work_on


@pytest.mark.parametrize(
    ("parts", "column", "message"),
    [
        ([TEXTS, [], TEXTS], "name", "p1.parquet: no rows"),
        ([TEXTS, TEXTS, TEXTS], "title", "p2.parquet: column 'name' is missing"),
        ([TEXTS, b"PAR1 and no more", TEXTS], "name", "p1.parquet: not a readable parquet file"),
        ([b"", TEXTS, b""], "name", "2 problems"),
    ],
)
def test_files_that_do_not_fit_are_one_message(
    work: Callable[..., Any], tmp_path: Path, parts: list[Any], column: str, message: str
) -> None:
    error = work(write_parts(tmp_path / "in", parts, column=column))
    assert isinstance(error, SeqTwinError)
    assert error.exit_code == 2
    assert message in str(error)
    assert error.remedy
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("parts", [[["abc"] * 5] * 3, [TEXTS, ["dab"]], [["dab"]]])
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_equal_texts_and_single_rows_are_no_problem(
    work: Callable[..., Any], tmp_path: Path, parts: list[Any], ending: str
) -> None:
    output = work(write_parts(tmp_path / "in", parts, ending))
    assert isinstance(output, str), output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["result.csv"]


def test_an_output_that_exists_is_refused_before_any_work(work: Callable[..., Any], tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    error = work(write_parts(tmp_path / "in", [TEXTS, TEXTS]), taken)
    assert isinstance(error, SeqTwinError)
    assert (error.code, error.exit_code) == ("OUT_EXISTS", 2)
    assert [path.name for path in taken.iterdir()] == ["notes.txt"]
    assert not list(tmp_path.glob(".*"))


def test_an_output_among_the_files_of_its_input_is_refused(work: Callable[..., Any], tmp_path: Path) -> None:
    corpus = write_parts(tmp_path / "in", [TEXTS, TEXTS], ".csv")
    for given in (corpus, f"{corpus}/*.csv"):
        error = work(given, corpus / "result.csv")
        if isinstance(error, str):  # an index in a folder that a pattern does not reach is no file of the input
            assert (given, "vectors" in error) == (f"{corpus}/*.csv", True)
        else:
            assert (error.code, error.exit_code) == ("OUT_IS_INPUT", 2)
    assert not list(corpus.glob(".*"))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([["", " "], [" "]], "no texts"),
        ([TEXTS, TEXTS], "the id 'x' is used twice"),
    ],
)
def test_items_that_no_index_can_have_are_found_before_they_are_encoded(
    client: Any, folder: Path, tmp_path: Path, parts: list[list[str]], message: str
) -> None:
    corpus = write_parts(tmp_path / "in", list(parts), ".csv")
    for path in corpus.iterdir():
        frame = pd.read_csv(path, keep_default_na=False)
        frame.assign(id=["x", *frame["id"][1:]]).to_csv(path, index=False)
    columns = ["--column", "name", "--id", "id"]
    error = run(index, folder, corpus, *columns, "-o", tmp_path / "out", "--dask", client.scheduler.address)
    assert isinstance(error, SeqTwinError)
    assert message in error.cause
    assert not list(tmp_path.glob(".*"))


def test_an_id_of_the_index_is_found_before_new_items_are_encoded(client: Any, folder: Path, tmp_path: Path) -> None:
    corpus = write_parts(tmp_path / "in", [TEXTS, TEXTS], ".csv")
    columns = ["--column", "name", "--id", "id", "-o", tmp_path / "out", "--dask", client.scheduler.address]
    assert isinstance(run(index, folder, corpus, *columns), str)
    error = run(index, folder, corpus, *columns, "--add")
    assert isinstance(error, SeqTwinError)
    assert "used twice" in error.cause
    assert not list(tmp_path.glob(".*"))
