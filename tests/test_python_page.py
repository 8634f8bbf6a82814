"""Every Python block of docs/python.md runs, in order, in one folder; those of optional libraries where they are."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from optional import library
from test_readme import Block, blocks_of

PAGE = Path(__file__).parent.parent / "docs" / "python.md"
OPTIONAL = ("polars", "duckdb", "qdrant_client", "lancedb")
BLOCKS = blocks_of(PAGE.read_text(encoding="utf-8"))


def needs(block: Block) -> str | None:
    """The optional library that a block imports."""
    found = re.findall(r"^import (\w+)", block.body, re.M)
    return next((name for name in found if name in OPTIONAL), None)


def run(block: Block, names: dict[str, Any]) -> None:
    exec(compile("\n" * block.line + block.body, PAGE.name, "exec"), names)


# a study, and libraries that take seconds to import
LONG = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    shutil.copy(PAGE.with_name("pairs.csv"), root / "pairs.csv")
    return root


@pytest.fixture(scope="module")
def names(folder: Path) -> dict[str, Any]:
    """The names after all blocks that need no optional library."""
    found: dict[str, Any] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCKS:
            if needs(block) is None:
                run(block, found)
    return found


@LONG
def test_the_blocks_run(names: dict[str, Any], folder: Path) -> None:
    assert (folder / "map.html").exists()
    assert len(names["study"].results) == 2
    assert names["run"].understood[-1].startswith("the rows are kept in runs/frame.data/")


@LONG
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [block for block in BLOCKS if needs(block)], ids=needs)
def test_a_block_of_another_library_runs(
    block: Block, names: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(needs(block) or "")
    monkeypatch.chdir(folder)
    run(block, dict(names))


def test_every_library_has_a_block_and_all_blocks_are_python() -> None:
    assert [needs(block) for block in BLOCKS if needs(block)] == list(OPTIONAL)
    assert {block.language for block in BLOCKS} == {"python"}
