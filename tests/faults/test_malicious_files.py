"""Pickles, names that lead out of a folder and files that claim to be huge are refused; so are forged studies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forged_studies
import malicious_files
import numpy as np
import pytest
from malicious_files import Attack, attack

from seqtwin.guards import shapes
from seqtwin.study import tuning, worker_pool

COUNTS = {"pickles": 40, "traversals": 60, "bombs": 15}


@pytest.fixture(autouse=True)
def patches_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts replace these for their whole process."""
    for module, name in ((worker_pool, "run_some"), (tuning, "trials_of")):
        monkeypatch.setattr(module, name, getattr(module, name))


@pytest.mark.long
@pytest.mark.parametrize("kind", COUNTS)
def test_malicious_files_are_refused(kind: str) -> None:
    found = attack(kind)
    assert found["wrong"] == []
    assert found["tried"] == COUNTS[kind]


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (lambda home: np.load(home / "x.npy", allow_pickle=True), "something was unpickled"),
        (lambda home: None, "it was accepted"),
        (lambda home: {}["key"], "KeyError"),
    ],
)
def test_a_reader_that_is_too_trusting_is_found(monkeypatch: pytest.MonkeyPatch, read: Any, problem: str) -> None:
    def planted() -> Iterator[Attack]:
        yield Attack("x", lambda home: (home / "x.npy").write_bytes(malicious_files._in_npy(home)), read)

    monkeypatch.setitem(malicious_files.KINDS, "planted", planted)
    [wrong] = attack("planted")["wrong"]  # type: ignore[misc]
    assert problem in wrong


@pytest.mark.long
def test_forged_values_are_read_or_refused() -> None:
    found = forged_studies.forge(24, 7)
    assert found["wrong"] == []
    assert found["tried"] == 24
    assert found["refused"]


@pytest.mark.long
def test_values_of_a_wrong_type_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_adapter", lambda shape: shapes.TypeAdapter(Any))
    assert forged_studies.forge(24, 7)["wrong"]


@pytest.mark.parametrize(
    ("value", "place"), [(2**63, "a.b"), (1e300, "a.b"), (True, ""), ("x", ""), (2**63 - 1, ""), (-1e39, "")]
)
def test_huge_numbers_are_refused_at_any_depth(tmp_path: Path, value: Any, place: str) -> None:
    content = {"a": {"b": value}}
    if not place:
        shapes.check_shape(content, dict[str, Any], tmp_path)
        return
    with pytest.raises(shapes.DamagedError, match=f"{place}: expected a smaller number"):
        shapes.check_shape(content, dict[str, Any], tmp_path)
