"""What is committed under reports/ is what the committed results under experiments/ give, byte for byte."""

import re
from pathlib import Path

import pytest

from seqtwin.reporting.page import report_files
from seqtwin.reporting.table import FRAMES, read_study

ROOT = Path(__file__).parent.parent
HOMES = {path.parent for path in ROOT.glob("experiments/**/results.csv")}


def test_there_are_committed_results() -> None:
    assert HOMES


@pytest.mark.parametrize("home", sorted(HOMES), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_committed_report_is_remade_from_committed_results(home: Path) -> None:
    made = report_files(read_study(home))
    name = home.relative_to(ROOT / "experiments").as_posix().replace("/", "-")
    kept = ROOT / "reports" / name
    texts = {file: text for file, text in made.items() if isinstance(text, str)}
    assert {"index.html", "report.md", "study.json", "analysis.json", *(f"{frame}.csv" for frame in FRAMES)} <= set(
        texts
    )
    for file, text in texts.items():
        assert (kept / file).read_text(encoding="utf-8") == text, file


@pytest.mark.parametrize("home", sorted(HOMES), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_committed_results_name_no_path_of_a_machine(home: Path) -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(home.iterdir()) if path.is_file()}
    texts = found.pop("worst.csv")  # holds texts of pairs, which may have slashes
    assert {name: re.findall(r"""[",\s(']/\w+""", text) for name, text in found.items()} == {name: [] for name in found}
    assert not re.search(r"/(home|work|tmp|root|Users|mnt)/", texts)


@pytest.mark.parametrize("home", sorted(HOMES), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_committed_results_hold_texts_only_where_the_licence_allows_it(home: Path) -> None:
    table = read_study(home)
    if table.meta.get("objective"):  # a study of heads shows no texts at all
        assert table.worst.empty
        return
    rows = table.worst.merge(table.pairings, on=[*table.meta["extra"], "representation", "loss"])
    assert len(rows) == len(table.worst)
    private = rows[[not table.meta["datasets"][name]["shareable"] for name in rows["dataset"]]]
    assert set(private["left"]) | set(private["right"]) <= {""}
