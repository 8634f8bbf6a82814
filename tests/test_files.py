"""The only writer: whole or not at all, never overwritten, damage found, one driver."""

import errno
import json
import os
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from seqtwin.errors import ConfigError, DamagedError, InUseError, ResourceError
from seqtwin.files import (
    driver_lock,
    dump_json,
    publish_folder,
    publish_text,
    read_json,
    read_manifest,
    remove_partial_line,
    retire,
    sha256,
    verify,
    write_text,
)
from seqtwin.json_values import hash_of


def publish(final: Path, text: str = "one") -> Path:
    with publish_folder(final) as building:
        building.manifest["id"] = final.name
        write_text(building.folder / "a.txt", text)
        write_text(building.folder / "deep/er/b.txt", "two\n")
    return final


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


# folders


def test_a_published_folder_has_a_true_manifest_and_nothing_else(tmp_path: Path) -> None:
    final = publish(tmp_path / "runs/one")
    assert names(tmp_path / "runs") == [
        "one",
        "one/a.txt",
        "one/deep",
        "one/deep/er",
        "one/deep/er/b.txt",
        "one/manifest.json",
    ]
    manifest = json.loads((final / "manifest.json").read_text())
    assert manifest["format"] == 2
    assert manifest["id"] == "one"
    assert set(manifest["files"]) == {"a.txt", "deep/er/b.txt"}
    for name, entry in manifest["files"].items():
        assert entry == {"sha256": sha256(final / name), "bytes": (final / name).stat().st_size}
    assert verify(final) == manifest


def test_the_hash_is_that_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_inside_leaves_nothing(tmp_path: Path, kind: type[BaseException]) -> None:
    def stopped() -> None:
        with publish_folder(tmp_path / "one") as building:
            write_text(building.folder / "a.txt", "one")
            assert not (tmp_path / "one").exists()
            raise kind("stop")

    with pytest.raises(kind):
        stopped()
    assert names(tmp_path) == []


def test_an_existing_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    final = publish(tmp_path / "one")
    before = {name: (final / name).stat().st_mtime_ns for name in names(final)}
    with pytest.raises(ConfigError, match="never overwritten") as caught:
        publish(final, "other")
    assert caught.value.exit_code == 2
    assert {name: (final / name).stat().st_mtime_ns for name in names(final)} == before
    assert names(tmp_path / "one") == names(final)


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    final = tmp_path / "one"

    def late() -> None:
        with publish_folder(final) as building:
            write_text(building.folder / "a.txt", "mine")
            final.mkdir()
            (final / "a.txt").write_text("theirs")

    with pytest.raises(ConfigError, match="never overwritten"):
        late()
    assert names(tmp_path) == ["one", "one/a.txt"]
    assert (final / "a.txt").read_text() == "theirs"


@pytest.mark.parametrize(
    "name", [".hidden", "x" * 201, "é" * 101, "a\nb", "-x", " x", "x ", "x.", "a:b", "a*", "a\u202eb"]
)
def test_a_bad_name_is_refused_before_anything_is_built(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="the folder name"), publish_folder(tmp_path / name):
        pytest.fail("the block was entered")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["x" * 200, "my run (2)", "Größe é 東京", "a [b]", "100 % & more", "l'été"])
