import fake_study
import pytest

from seqtwin.reporting.page.write_report import report_files, write_report
from seqtwin.reporting.table.study_table import read_study


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A quick study with a failed study cell, a pairing stuck on its plateau and one that deviates; no report."""
    return fake_study.build(tmp_path_factory.mktemp("plain") / "study", odd=fake_study.USUAL_ODD)


@pytest.fixture(scope="session")
def usual(tmp_path_factory):
    """The same as `plain`, with its report."""
    folder = fake_study.build(tmp_path_factory.mktemp("usual") / "study", odd=fake_study.USUAL_ODD)
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def serious(tmp_path_factory):
    """A tuned study of tier standard (ten seeds), with collapsed, diverged and stuck seeds; without a report."""
    return fake_study.serious(tmp_path_factory.mktemp("serious") / "study")


@pytest.fixture(scope="session")
def quick_table(plain):
    """The table of `plain`."""
    return read_study(plain)


@pytest.fixture(scope="session")
def serious_table(serious):
    """The table of `serious`."""
    return read_study(serious)


@pytest.fixture(scope="session")
def contents(serious_table):
    """The files of the report of `serious`, by path."""
    return report_files(serious_table)


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are laid out but not rendered, which takes most of the time of a report: for tests of its words alone."""

    def save(_figure, target, *, format, **_):
        target.write('<svg viewBox="0 0 1 1"></svg>' if format == "svg" else b"")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", save)
