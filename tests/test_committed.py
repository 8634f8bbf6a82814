"""What is committed under reports/ is what the committed results under experiments/ give, byte for byte."""

import re
from functools import cache
from pathlib import Path

import pytest

from seqtwin.reporting.page.write import report_files
from seqtwin.reporting.table.study_table import FRAMES, StudyTable, read_study

ROOT = Path(__file__).parent.parent
HOMES = {path.parent for path in ROOT.glob("experiments/**/results.csv")}

# remade in `make test`, one study of pairs and one of heads; `make test-all` remakes them all
FIRST = {"output-or-hidden/digits", "classify-output-or-hidden/padding"}


def name_of(home: Path) -> str:
    return home.relative_to(ROOT / "experiments").as_posix()


def remade(home: Path) -> object:
    return pytest.param(home, id=name_of(home), marks=[] if name_of(home) in FIRST else [pytest.mark.long])


@cache
def table_of(home: Path) -> StudyTable:
    return read_study(home)


def test_there_are_committed_results() -> None:
    assert HOMES
    assert {name_of(home) for home in HOMES} > FIRST


@pytest.mark.parametrize("home", [remade(home) for home in sorted(HOMES)])
def test_a_committed_report_is_remade_from_committed_results(home: Path) -> None:
    made = report_files(table_of(home))
    kept = ROOT / "reports" / name_of(home).replace("/", "-")
    texts = {file: text for file, text in made.items() if isinstance(text, str)}
    assert {"index.html", "report.md", "study.json", "analysis.json", *(f"{frame}.csv" for frame in FRAMES)} <= set(
        texts
    )
    for file, text in texts.items():
        assert (kept / file).read_text(encoding="utf-8") == text, file


@pytest.mark.parametrize("home", sorted(HOMES), ids=name_of)
def test_committed_results_name_no_path_of_a_machine(home: Path) -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(home.iterdir()) if path.is_file()}
    texts = found.pop("worst.csv")  # holds texts of pairs, which may have slashes
    assert {name: re.findall(r"""[",\s(']/\w+""", text) for name, text in found.items()} == {name: [] for name in found}
    assert not re.search(r"/(home|work|tmp|root|Users|mnt)/", texts)


@pytest.mark.parametrize("home", sorted(HOMES), ids=name_of)
def test_committed_results_hold_texts_only_where_the_licence_allows_it(home: Path) -> None:
    table = table_of(home)
    if table.meta.get("objective"):  # a study of heads shows no texts at all
        assert table.worst.empty
        return
    rows = table.worst.merge(table.pairings, on=[*table.meta["extra"], "representation", "loss"])
    assert len(rows) == len(table.worst)
    private = rows[[not table.meta["datasets"][name]["shareable"] for name in rows["dataset"]]]
    assert set(private["left"]) | set(private["right"]) <= {""}