def test_a_long_name_and_one_with_blanks_accents_and_signs_works(tmp_path: Path, name: str) -> None:
    from seqtwin.build_folders import left_over

    def fails() -> None:
        with publish_folder(tmp_path / name) as building:
            write_text(building.folder / "checkpoints" / "step-000000001", "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert left_over(tmp_path / name)
    with publish_folder(tmp_path / name, resume=True) as building:
        assert (building.folder / "checkpoints" / "step-000000001").exists()
        write_text(building.folder / "a.txt", "a")
    assert verify(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


DAMAGE = {
    "a flipped byte": lambda p: p.write_bytes(bytes([p.read_bytes()[0] ^ 1]) + p.read_bytes()[1:]),
    "cut": lambda p: p.write_bytes(p.read_bytes()[:-1]),
    "longer": lambda p: p.write_bytes(p.read_bytes() + b"x"),
    "missing": lambda p: p.unlink(),
    "a folder": lambda p: (p.unlink(), p.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["a.txt", "deep/er/b.txt"])
def test_verify_finds_damage(tmp_path: Path, damage: str, name: str) -> None:
    final = publish(tmp_path / "one")
    DAMAGE[damage](final / name)
    with pytest.raises(DamagedError, match="changed since it was published") as caught:
        verify(final)
    assert caught.value.place == str(final / name)
    assert caught.value.exit_code == 3


def test_verify_of_some_files_reads_only_these(tmp_path: Path) -> None:
    final = publish(tmp_path / "one")
    (final / "a.txt").write_text("changed")
    assert verify(final, only=("deep/er/b.txt",))["id"] == "one"


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", "[]", "{}", "[" * 100_000, "\xff"],
        *['{"format": 2, "files": {}}', '{"format": 3, "files": {}}', '{"format": 1}'],
        *['{"format": 1, "format": 1, "files": {}}', '{"format": NaN, "files": {}}'],
        '{"format": 1, "files": {}, "x": ' + "1" * 5000 + "}",
    ],
)
def test_a_broken_manifest_is_damage(tmp_path: Path, text: str) -> None:
    final = publish(tmp_path / "one")
    (final / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(DamagedError):
        read_manifest(final)


def test_a_missing_manifest_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="cannot be read as JSON"):
        read_manifest(tmp_path)


# the disk refuses


class FullDisk:
    """Every flush fails after the first `room` ones, as on a disk that fills up."""

    def __init__(self, room: int, code: int) -> None:
        self.room, self.code, self.flush = room, code, os.fsync

    def __call__(self, handle: int) -> None:
        if self.room <= 0:
            raise OSError(self.code, os.strerror(self.code))
        self.room -= 1
        self.flush(handle)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("room", [0, 1, 2, 3, 4])
def test_a_disk_that_refuses_is_a_typed_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: Any, room: int, code: int
) -> None:
    monkeypatch.setattr(os, "fsync", FullDisk(room, code))
    with pytest.raises(ResourceError, match=os.strerror(code)) as caught:
        publish(tmp_path / "one")
    assert caught.value.exit_code == 5
    assert names(tmp_path) == []


def test_a_rename_that_fails_is_a_typed_error_and_leaves_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(ResourceError, match="Permission denied"):
        publish(tmp_path / "one")
    assert names(tmp_path) == []


def test_a_file_in_the_way_of_a_folder_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot write"):
        publish(tmp_path / "file/one")
    with pytest.raises(ResourceError, match="cannot write"):
        publish_text(tmp_path / "file/one.txt", "x")
    with pytest.raises(ResourceError, match="cannot write"), driver_lock(tmp_path / "file"):
        pytest.fail("the block was entered")


# single files


def test_publish_text_replaces_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/study.json"
    publish_text(path, "one\r\n")
    path.chmod(0o640)
    publish_text(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(path.parent) == ["study.json"]


@pytest.mark.parametrize("room", [0, 1])
def test_publish_text_on_a_full_disk_is_typed_and_leaves_no_temporary(
    tmp_path: Path, monkeypatch: Any, room: int
) -> None:
    path = tmp_path / "a.txt"
    publish_text(path, "old")
    monkeypatch.setattr(os, "fsync", FullDisk(room, errno.ENOSPC))
    with pytest.raises(ResourceError, match="No space left"):
        publish_text(path, "new")
    assert path.read_text() == ("old" if room == 0 else "new")
    assert names(tmp_path) == ["a.txt"]


# JSON and hashes


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_json_has_no_made_up_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json(value)


def test_json_round_trip(tmp_path: Path) -> None:
    value = {"b": [1, 0.1, None, True], "a": "ü\u2028"}
    publish_text(tmp_path / "x.json", dump_json(value))
    assert read_json(tmp_path / "x.json") == value
    assert list(read_json(tmp_path / "x.json")) == ["b", "a"]


def test_equal_values_have_one_hash() -> None:
    assert hash_of({"a": 1, "b": [1.0]}) == hash_of({"b": [1.0], "a": 1})
    assert hash_of({"a": 1}) != hash_of({"a": 2})
    assert hash_of([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


# one driver

HOLD = """
import sys
from pathlib import Path
from seqtwin.files import driver_lock
with driver_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_driver_is_told_who_holds_the_study_and_a_dead_one_frees_it(tmp_path: Path) -> None:
    with hold(tmp_path / "study") as holder:
        (tmp_path / "study/cells").mkdir()
        (tmp_path / "study/cells/.x.build-00ff").mkdir()
        told = rf'another process is using this study: .*"pid": {holder.pid}'
        with pytest.raises(InUseError, match=told) as caught, driver_lock(tmp_path / "study"):
            pytest.fail("the block was entered")
        assert caught.value.exit_code == 4
        assert (tmp_path / "study/cells/.x.build-00ff").exists(), "what the holder builds was touched"
        holder.kill()
        holder.wait()
        with driver_lock(tmp_path / "study"):
            held = read_json(tmp_path / "study/holder.json")
            assert held["pid"] == os.getpid()
            assert not (tmp_path / "study/cells/.x.build-00ff").exists(), "left-overs stay"


@pytest.mark.parametrize("kind", [None, ValueError, KeyboardInterrupt])
def test_the_lock_is_free_again_however_the_block_ends(tmp_path: Path, kind: type[BaseException] | None) -> None:
    with pytest.raises(kind) if kind else nullcontext(), driver_lock(tmp_path):
        if kind:
            raise kind
    with driver_lock(tmp_path):
        pass
    assert names(tmp_path) in ([], [".lock"])


def test_left_overs_are_swept_and_published_things_are_not(tmp_path: Path) -> None:
    publish(tmp_path / "cells/good")
    left = tmp_path / "cells/.bad.build-1234"
    left.mkdir()
    (left / "a.txt").write_text("half")
    (tmp_path / "cells/.retired").mkdir()
    with driver_lock(tmp_path):
        assert sorted(p.name for p in (tmp_path / "cells").iterdir()) == [".retired", "good"]


def test_a_disk_without_locks_is_a_typed_error(tmp_path: Path, monkeypatch: Any) -> None:
    import filelock

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(ResourceError, match="No locks available"), driver_lock(tmp_path):
        pytest.fail("the block was entered")


# what is moved away, and what was torn


def test_a_retired_folder_is_kept_whole_and_its_name_is_free_again(tmp_path: Path) -> None:
    for text in ("one", "two"):
        retire(publish(tmp_path / "cell", text))
    assert names(tmp_path) == [name for name in names(tmp_path) if name.startswith(".retired")]
    kept = sorted((tmp_path / ".retired").iterdir())
    assert sorted((path / "a.txt").read_text() for path in kept) == ["one", "two"]
    assert all(verify(path)["id"] == "cell" for path in kept)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", b""), (b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\n"), (b"a", b""), (b"\xff\n\xfe", b"\xff\n")],
)
def test_a_torn_last_line_is_dropped_and_nothing_else(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "journal.log"
    path.write_bytes(before)
    inode = path.stat().st_ino
    remove_partial_line(path)
    assert path.read_bytes() == after
    assert (path.stat().st_ino == inode) == (before == after), "what is whole is not rewritten"


def test_a_journal_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    remove_partial_line(tmp_path / "journal.log")
    assert names(tmp_path) == []


def test_published_files_have_the_usual_mode_whoever_wrote_them(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("a", encoding="utf-8")
    with publish_folder(tmp_path / "out") as building:
        inner = building.folder / "modules"
        inner.mkdir()
        (inner / "weights").touch(mode=0o600)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert modes == {stat.S_IMODE(plain.stat().st_mode)}
