"""Every block of docs/output-and-hidden.md runs, in order, in one empty folder, as those of the README do."""

from pathlib import Path

import pytest

from shell import Shell
from test_readme import blocks_of, missing_links, run_block

# every block of a long page, with trainings
pytestmark = pytest.mark.long

TUTORIAL = Path(__file__).parent.parent / "docs" / "output-and-hidden.md"
TEXT = TUTORIAL.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
def test_every_block_of_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "tutorial"}
    with Shell() as shell:
        for block in blocks_of(TEXT):
            run_block(block, tmp_path, names, monkeypatch, shell)
    assert (tmp_path / "wien.html").exists()


def test_every_claim_is_followed_by_a_block() -> None:
    sections = TEXT.split("\n## ")[1:]
    assert [one.splitlines()[0] for one in sections if "```python" not in one and "```bash" not in one] == []


def test_every_link_of_the_tutorial_leads_somewhere() -> None:
    assert missing_links(TEXT, TUTORIAL.parent) == []


def test_the_excerpt_is_what_the_command_says() -> None:
    """The quoted answer, for an encoder of this shape."""
    from seqtwin.anatomy import sentences
    from seqtwin.anatomy.dissect import Subject, dissect
    from seqtwin.build import blueprint_of, build_siamese
    from seqtwin.config import parse_run
    from seqtwin.data.tokens.tokenizer import train_tokenizer

    tokens = train_tokenizer(["Wien"], unit="char")
    config = parse_run({"data": {"name": "placenames"}, "encoder": {"hidden": 16}})
    found = dissect(Subject(build_siamese(blueprint_of(config, "tokens", tokens.size), seed=0), tokens, "Wien"))
    said = f"{sentences.headline(found)}. {sentences.answer(found)}".replace("`", "")
    assert said in " ".join(TEXT.split())
