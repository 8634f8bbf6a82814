"""A result is committed once, under experiments/; reports/ is what these results give, byte for byte, and small."""

import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from seqtwin.files import read_json
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.study_table import StudyTable, read_study

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"
MOST_BYTES = 12_000_000
READ = {".html", ".md", ".svg"}  # what a person reads
HOMES = {path.parent for path in ROOT.glob("experiments/**/results.csv")}

# remade in `make test`, one study of pairs and one of heads; `make test-all` remakes them all
FIRST = {"output-or-hidden/digits", "classify-output-or-hidden/padding"}


def name_of(home: Path) -> str:
    return home.relative_to(ROOT / "experiments").as_posix()


def report_of(home: Path) -> Path:
    return REPORTS / name_of(home).replace("/", "-")


def remade(home: Path) -> object:
    return pytest.param(home, id=name_of(home), marks=[] if name_of(home) in FIRST else [pytest.mark.long])


@cache
def table_of(home: Path) -> StudyTable:
    return read_study(home)


def test_there_are_committed_results() -> None:
    assert HOMES
    assert {name_of(home) for home in HOMES} > FIRST


PAGES_OF_BENCHMARKS = (
    *("lexical", "training_options", "augmentation", "rerank", "recipes", "distil", "taught_classes"),
    *("peers", "small_series", "leave_one_out", "auto", "dask_overhead", "bulk"),
)


@pytest.mark.parametrize("home", [remade(home) for home in sorted(HOMES)])
def test_a_committed_report_is_remade_from_committed_results(home: Path) -> None:
    made = report_files(table_of(home), f"../../experiments/{name_of(home)}")
    folder = report_of(home)
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"index.html", "report.md"} < set(made)
    assert sorted(kept) == sorted(made)
    for file, content in made.items():
        assert kept[file] == (content.encode("utf-8") if isinstance(content, str) else content), file


def test_the_page_of_validation_is_remade_from_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    page = importlib.import_module("validated").overview(ROOT / "experiments" / "validation")
    assert (REPORTS / "validation" / "README.md").read_text(encoding="utf-8") == page


def test_the_page_of_reliability_is_remade_from_its_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "faults"))
    soak = importlib.import_module("soak")
    counts = read_json(soak.COUNTS)
    assert {*soak.parts(), "counted"} == set(counts)
    assert not any(counts[name]["wrong"] for name in soak.parts())
    assert soak.PAGE.read_text(encoding="utf-8") == soak.page(counts)


@pytest.mark.parametrize("name", PAGES_OF_BENCHMARKS)
def test_the_page_of_a_benchmark_is_remade_from_its_figures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    home, benchmark = ROOT / "experiments" / name, importlib.import_module(name)
    assert (home / "README.md").read_text(encoding="utf-8") == benchmark.page(read_json(home / "results.json"))


@pytest.mark.parametrize(
    ("name", "all_of_them"), [("training_options", "CASES"), ("recipes", "RECIPES"), ("leave_one_out", "SETS")]
)
def test_nothing_is_missing_in_the_figures_of_a_benchmark(
    name: str, all_of_them: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    results = read_json(ROOT / "experiments" / name / "results.json")
    assert set(results) == set(getattr(importlib.import_module(name), all_of_them))


def test_the_readme_has_the_measured_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    table = importlib.import_module("recipes").short_table(read_json(ROOT / "experiments" / "recipes" / "results.json"))
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


def test_reports_hold_what_a_person_reads_and_no_result_again() -> None:
    assert {path.suffix for path in REPORTS.rglob("*") if path.is_file()} == READ
    pages = {path.name for path in REPORTS.iterdir()}
    assert pages == {report_of(home).name for home in HOMES} | {"validation", "retrieval", "reliability", "answer"}


def test_reports_are_small() -> None:
    assert sum(path.stat().st_size for path in REPORTS.rglob("*") if path.is_file()) <= MOST_BYTES


def test_no_committed_result_stands_in_two_places() -> None:
    found: dict[bytes, list[str]] = {}
    for path in sorted((*ROOT.glob("experiments/**/*"), *ROOT.glob("reports/**/*"))):
        # a study without rows of a kind has a file of heads alone
        if path.suffix in {".csv", ".json"} and path.read_bytes().count(b"\n") > 1:
            found.setdefault(path.read_bytes(), []).append(path.relative_to(ROOT).as_posix())
    assert [places for places in found.values() if len(places) > 1] == []


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
