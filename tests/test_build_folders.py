"""Folders under construction: who has one, which left-over is continued, which is removed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqtwin.build_folders import clear, free_folder, held, left_over, steps_of, sweep, sweep_old, sweep_own
from seqtwin.errors import InUseError
from seqtwin.files import publish_folder, write_text

HOLDER = """
import sys, time
from pathlib import Path
from seqtwin.build_folders import held
with held(Path(sys.argv[1])) as free:
    print(free, flush=True)
    time.sleep(60)
"""


def build(parent: Path, name: str = "one", *, token: str = "00ff", steps: tuple[int, ...] = ()) -> Path:
    folder = parent / f".{name}.build-{token}"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/half.txt").write_text("half")
    for step in steps:
        (folder / f"checkpoints/step-{step:09d}").mkdir(parents=True)
    return folder


def publish(final: Path) -> None:
    with publish_folder(final) as building:
        write_text(building.folder / "a.txt", "a")
        write_text(building.folder / "checkpoints/step-000000001/b.txt", "b")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_left_with_most_steps_is_continued(tmp_path: Path) -> None:
    assert left_over(tmp_path / "one") is None
    build(tmp_path, token="0a")
    assert left_over(tmp_path / "one") is None
    build(tmp_path, token="0b", steps=(20, 300))
    build(tmp_path, token="0c", steps=(100,))
    build(tmp_path, "one.more", steps=(900,))
    found = left_over(tmp_path / "one")
    assert found == tmp_path / ".one.build-0b"
    assert [path.name for path in steps_of(found)] == ["step-000000020", "step-000000300"]


def test_only_checkpoints_stay(tmp_path: Path) -> None:
    folder = build(tmp_path, steps=(1,))
    (folder / "checkpoints/.step-000000002.build-ab").mkdir()
    clear(folder)
    assert names(folder) == ["checkpoints"]
    assert names(folder / "checkpoints") == ["step-000000001"]
    clear(build(tmp_path, "two"))
    assert names(tmp_path) == [".one.build-00ff"]


def test_a_resumed_folder_is_published_without_its_checkpoints(tmp_path: Path) -> None:
    build(tmp_path, steps=(7,))
    with publish_folder(tmp_path / "one", resume=True) as building:
        assert building.folder == tmp_path / ".one.build-00ff"
        assert names(building.folder) == ["checkpoints"]
        write_text(building.folder / "a.txt", "a")
    assert names(tmp_path) == ["one"]
    assert names(tmp_path / "one") == ["a.txt", "manifest.json"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_checkpoints_outlive_an_error(tmp_path: Path, kind: type[BaseException]) -> None:
    def stopped() -> None:
        with publish_folder(tmp_path / "one") as building:
            write_text(building.folder / "half.txt", "half")
            write_text(building.folder / "checkpoints/step-000000001/b.txt", "b")
            raise kind

    with pytest.raises(kind):
        stopped()
    left = left_over(tmp_path / "one")
    assert left is not None
    assert names(left) == ["checkpoints"]
    publish(tmp_path / "one")
    assert names(tmp_path) == ["one"]


def test_checkpoints_are_safe_until_the_folder_is_published(tmp_path: Path, monkeypatch: Any) -> None:
    usual = os.rename

    def dies(source: Path, target: Path) -> None:
        if Path(target).name == "one":
            raise KeyboardInterrupt
        usual(source, target)

    monkeypatch.setattr(os, "rename", dies)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path / "one")
    left = left_over(tmp_path / "one")
    assert left is not None
    assert (left / "checkpoints/step-000000001/b.txt").read_text() == "b"


def test_a_folder_of_a_live_process_is_neither_swept_nor_continued(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("seqtwin.files.ORPHAN", 0.0)
    folder = build(tmp_path, steps=(3,))
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        os.utime(folder, (0, 0))
        for remove in (lambda: sweep(tmp_path), lambda: sweep_own(tmp_path / "one"), lambda: sweep_old(tmp_path)):
            remove()
            assert names(folder) == ["checkpoints", "deep"]
        with pytest.raises(InUseError, match="another process"), publish_folder(tmp_path / "one", resume=True):
            pytest.fail("the block was entered")
        holder.kill()
    with held(folder, wait=5) as free:
        assert free


def test_sweeping_keeps_what_can_be_continued(tmp_path: Path) -> None:
    kept, young = build(tmp_path, steps=(3,)), build(tmp_path, "two")
    build(tmp_path, "three", steps=(3,))
    (tmp_path / "three").mkdir()
    sweep_old(tmp_path)
    assert names(tmp_path) == [".one.build-00ff", ".three.build-00ff", ".two.build-00ff", "three"]
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    sweep_old(tmp_path)
    assert names(tmp_path) == [".one.build-00ff", "three"]
    assert names(kept) == ["checkpoints"]
    assert not young.exists()


def test_a_sweep_below_a_folder_leaves_the_parts_of_checkpoints_alone(tmp_path: Path) -> None:
    inner = build(tmp_path / "cells", steps=(3,)) / "checkpoints/.step-000000004.build-ab"
    inner.mkdir()
    build(tmp_path / "deep/er")
    sweep(tmp_path)
    assert names(tmp_path / "cells/.one.build-00ff/checkpoints") == ["step-000000003"]
    assert names(tmp_path / "deep/er") == []


def test_a_free_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.diverged").mkdir()
    assert free_folder(tmp_path / "a.diverged") == tmp_path / "a.diverged-2"
