"""Typed errors: what a user reads, what a machine reads, and how they cross a process border."""

import pickle

import pytest

from seqtwin.errors import (
    SHOWN_PROBLEMS,
    ConfigError,
    DamagedError,
    DataError,
    InUseError,
    MissingExtraError,
    ResourceError,
    SeqTwinError,
    gathered,
    missing_extra,
    nearest,
)
from seqtwin.training.fit import Diverged

KINDS = {ConfigError: 2, DataError: 2, MissingExtraError: 2, DamagedError: 3, InUseError: 4, ResourceError: 5}


@pytest.mark.parametrize(("kind", "code"), KINDS.items())
def test_every_kind_has_its_exit_code_and_survives_a_process_border(kind: type[SeqTwinError], code: int) -> None:
    error = kind("CODE", "the cause", place="file.csv", remedy="mend it")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert back.as_dict() == error.as_dict()
    assert back.exit_code == code


def test_diverged_survives_a_process_border() -> None:
    back = pickle.loads(pickle.dumps(Diverged(7, [3, 1])))
    assert (back.step, back.rows, back.exit_code) == (7, [3, 1], 1)


def test_the_text_has_place_cause_code_and_remedy() -> None:
    error = DataError("DATA_X", "line 3: bad", place="a.csv", remedy="mend it")
    assert str(error) == "a.csv: line 3: bad [DATA_X]\n  remedy: mend it"
    assert str(DataError("DATA_X", "bad")) == "bad [DATA_X]"
    assert error.as_dict() == {"code": "DATA_X", "cause": "line 3: bad", "place": "a.csv", "remedy": "mend it"}


def test_nearest_names_what_is_near_and_nothing_else() -> None:
    assert nearest("hiden", ["hidden", "layers"]) == " (did you mean 'hidden'?)"
    assert nearest("zzz", ["hidden", "layers"]) == ""
    assert nearest("x", []) == ""


@pytest.mark.parametrize("count", [1, SHOWN_PROBLEMS, SHOWN_PROBLEMS + 3])
def test_gathered_shows_the_first_problems_and_counts_the_rest(count: int) -> None:
    text = gathered("DATA_ROWS", "a.csv", [f"line {i}: bad" for i in range(count)], "mend them").cause
    assert text.startswith(f"{count} problem{'s' * (count > 1)}\n")
    assert text.count("bad") == min(count, SHOWN_PROBLEMS)
    assert ("... and 3 more" in text) == (count > SHOWN_PROBLEMS)


def test_a_missing_extra_says_what_to_install() -> None:
    error = missing_extra("pyarrow", "parquet")
    assert "pyarrow" in error.cause
    assert error.remedy == "pip install 'seqtwin[parquet]'"
