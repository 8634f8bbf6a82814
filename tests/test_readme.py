"""Every fenced block of the README runs, in order, in one folder; then those of the pages of docs/ that build on it.

- python: run in one namespace per page, from top to bottom;
- bash: `seqtwin` commands, run one after the other; a block of `make`, `git` or `pip` commands is not run, and says why
  in a comment before it: `<!-- not run: reason -->`;
- yaml: read as a config, and, like csv, written to a file where a comment before it says so: `<!-- file: name -->`;
- text, mermaid and blocks without a language are pictures; a text block that starts with `$ seqtwin` shows what this
  command prints: its lines must occur in the output, in order.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

import own_parts
from shell import Shell

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [
    "docs/command-line.md",
    "docs/config.md",
    "docs/search.md",
    "docs/objectives.md",
    "docs/extending.md",
]  # they use what the README made
ALONE = ["docs/own-parts.md"]
PICTURES = {"", "text", "mermaid"}
SET_UP = {"make", "git", "cd", "pip", "pipx", "uvx", "python3"}

_FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.M | re.S)
_COMMENT = re.compile(r"<!--\s*(?P<key>not run|file|needs):\s*(?P<value>[^>]*?)\s*-->\s*\Z")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, its line, and what the comment before it says."""

    language: str
    body: str
    line: int
    note: tuple[str, str] | None

    @property
    def commands(self) -> list[str]:
        joined = self.body.replace("\\\n", " ")
        return [c for line in joined.splitlines() if (c := line.strip().removeprefix("$ ")) and not c.startswith("#")]


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a Markdown text."""
    found = []
    for match in _FENCE.finditer(text):
        before = _COMMENT.search(text[: match.start()])
        note = (before["key"], before["value"]) if before else None
        found.append(Block(match["language"], match["body"], text.count("\n", 0, match.start()) + 1, note))
    return found


def run_command(command: str, folder: Path, shell: Shell) -> None:
    words = shlex.split(command, comments=True)
    assert words[0] == "seqtwin", f"only seqtwin commands run here: {command}"
    code, output = shell.run(words, folder)
    assert code == 0, f"{command}\n{output}"


def check_not_run(block: Block, reason: str) -> None:
    assert len(reason.split()) >= 2, f"line {block.line}: a block that is not run says why"
    first = {shlex.split(c)[0] for c in block.commands}
    assert block.language == "bash", f"line {block.line}: only bash blocks may be left out"
    assert first <= SET_UP, f"line {block.line}: only set-up commands may be left out"


def check_yaml(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqtwin import config

    path = folder / "shown.yaml"
    path.write_text(block.body, encoding="utf-8")
    monkeypatch.chdir(folder)
    read = config.read_study if re.search(r"^(grid|base):", block.body, re.M) else config.read_run
    assert read(path)


def run_block(
    block: Block, folder: Path, names: dict[str, object], monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    """Do with one block what its language asks for."""
    key, value = block.note or ("", "")
    if key == "not run":
        return check_not_run(block, value)
    if key == "file":
        (folder / value).write_text(block.body, encoding="utf-8")
    if block.language == "python":
        exec(compile("\n" * block.line + block.body, str(names.get("__name__")), "exec"), names)
    elif block.language == "bash":
        for command in block.commands:
            run_command(command, folder, shell)
    elif block.language == "yaml":
        check_yaml(block, folder, monkeypatch)
    else:
        assert key == "file" or block.language in PICTURES, f"line {block.line}: how is {block.language} checked?"
    return None


@pytest.fixture(scope="module")
def shell():
    with Shell() as started:
        yield started


def run_page(name: str, folder: Path, shell: Shell) -> list[str]:
    """Run all blocks of a page; the names of the parts it added, which are removed again."""
    blocks = blocks_of((ROOT / name).read_text(encoding="utf-8"))
    names: dict[str, object] = {"__name__": name}
    with pytest.MonkeyPatch.context() as monkeypatch, own_parts.removed() as added:
        monkeypatch.chdir(folder)
        for block in blocks:
            run_block(block, folder, names, monkeypatch, shell)
    return added


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, shell: Shell) -> Path:
    """A folder like the repository's, in which the README was followed."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("configs", "docs"):
        (folder / name).symlink_to(ROOT / name)
    assert run_page("README.md", folder, shell) == []
    return folder


@pytest.mark.long
def test_every_block_of_the_readme_runs(prepared):
    assert {b.language for b in blocks_of(README.read_text(encoding="utf-8"))} >= {"python", "bash", "yaml"}
    assert (prepared / "runs/all/report/index.html").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_runs(name, prepared, shell):
    assert run_page(name, prepared, shell) == (["min_output"] if name == "docs/extending.md" else [])


