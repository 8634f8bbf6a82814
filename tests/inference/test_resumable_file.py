"""A resumable file: complete at its end, resumed wherever its writer stopped, never written over another file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from seqtwin.errors import ConfigError, DamagedError, InUseError
from seqtwin.inference import resumable_file
from seqtwin.inference.resumable_file import publish_growing

BLOCKS = [b"head\n", b"one\n" * 300, b"", b"\x00\xfftwo"]
KEY = {"input": "abc", "columns": ["a"]}


def grow(final: Path, blocks: list[bytes] = BLOCKS, *, resume: bool = False, key: Any = KEY) -> int:
    """Grow a file to its end; how many blocks were still to do."""
    with publish_growing(final, key, resume=resume) as file:
        left = blocks[file.blocks :]
        for block in left:
            file.add(block)
    return len(left)


def hidden(final: Path) -> Path:
    return final.with_name(f".{final.name}.growing")


def test_a_grown_file_is_its_blocks_and_nothing_else_stays(tmp_path: Path) -> None:
    grow(tmp_path / "out/x.bin")
    assert (tmp_path / "out/x.bin").read_bytes() == b"".join(BLOCKS)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["x.bin"]


class StopError(Exception):
    """A writer that is stopped, as a kill stops it, at the n-th thing it does to the disk."""


def stopping(monkeypatch: Any, at: int, *, after: bool) -> None:
    done = 0

    def watched(name: str) -> None:
        inner = getattr(resumable_file, name)

        def call(*given: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == at and not after:
                raise StopError
            found = inner(*given, **named)
            if done == at:
                if name == "writing":  # half of what was to be written
                    with found as file:
                        file.write(b"half")
                raise StopError
            return found

        monkeypatch.setattr(resumable_file, name, call)

    for name in ("writing", "publish_text", "publish_file"):
        watched(name)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 11))
def test_taken_up_wherever_it_stopped_it_has_the_same_bytes(
    tmp_path: Path, monkeypatch: Any, at: int, after: bool
) -> None:
    final = tmp_path / "x.bin"
    with monkeypatch.context() as patched:
        stopping(patched, at, after=after)
        with pytest.raises(StopError):
            grow(final)
    if at == 10 and after:  # it stopped when all was done
        assert final.read_bytes() == b"".join(BLOCKS)
        return
    assert not final.exists()
    finished = max(0, (at - 2 + after) // 2)
    assert grow(final, resume=True) == len(BLOCKS) - finished
    assert final.read_bytes() == b"".join(BLOCKS)
    assert [p.name for p in tmp_path.iterdir()] == ["x.bin"]


def interrupted(final: Path) -> Path:
    def stop() -> None:
        with publish_growing(final, KEY, resume=False) as file:
            file.add(BLOCKS[0])
            file.add(BLOCKS[1])
            raise StopError

    with pytest.raises(StopError):
        stop()
    assert not final.exists()
    return hidden(final)


def test_without_resume_it_begins_again(tmp_path: Path) -> None:
    interrupted(tmp_path / "x.bin")
    assert grow(tmp_path / "x.bin", [b"new"], key={"input": "other"}) == 1
    assert (tmp_path / "x.bin").read_bytes() == b"new"


def test_begun_anew_and_stopped_at_once_nothing_old_is_taken_up(tmp_path: Path, monkeypatch: Any) -> None:
    interrupted(tmp_path / "x.bin")
    with monkeypatch.context() as patched:
        stopping(patched, 2, after=True)
        with pytest.raises(StopError):
            grow(tmp_path / "x.bin", [b"new"])
    assert grow(tmp_path / "x.bin", [b"new"], resume=True) == 1
    assert (tmp_path / "x.bin").read_bytes() == b"new"


def test_with_nothing_to_take_up_resume_begins(tmp_path: Path) -> None:
    assert grow(tmp_path / "x.bin", resume=True) == len(BLOCKS)


@pytest.mark.parametrize("key", [{**KEY, "input": "abd"}, {"input": "abc"}, {**KEY, "more": 1}])
def test_what_was_begun_from_something_else_is_refused(tmp_path: Path, key: Any) -> None:
    folder = interrupted(tmp_path / "x.bin")
    with pytest.raises(ConfigError, match=r"the interrupted run had another (input|columns|more) \[") as caught:
        grow(tmp_path / "x.bin", resume=True, key=key)
    assert caught.value.code == "RESUME_CHANGED"
    assert (folder / "data").read_bytes() == BLOCKS[0] + BLOCKS[1], "what was done is lost"


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "record", "not json", "no key", "no numbers"])
def test_damage_between_is_found(tmp_path: Path, damage: str) -> None:
    folder = interrupted(tmp_path / "x.bin")
    data, record = folder / "data", folder / "record.json"
    whole, said = data.read_bytes(), json.loads(record.read_text())
    {
        "flip": lambda: data.write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:]),
        "cut": lambda: data.write_bytes(whole[:-1]),
        "gone": data.unlink,
        "record": lambda: record.write_text(json.dumps({**said, "size": 3})),
        "not json": lambda: record.write_text("{"),
        "no key": lambda: record.write_text("{}"),
        "no numbers": lambda: record.write_text(json.dumps({**said, "blocks": None})),
    }[damage]()
    with pytest.raises(DamagedError) as caught:
        grow(tmp_path / "x.bin", resume=True)
    assert caught.value.exit_code == 3


def test_a_part_longer_than_its_record_is_cut_back(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "x.bin")
    with (folder / "data").open("ab") as file:
        file.write(b"torn block")
    assert grow(tmp_path / "x.bin", resume=True) == 2
    assert (tmp_path / "x.bin").read_bytes() == b"".join(BLOCKS)


def test_what_stands_there_is_never_overwritten(tmp_path: Path) -> None:
    final = tmp_path / "x.bin"
    final.write_text("mine")
    for resume in (False, True):
        with pytest.raises(ConfigError, match="never overwritten"):
            grow(final, resume=resume)
    final.unlink()

    def late() -> None:
        with publish_growing(final, KEY, resume=False) as file:
            file.add(b"x")
            final.write_text("mine")

    with pytest.raises(ConfigError, match="never overwritten"):
        late()
    assert final.read_text() == "mine"


def test_two_cannot_grow_one_file(tmp_path: Path) -> None:
    final = tmp_path / "x.bin"
    with publish_growing(final, KEY, resume=False) as file:
        file.add(b"x")
        with pytest.raises(InUseError, match="another process is using this file") as caught:
            grow(final)
        assert caught.value.code == "FILE_IN_USE"
        assert str(os.getpid()) in caught.value.cause
    assert final.read_bytes() == b"x"
