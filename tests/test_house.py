"""The rules that hold the house up: import direction, one writer, no unsafe calls, a light face."""

import ast
import os
import re
import statistics
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from house_rules import (
    MAY_IMPORT,
    Module,
    broken_calls,
    broken_imports,
    circles,
    reached,
    read_modules,
    written_imports,
)
from prose import awkward, hits

REPOSITORY = Path(__file__).parent.parent
SOURCE = REPOSITORY / "src" / "seqtwin"
LONGEST_FILE = 300
MOST_FILES = 24
MOST_ANY = 8  # per 1,000 lines
MEDIAN_FUNCTION, LONGEST_FUNCTION = 6, 50
OFTEN = {
    "base", "by_length", "classes", "evaluate_heads", "examples", "explain", "every_representation", "grid", "heat_map",
    "letters", "mine", "page", "pairs", "records", "scores", "slices", "svg", "trials", "verify",
}  # fmt: skip
AWKWARD = [
    "one vector a text",
    "it says no class",
    "a name is asked for",
    "it stands in the config",
    "it lies beside the data",
    "the folder holds a card",
    "mend these rows",
    "the two are not apart",
    "the representation reads the states",
    "cut, so that nothing is shared",
    "from 1 on",
    "What tuning may change.",
    "the study in earnest",
]


def modules_of(files: dict[str, str]) -> dict[str, Module]:
    """A house in memory: dotted name (a trailing dot marks a package) -> source text."""
    named = {name.rstrip("."): (name.endswith("."), textwrap.dedent(text)) for name, text in files.items()}
    return {name: Module(name, package, ast.parse(text)) for name, (package, text) in named.items()}


SOUND = {
    "seqtwin.": "",
    "seqtwin.records": "import torch",
    "seqtwin.config.": "",
    "seqtwin.config.run": "",
    "seqtwin.metrics": "",
    "seqtwin.files": "",
    "seqtwin.model.": "",
    "seqtwin.model.encoder": "from seqtwin.records import States",
    "seqtwin.data.": "",
    "seqtwin.data.tokens.tokenizer": "",
    "seqtwin.build": "from seqtwin.model.encoder import Encoder",
    "seqtwin.store": "from seqtwin.build import build",
    "seqtwin.training.": "",
    "seqtwin.training.losses": "def door():\n    import pytorch_metric_learning",
    "seqtwin.inference.": "",
    "seqtwin.inference.trained_encoder": "from seqtwin.store import load",
    "seqtwin.index.": "",
    "seqtwin.index.index": "from seqtwin.inference.trained_encoder import TrainedEncoder",
    "seqtwin.matching.": "",
    "seqtwin.matching.dedupe": "from seqtwin.index.index import Index",
    "seqtwin.serve.": "",
    "seqtwin.serve.app": "from seqtwin.index.index import Index",
    "seqtwin.run.": "",
    "seqtwin.run.train": "from seqtwin.training.losses import LOSSES",
    "seqtwin.study.": "",
    "seqtwin.study.compare": "from seqtwin.run.train import train",
    "seqtwin.explain.": "",
    "seqtwin.explain.explain": "from seqtwin.study.compare import compare",
    "seqtwin.reporting.": "",
    "seqtwin.reporting.page.write_report": "from seqtwin.metrics import METRICS",
    "seqtwin.api": "from seqtwin.run.train import run\nfrom seqtwin.reporting.page.write_report import write",
    "seqtwin.cli": "from seqtwin.api import run",
}

