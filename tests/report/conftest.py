import fake_study
import pytest

from seqtwin.report.page import write_report


@pytest.fixture(scope="session")
def usual(tmp_path_factory):
    """A study with one failed study cell, a pairing stuck on its plateau and one that deviates; with its report."""
    folder = fake_study.build(tmp_path_factory.mktemp("usual") / "study", odd=fake_study.USUAL_ODD)
    write_report(folder)
    return folder
