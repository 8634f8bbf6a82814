"""A config that is kept: only settings that differ are refused, not another spelling of a path."""

from pathlib import Path
from typing import Any

import pytest

from seqtwin.config import parse_run
from seqtwin.errors import ConfigError
from seqtwin.notebook.keep_config import keep_config

ROW = "left,right,label\na,b,1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "docs" / "pairs.csv").write_text(ROW, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", str(tmp_path))
    return tmp_path


def config(file: str, rate: float = 0.1) -> Any:
    return parse_run({"data": {"file": file}, "fit": {"lr": rate}})


def text(file: str, rate: float = 0.1) -> str:
    return f"# commented\ndata:\n  file: {file}\nfit:\n  lr: {rate}\n"


def test_only_the_setting_that_differs_is_listed(folder: Path) -> None:
    file = str(folder / "docs" / "pairs.csv")
    kept = keep_config(text("../docs/pairs.csv"), Path("runs/a"), config(file))
    before = kept.read_text(encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        keep_config(text(file), Path("runs/a"), config(file, 0.2))
    assert caught.value.code == "CONFIG_KEPT"
    assert caught.value.cause.splitlines()[1:] == ["  fit.lr: 0.1 before, 0.2 now"]
    assert kept.read_text(encoding="utf-8") == before


def test_another_spelling_of_the_same_file_is_no_difference(folder: Path) -> None:
    file = str(folder / "docs" / "pairs.csv")
    (folder / "linked").symlink_to(folder / "docs")
    kept = keep_config(text(file), Path("runs/a"), config(file))
    for other in (f"{folder}/runs/../docs/pairs.csv", "${PLACE}/docs/pairs.csv", f"{folder}/linked/pairs.csv"):
        assert keep_config(text(other), Path("runs/a"), config(other)) == kept
        assert kept.read_text(encoding="utf-8") == text(file)


def test_another_file_is_a_difference(folder: Path) -> None:
    (folder / "docs" / "more.csv").write_text(ROW, encoding="utf-8")
    file, other = (str(folder / "docs" / name) for name in ("pairs.csv", "more.csv"))
    keep_config(text(file), Path("runs/a"), config(file))
    with pytest.raises(ConfigError) as caught:
        keep_config(text(other), Path("runs/a"), config(other))
    assert f"data.file: {file} before, {other} now" in caught.value.cause


def test_one_of_several_processes_writes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(folder / "docs" / "pairs.csv")
    for rank in ("1", "0"):
        for name, value in {"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}.items():
            monkeypatch.setenv(name, value)
        assert keep_config(text(file), Path("runs/a"), config(file)).exists() == (rank == "0")
