"""The verbs of the command line for use in a program."""

import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import seqtwin
import tiny
from seqtwin import api
from seqtwin.config import parse_run, parse_study
from seqtwin.errors import ConfigError
from seqtwin.study.compare import Study


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    return tiny.write_pairs(tmp_path / "data")


def short(folder: Path, **sections: Any) -> dict[str, Any]:
    return tiny.raw_run(folder, **{"fit": {"epochs": 1}, **sections})


def test_train_takes_a_mapping_a_file_and_a_config(folder: Path, tmp_path: Path) -> None:
    raw = short(folder)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(raw))
    kinds: list[Any] = [raw, tmp_path / "mine.yaml", "mine.yaml", parse_run(raw)]
    runs = [seqtwin.train(kind) for kind in kinds]
    assert [str(run.path) for run in runs] == ["runs/run", "runs/mine", "runs/mine-2", "runs/run-2"]
    assert all(run.scores == runs[0].scores for run in runs)
    assert seqtwin.load(runs[0].path).encode(["abc"]).shape == (1, 16)


def test_a_named_folder_is_never_overwritten_and_epochs_are_told(folder: Path) -> None:
    seen: list[int] = []
    seqtwin.train(short(folder), "here", on_epoch=lambda state: seen.append(state.epoch))
    assert seen == [1]
    with pytest.raises(ConfigError, match="never overwritten"):
        seqtwin.train(short(folder), Path("here"))


def test_relative_paths_of_a_mapping_are_counted_from_here(folder: Path) -> None:
    raw = short(folder, data={split: f"data/{split}.csv" for split in ("train", "dev", "test")})
    before = {**raw, "data": dict(raw["data"])}
    assert seqtwin.train(raw).status == "finished"
    assert raw == before


@pytest.fixture
def driven(monkeypatch: Any) -> list[Any]:
    """What the driver was called with, instead of its work."""
    calls: list[Any] = []

    def drive(study: Any, out: Path, *, jobs: int | None, **_others: Any) -> Study:
        calls.append((study, out, jobs))
        return Study(out, [], [], [])

    monkeypatch.setattr(api, "run_study", drive)
    monkeypatch.setattr(api, "write_report", calls.append)
    return calls


def test_compare_takes_a_mapping_a_file_and_a_config(folder: Path, tmp_path: Path, driven: list[Any]) -> None:
    raw = {"base": short(folder), "grid": {"loss": ["mse", "bce"]}, "seeds": 2}
    (tmp_path / "which").mkdir()
    (tmp_path / "which/study.yaml").write_text(yaml.safe_dump(raw))
    expected = parse_study(raw)
    for kind, out in ((raw, "runs/study"), (tmp_path / "which/study.yaml", "runs/which"), (expected, "runs/study")):
        seqtwin.compare(kind, jobs=2)  # type: ignore[arg-type]
        study, path, jobs = driven[-2]
        assert (study, path, jobs) == (expected, Path(out), 2)
        assert driven[-1] == path
    seqtwin.compare(raw, "elsewhere")
    assert driven[-1] == Path("elsewhere")


def test_compare_takes_a_base_by_name_and_a_run_alone(folder: Path, tmp_path: Path, driven: list[Any]) -> None:
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(short(folder)))
    seqtwin.compare({"base": "base.yaml", "seeds": 1})
    assert driven[-2][0] == parse_study({"base": short(folder), "seeds": 1})
    seqtwin.compare(short(folder))
    assert set(driven[-2][0].grid) == {"representation", "loss"}


def test_a_free_folder_is_the_first_that_is_not_there(tmp_path: Path) -> None:
    assert api.free_folder(tmp_path / "a") == tmp_path / "a"
    for name in ("a", "a-2"):
        (tmp_path / name).mkdir()
    assert api.free_folder(tmp_path / "a") == tmp_path / "a-3"


def test_no_module_hides_a_public_function() -> None:
    """A submodule becomes an attribute of its package once anything imports it; the name must be free for it."""
    modules = {one.name for one in pkgutil.iter_modules(seqtwin.__path__)}
    assert not modules & set(seqtwin.__all__)
    for name in seqtwin.__all__:
        getattr(seqtwin, name)
    functions = ("train", "compare", "report", "probe", "load", "dedupe", "link", "mine", "read_run", "read_study")
    assert all(callable(getattr(seqtwin, name)) for name in functions)


def test_the_face_has_the_names_it_promises() -> None:
    assert sorted(seqtwin.__all__) == dir(seqtwin)
    assert all(getattr(seqtwin, name) is not None for name in seqtwin.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = seqtwin.trian