PLANTED = {
    "upward": ("seqtwin.data.tokens.tokenizer", "from seqtwin.training.losses import LOSSES"),
    "aside: data knows model": ("seqtwin.data.tokens.tokenizer", "from seqtwin.model.encoder import Encoder"),
    "aside: model knows data": ("seqtwin.model.encoder", "import seqtwin.data.tokens.tokenizer"),
    "model knows config": ("seqtwin.model.encoder", "from seqtwin.config import RunConfig"),
    "model knows a part of the config": ("seqtwin.model.encoder", "from seqtwin.config.run import RunConfig"),
    "inside a function": ("seqtwin.records", "def f():\n    from seqtwin.model import encoder"),
    "under TYPE_CHECKING": (
        "seqtwin.model.encoder",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from seqtwin.training.losses import LOSSES",
    ),
    "relative": ("seqtwin.model.encoder", "from ..training import losses"),
    "relative, from a package": ("seqtwin.model.", "from ..training import losses"),
    "a name in a string": ("seqtwin.build", "import importlib\nimportlib.import_module('seqtwin.training.losses')"),
    "a lazy table": ("seqtwin.build", "TABLE = {'train': 'seqtwin.training.losses:train'}"),
    "store knows training": ("seqtwin.store", "from seqtwin.training.losses import LOSSES"),
    "training knows store": ("seqtwin.training.losses", "from seqtwin.store import load"),
    "inference knows training": ("seqtwin.inference.trained_encoder", "from seqtwin.run.train import run"),
    "inference knows the index": ("seqtwin.inference.trained_encoder", "from seqtwin.index.index import Index"),
    "inference knows matching": ("seqtwin.inference.trained_encoder", "from seqtwin.matching.dedupe import dedupe"),
    "the index knows matching": ("seqtwin.index.index", "from seqtwin.matching.dedupe import dedupe"),
    "the index knows the service": ("seqtwin.index.index", "import seqtwin.serve.app"),
    "matching knows the service": ("seqtwin.matching.dedupe", "import seqtwin.serve.app"),
    "the service knows matching": ("seqtwin.serve.app", "def f():\n    from seqtwin.matching.dedupe import dedupe"),
    "an encoder knows the checks of parts": ("seqtwin.inference.trained_encoder", "import seqtwin.conformance.battery"),
    "training knows the checks of parts": ("seqtwin.training.losses", "from seqtwin.conformance import battery"),
    "one run knows the study": ("seqtwin.run.train", "from seqtwin.study.compare import compare"),
    "one run knows the explanation": ("seqtwin.run.train", "import seqtwin.explain.explain"),
    "the study knows the explanation": ("seqtwin.study.compare", "import seqtwin.explain.explain"),
    "run knows report": ("seqtwin.run.train", "from seqtwin.reporting.page.write_report import write"),
    "report knows the model": ("seqtwin.reporting.page.write_report", "from seqtwin.model.encoder import Encoder"),
    "report reaches torch": ("seqtwin.reporting.page.write_report", "def f():\n    import torch.nn"),
    "report reaches torch through records": ("seqtwin.metrics", "from seqtwin.records import Compared"),
    "the store reaches a metric-learning library": ("seqtwin.store", "import pytorch_metric_learning.losses"),
    "inference reaches it through a package": ("seqtwin.model.", "import pytorch_metric_learning"),
    "the root, from below": ("seqtwin.model.encoder", "from seqtwin import load"),
    "the face knows the command line": ("seqtwin.api", "from seqtwin.cli import main"),
    "a circle": ("seqtwin.files", "from seqtwin.metrics import METRICS\nimport seqtwin.files_again"),
    "no place": ("seqtwin.helpers", ""),
}

BAD_CALLS = [
    "open(path, 'w')",
    "open(path, mode='ab')",
    "path.open('x')",
    "path.open('r+', encoding='utf-8')",
    "gzip.open(path, 'wt')",
    "path.write_text('x')",
    "path.write_bytes(b'x')",
    "frame.to_csv(path)",
    "figure.savefig('page.svg')",
    "np.save(path, array)",
    "np.savez_compressed(path, a=array)",
    "save_file(tensors, path)",
    "safetensors.torch.save_file(tensors, path)",
    "torch.save(model, path)",
    "os.replace(a, b)",
    "shutil.copytree(a, b)",
    "json.dump(x, file)",
    "eval('1')",
    "exec('x = 1')",
    "yaml.load(text, Loader=Loader)",
    "torch.load(path)",
    "np.load(path, allow_pickle=True)",
    "subprocess.run('ls', shell=True)",
    "import pickle",
    "from pickle import loads",
    "print('x')",
    "sys.stdout.write('x')",
    "np.random.seed(0)",
]