@pytest.mark.parametrize("name", ALONE)
def test_every_block_of_a_page_that_needs_no_other_runs(name, tmp_path, shell):
    assert run_page(name, tmp_path, shell) == []


def missing_links(text: str, folder: Path) -> list[str]:
    """Relative links and pictures of a Markdown text that lead nowhere."""
    prose = _FENCE.sub("", text)
    targets = [t for t in re.findall(r"\]\(([^)#\s]+)", prose) if not re.match(r"\w+:", t)]
    return [t for t in targets if not (folder / t).exists()]


PLACES = ("*.md", "docs/*.md", "experiments/README.md", "experiments/*/README.md", "reports/*/*.md")
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for place in PLACES for path in ROOT.glob(place))


def unlike(shown: str, printed: str) -> list[str]:
    """The lines of a shown output that a command did not print, or not in this order; how lines are broken is free."""
    rest, missing = " ".join(printed.split()), []
    for line in (" ".join(line.split()) for line in shown.splitlines() if line.strip()):
        _, found, after = rest.partition(line)
        if found:
            rest = after
        else:
            missing.append(line)
    return missing


SHOWN = [
    pytest.param(command, shown, id=f"{name} line {block.line}")
    for name in DOCUMENTS
    for block in blocks_of((ROOT / name).read_text(encoding="utf-8"))
    for command, _, shown in [block.body.partition("\n")]
    if block.language == "text" and command.startswith("$ seqtwin")
]


@pytest.mark.long
@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_a_shown_output_is_what_the_command_prints(command, shown, prepared, shell):
    code, output = shell.run(shlex.split(command.removeprefix("$ ")), prepared)
    assert (code, unlike(shown, output)) == (0, [])


def test_a_shown_line_that_is_not_printed_is_found():
    assert unlike("a b\nc d", "x a\nb c d") == []
    assert unlike("c d\na b\n\ne", "x a\nb c d") == ["a b", "e"]


def test_every_page_of_the_documentation_is_in_its_table_of_contents():
    contents = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"]({page})" not in contents] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere_and_no_figure_is_left_open(name):
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    assert missing_links(text, path.parent) == []
    assert re.findall(r"@[A-Z_]+@", text) == []


def test_the_protocol_names_every_refusal_and_every_diagnosis():
    from seqtwin.reporting.findings.refusals.check_claims import CODES
    from seqtwin.reporting.findings.rules import RULES

    told = set(re.findall(r"^\| ([A-Z]\d+) \|", (ROOT / "docs/protocol.md").read_text(encoding="utf-8"), re.M))
    assert told >= set(CODES)
    assert told >= set(RULES)


def test_a_command_that_works_passes(tmp_path, monkeypatch, shell):
    (block,) = blocks_of("```bash\nseqtwin list losses\n```\n")
    run_block(block, tmp_path, {}, monkeypatch, shell)


def test_a_dead_link_is_found(tmp_path):
    (tmp_path / "there.md").touch()
    text = "[a](there.md#part) [b](https://example.org/x) ![c](gone.png)\n```text\n[d](in-code)\n```\n"
    assert missing_links(text, tmp_path) == ["gone.png"]


PLANTED = {
    "a python error": "```python\n1 / 0\n```\n",
    "a command that fails": "```bash\nseqtwin no-such-command\n```\n",
    "a foreign command": "```bash\nls\n```\n",
    "set-up without a reason": "<!-- not run: -->\n```bash\nmake test\n```\n",
    "a seqtwin command left out": "<!-- not run: too slow here -->\n```bash\nseqtwin list\n```\n",
    "python left out": "<!-- not run: too slow here -->\n```python\n1 / 0\n```\n",
    "a misspelt key": "```yaml\nreprsentation: mean_output\n```\n",
    "an unknown language": "```ruby\nputs 1\n```\n",
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(text, tmp_path, monkeypatch, shell):
    (block,) = blocks_of(text)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it must not pass
        run_block(block, tmp_path, {}, monkeypatch, shell)


def test_a_reason_and_a_file_name_are_read(tmp_path, monkeypatch, shell):
    left_out = "<!-- not run: sets up a machine -->\n```bash\nmake test  # a word\n```\n"
    written = "<!-- file: a.csv -->\n```csv\na,b\n```\n"
    for block in blocks_of(f"{left_out}\n{written}"):
        run_block(block, tmp_path, {}, monkeypatch, shell)
    assert (tmp_path / "a.csv").read_text() == "a,b\n"
