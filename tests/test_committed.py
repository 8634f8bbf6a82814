"""What is committed under reports/ is what the committed results under experiments/ give, byte for byte."""

import re
from pathlib import Path

import pytest

from seqtwin.report.page import report_files
from seqtwin.report.table import read_study

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
    assert {"index.html", "report.md", "results.csv"} <= set(texts)
    for file, text in texts.items():
        assert (kept / file).read_text(encoding="utf-8") == text, file


@pytest.mark.parametrize("home", sorted(HOMES), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_committed_results_hold_no_texts_and_no_machine_paths(home: Path) -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in sorted(home.iterdir()) if path.is_file())
    assert "SEQTWIN_DATA" in everything or "placenames" in everything
    assert re.findall(r"""[",\s(']/\w+""", everything) == []