GOOD_CALLS = [
    "open(path)",
    "open(path, 'rb')",
    "path.open(encoding='utf-8')",
    "frame.to_csv()",
    "buffer = io.BytesIO()\nfigure.savefig(buffer, format='svg')",
    "buffer = io.BytesIO()\nnp.save(buffer, array, allow_pickle=False)",
    "files.write_text(path, text)",
    "from seqtwin.files import write_text\nwrite_text(path, text)",
    "np.load(path, allow_pickle=False)",
    "model.eval()",
    "re.compile('x')",
    "np.random.default_rng(0)",
    "yaml.safe_load(text)",
    "text.replace('a', 'b')",
]


def test_the_checker_finds_nothing_in_a_sound_house():
    assert broken_imports(modules_of(SOUND)) == []


@pytest.mark.parametrize("place", PLANTED)
def test_the_checker_finds_a_planted_import(place):
    module, text = PLANTED[place]
    extra = {"seqtwin.files_again": "import seqtwin.files"} if place == "a circle" else {}
    assert broken_imports(modules_of({**SOUND, module: text, **extra}))


def test_a_circle_is_found():
    graph = written_imports(
        modules_of({"seqtwin.files": "import seqtwin.errors", "seqtwin.errors": "import seqtwin.files"})
    )
    assert len(circles(graph)) == 2


@pytest.mark.parametrize("text", BAD_CALLS)
def test_the_checker_finds_a_planted_call(text):
    assert broken_calls(modules_of({"seqtwin.model.encoder": text}))


@pytest.mark.parametrize("text", GOOD_CALLS)
def test_the_checker_lets_a_good_call_pass(text):
    assert broken_calls(modules_of({"seqtwin.model.encoder": text})) == []


def test_only_the_writer_writes_and_only_the_command_line_prints():
    assert broken_calls(modules_of({"seqtwin.files": "path.open('wb')", "seqtwin.cli": "print('x')"})) == []


def test_imports_point_down():
    assert broken_imports(read_modules(SOURCE)) == []


def test_no_call_writes_prints_or_loads_where_it_must_not():
    assert broken_calls(read_modules(SOURCE)) == []


def test_the_source_is_really_read():
    modules = read_modules(SOURCE)
    assert {"seqtwin.records", "seqtwin.files"} <= set(modules)
    assert "torch" in reached("seqtwin.records", written_imports(modules))


def test_no_file_is_long_and_none_is_called_utils():
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCE.rglob("*.py")}
    assert {p.name: n for p, n in lengths.items() if n > LONGEST_FILE} == {}
    assert [p for p in lengths if re.search(r"utils?|helpers?|misc|common", p.stem)] == []


def packages() -> list[Path]:
    return sorted(path.parent for path in SOURCE.rglob("__init__.py"))


def members(package: Path) -> set[str]:
    """The files and folders of a package, by the name that an import uses."""
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    return folders | {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}


