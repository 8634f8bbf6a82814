"""The package as users install it: a wheel in an environment of its own, and optional parts that are not installed."""

import ast
import importlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import tomllib

from first_commands import run_first_commands
from seqtwin.errors import MissingExtraError

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "seqtwin"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# import names that are not those of their distributions, and packages that come with others
DISTRIBUTION = {
    "PIL": "matplotlib",
    "distributed": "dask", "faiss": "faiss-cpu", "h11": "uvicorn", "markupsafe": "jinja2", "mlflow": "mlflow-skinny",
    "pydantic_core": "pydantic",
    "sklearn": "scikit-learn", "starlette": "fastapi", "transformers": "sentence-transformers", "yaml": "PyYAML",
}  # fmt: skip


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", one)[0].lower().replace("_", "-") for one in requirements}


REQUIRED = names(PROJECT["dependencies"])
EXTRAS = {
    extra: names(own) for extra, own in PROJECT["optional-dependencies"].items() if extra not in {"dev", "clients"}
}


def distribution(imported: str) -> str:
    first = imported.split(".", maxsplit=1)[0]
    return DISTRIBUTION.get(first, first).lower().replace("_", "-")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    # the types of the standard library exist for type checkers only
    return found - set(sys.stdlib_module_names) - {"seqtwin", "", "_typeshed"}


def test_every_import_is_a_dependency_or_in_an_extra() -> None:
    known = REQUIRED.union(*EXTRAS.values())
    unknown = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path, tree in trees()
        for name in imports_of(tree)
        if distribution(name) not in known
    }
    assert unknown == set()


def guards() -> dict[str, tuple[set[str], str]]:
    """Each function that names an extra: what it imports, and the extra that it names."""
    found = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and ast.unparse(c.func) == "missing_extra"]
            if calls:
                imported = {
                    name for handled in ast.walk(node) if isinstance(handled, ast.Try) for name in imports_of(handled)
                }
                found[f"{path.relative_to(SOURCE).as_posix()}:{node.name}"] = (
                    imported,
                    ast.literal_eval(calls[0].args[1]),
                )
    return found


def test_each_guard_names_the_extra_that_has_its_packages() -> None:
    found = guards()
    assert found
    wrong = {
        place: (imported, extra)
        for place, (imported, extra) in found.items()
        if not imported or {distribution(name) for name in imported} - EXTRAS[extra] - REQUIRED
    }
    assert wrong == {}


def _read_parquet() -> object:
    from seqtwin.data.files.formats import FORMATS
    from seqtwin.data.files.rows import Opened

    return list(FORMATS[".parquet"].rows(Opened(Path("a.parquet"), iter)))


def _write_parquet() -> object:
    from seqtwin.inference import vector_files

    return vector_files.parquet_library()


def _parquet_of_a_teacher() -> object:
    from seqtwin.teachers.vector_tables import _read_parquet

    return _read_parquet(Path("a.parquet"))


def _index() -> object:
    from seqtwin.index.faiss_search import library

    return library()


def _service() -> None:
    from seqtwin.serve.server import needs_serve

    needs_serve()


def _write_onnx() -> object:
    from seqtwin.interop.onnx_graph import element_types

    return element_types()


def _run_onnx() -> object:
    from seqtwin.inference.onnx_encoder import load_session

    return load_session(b"")


def _sentence_transformers() -> object:
    from seqtwin.interop.sentence_transformers import _library

    return _library()


def _tracker(name: str) -> object:
    return importlib.import_module(f"seqtwin.trackers.{name}_log")._library()


def _teacher() -> object:
    from seqtwin.teachers.open_teacher import _load_sentence_transformer
    from seqtwin.teachers.teacher import TeacherSource

    return _load_sentence_transformer(TeacherSource(Path("a")))


def _mteb() -> object:
    from seqtwin.interop.mteb import MtebEncoder

    return MtebEncoder.mteb_model_meta.func(MtebEncoder.__new__(MtebEncoder))


def _cluster() -> None:
    from seqtwin.cluster.client import require_dask

    require_dask()


CALLS: dict[str, Callable[[], object]] = {
    "cluster/client.py:require_dask": _cluster,
    "data/files/formats.py:_read_parquet": _read_parquet,
    "index/faiss_search.py:library": _index,
    "inference/onnx_encoder.py:load_session": _run_onnx,
    "inference/vector_files.py:parquet_library": _write_parquet,
    "interop/mteb.py:mteb_model_meta": _mteb,
    "interop/onnx_graph.py:element_types": _write_onnx,
    "interop/sentence_transformers.py:_library": _sentence_transformers,
    "serve/server.py:needs_serve": _service,
    "teachers/open_teacher.py:_load_sentence_transformer": _teacher,
    "teachers/vector_tables.py:_read_parquet": _parquet_of_a_teacher,
    "trackers/mlflow_log.py:_library": partial(_tracker, "mlflow"),
    "trackers/tensorboard_log.py:_library": partial(_tracker, "tensorboard"),
    "trackers/wandb_log.py:_library": partial(_tracker, "wandb"),
}


def test_every_guard_is_tried() -> None:
    assert set(CALLS) == set(guards())


@pytest.mark.parametrize("place", CALLS)
def test_a_package_that_is_missing_is_named_with_its_extra(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    imported, extra = guards()[place]
    for name in [*sys.modules, *imported]:
        if name.split(".")[0] in imported:
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        CALLS[place]()
    assert caught.value.remedy == f"pip install 'seqtwin[{extra}]'"
    assert any(distribution(name) in caught.value.cause.lower() or name in caught.value.cause for name in imported)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the repository, built by pip."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy.mkdir(exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    for path in (path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    pip(sys.executable, "wheel", str(copy), "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
    [built] = folder.glob("*.whl")
    return built


def pip(python: str, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr


@pytest.mark.long
def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("seqtwin/")}
    files = {f"seqtwin/{path.relative_to(SOURCE).as_posix()}" for path in SOURCE.rglob("*") if path.is_file()}
    assert packed == {name for name in files if "__pycache__" not in name}


@pytest.mark.long
def test_an_installed_wheel_runs_the_first_commands_of_the_readme(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, which borrows the libraries of this one, but not the source."""
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    python = str(environment / "bin" / "python")
    pip(python, "install", "--no-deps", "--no-index", str(wheel))
    [own], libraries = sites(python), sites(sys.executable)
    (Path(own) / "borrowed.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    assert Path(printed(python, "import seqtwin; print(seqtwin.__file__)")).is_relative_to(own), "not the source"
    assert run_first_commands(environment / "bin" / "seqtwin", tmp_path / "work") > 8


def sites(python: str) -> list[str]:
    """The folders of installed packages of a Python."""
    return printed(python, "import site; print(*site.getsitepackages(), sep=chr(10))").splitlines()


def printed(python: str, code: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run([python, "-c", code], env=own, capture_output=True, text=True, check=True, timeout=120)
    return run.stdout.strip()