@pytest.mark.parametrize("package", packages(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_folder_is_small_and_lists_its_files(package):
    assert len(list(package.glob("*.py"))) <= MOST_FILES
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    listed = re.findall(r"^- `(\w+)`: \S", text, re.M)
    assert sorted(listed) == sorted(members(package)), "__init__ lists every file as - `name`: content"


def test_every_file_begins_with_what_it_contains():
    firsts = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCE.rglob("*.py")}
    assert [
        path.relative_to(SOURCE) for path, text in firsts.items() if not text or len(text.split("\n")[0]) < 10
    ] == []


def test_a_file_name_occurs_again_only_where_its_folder_is_clear():
    names = Counter(path.stem for path in SOURCE.rglob("*.py") if not path.stem.startswith("__"))
    assert {name for name, count in names.items() if count > 1} <= OFTEN
    assert set(names) >= OFTEN


def test_any_is_rare():
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")]
    share = 1000 * sum(len(re.findall(r"\bAny\b", text)) for text in texts) / sum(text.count("\n") for text in texts)
    assert share <= MOST_ANY


def functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")}
    return {
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}": node
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def lines_of(first: ast.stmt, last: ast.stmt) -> int:
    return (last.end_lineno or 0) - first.lineno + 1


def test_functions_are_short():
    """The median counts statements alone, the limit also the signature and the docstring."""
    found = functions()
    bodies = [node.body[1:] if ast.get_docstring(node) is not None else node.body for node in found.values()]
    assert statistics.median(lines_of(body[0], body[-1]) if body else 0 for body in bodies) <= MEDIAN_FUNCTION
    assert [name for name, node in found.items() if lines_of(node, node) > LONGEST_FUNCTION] == []


@pytest.mark.long
def test_every_public_name_is_callable_after_every_module_was_imported():
    code = """
        import importlib, pkgutil, seqtwin
        for module in pkgutil.walk_packages(seqtwin.__path__, "seqtwin."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        names = [name for name in seqtwin.__all__ if name.islower() and not name.startswith("_")]
        assert "report" in names
        print([name for name in names if not callable(getattr(seqtwin, name))])
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("[]", 0), run.stderr


def test_what_people_read_is_plain_english():
    read = (SOURCE, *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "docs", "experiments")))
    assert [line for place in read for line in awkward(place)] == []


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_english_is_found(text):
    assert hits(text)


def test_the_picture_in_contributing_names_every_floor():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [f for f in MAY_IMPORT if f not in {"ground", "root"} and f not in text] == []


def loaded_after(statement: str) -> set[str]:
    """The first names of all modules loaded by a fresh interpreter that runs one statement."""
    code = f"{statement}\nimport sys\nprint(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


HEAVY = {"torch", "pandas", "matplotlib", "sklearn", "scipy", "pytorch_metric_learning", "babel", "tokenizers"}
TRAINING = {"pytorch_metric_learning", *(f"seqtwin.{name}" for name in ("training", "run", "study", "explain"))}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import seqtwin", HEAVY),
        ("import seqtwin.cli", HEAVY),
        ("import seqtwin.reporting.page.write_report", {"torch", "pytorch_metric_learning", "tokenizers"}),
        (
            "import seqtwin.inference.load, seqtwin.inference.onnx_encoder",
            {"torch", "pandas", "sklearn", "scipy"},
        ),
        ("import seqtwin.inference.reranking", TRAINING | {"torch", "pandas", "sklearn", "scipy"}),
        ("import seqtwin.progress.find_status, seqtwin.progress.status_page", HEAVY),
        ("import seqtwin.index.index", TRAINING | {"faiss"}),
        ("import seqtwin.inference.trained_encoder", TRAINING),
        ("import seqtwin.reading.reader, seqtwin.conformance.check_reading", TRAINING | {"pandas", "sklearn", "scipy"}),
    ],
)
def test_what_an_import_does_not_load(statement, unwanted):
    assert loaded_after(statement) & unwanted == set()


def test_every_name_of_the_face_resolves():
    import seqtwin

    assert seqtwin.__all__
    assert [name for name in seqtwin.__all__ if getattr(seqtwin, name, None) is None] == []
    assert set(seqtwin.__all__) <= set(dir(seqtwin))


def test_shapes_are_checked_under_test():
    import torch

    from seqtwin.records import Sequences

    with pytest.raises(TypeError):  # a float for each step is neither token ids nor channels
        Sequences(torch.zeros(2, 3), torch.tensor([3, 1]))


def files_of_the_repository() -> list[Path]:
    """What git holds or would hold; every file where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [p for p in REPOSITORY.rglob("*") if p.is_file() and ".venv" not in p.parts]
    return [p for name in run.stdout.split("\0") if name and (p := REPOSITORY / name).is_file()]


def machine_paths(text: str, own_folder: str) -> list[str]:
    """Absolute paths of some machine, and addresses of package indexes."""
    folders = "|".join(["root", "home", "Users", re.escape(own_folder)])
    pattern = rf"(?<![\w.])/(?:{folders})/[\w.-]+|index-url\s*=|https?://\S+/simple/?(?!\w)"
    return [m.group() for m in re.finditer(pattern, text)]


def test_machine_paths_are_found():
    planted = ["see /" + "home/ada/x", "= '/" + "mine/main'", "index-url" + " = x", "https://pypi.example/" + "simple/"]
    assert [len(machine_paths(text, "mine")) for text in planted] == [1, 1, 1, 1]
    assert machine_paths("https://example.org/home/x and a/root/b", "mine") == []


def test_no_machine_path_in_the_repository():
    own = REPOSITORY.resolve().parts[1]
    own = "root" if own in {"tmp", "usr", "opt", "var", "private"} else own  # such names may stand in a document
    found = {}
    for path in files_of_the_repository():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if hits := machine_paths(text, own):
            found[os.fspath(path.relative_to(REPOSITORY))] = hits
    assert found == {}
