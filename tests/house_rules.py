"""The rules of the house, read from the source with `ast`: who may import whom, and who may write.

Every import counts: inside functions, under TYPE_CHECKING, relative ones, and module names in strings
(`"seqtwin.run.train:train"`), because a lazy table reaches a module as surely as an import does.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = "seqtwin"
GROUND = frozenset(
    {
        "records",
        "lookup",
        "config",
        "strict_yaml",
        "errors",
        "files",
        "metrics",
        "version",
        "validation",
        "paths",
        "cards",
        "json_values",
        "guards",
        "floors",
        "quick_budget",
        "build_folders",
        "interrupts",
        "place_faults",
    }
)
BELOW_STORE = frozenset({"ground", "model", "data", "build"})
COMMAND_LINE = frozenset({"cli", "__main__"})  # one floor in several files
INFERENCE = BELOW_STORE | {"store", "reranker"}
RUN = BELOW_STORE | {"store", "training", "published", "teachers", "baselines", "trackers"}
AT_WORK = frozenset({"inference", "index", "matching", "serve", "verify", "bulk"})
EXPERIMENTS = frozenset(
    {
        "training",
        "baselines",
        "trackers",
        "run",
        "study",
        "explain",
        "reporting",
        "published",
        "comparisons",
        "cluster",
        "progress",
    }
)
FACE = frozenset({"api", "notebook"})  # the Python functions

# A floor and what it may import beside itself. The picture stands in CONTRIBUTING.md.
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "ground": frozenset(),
    "model": frozenset({"ground"}),
    "data": frozenset({"ground"}),
    "reading": frozenset({"ground", "model"}),
    "build": frozenset({"ground", "model", "data"}),
    "store": BELOW_STORE,
    "training": frozenset({"ground", "model", "data"}),
    "baselines": frozenset({"ground", "data"}),
    "reranker": frozenset({"ground"}),
    "published": frozenset({"ground"}),
    "cluster": frozenset({"ground"}),
    "comparisons": frozenset({"ground"}),
    "run": RUN,
    "study": RUN | {"run", "comparisons", "cluster"},
    "explain": RUN | {"run", "study"},
    "inference": INFERENCE,
    "teachers": INFERENCE | {"inference"},
    "index": INFERENCE | {"inference"},
    "matching": INFERENCE | {"inference", "index"},
    "bulk": INFERENCE | {"inference", "index", "matching", "cluster"},
    "serve": INFERENCE | {"inference", "index"},
    "verify": INFERENCE | {"inference", "index"},
    "conformance": INFERENCE | {"inference", "index", "training", "reading"},
    "anatomy": BELOW_STORE | {"store"},
    "reporting": frozenset({"ground", "published", "comparisons"}),
    "progress": frozenset({"ground", "published", "reporting"}),
    "interop": INFERENCE | EXPERIMENTS | AT_WORK,
    "trackers": frozenset({"ground", "published", "reporting"}),
    "notebook": INFERENCE | EXPERIMENTS | AT_WORK,
    "api": INFERENCE | EXPERIMENTS | AT_WORK | FACE,
    "api_reranker": INFERENCE | EXPERIMENTS | AT_WORK | {"notebook"},
    "cli": INFERENCE | EXPERIMENTS | AT_WORK | FACE | {"anatomy", "interop", "api_reranker", "root"},
    "root": INFERENCE | EXPERIMENTS | AT_WORK | FACE | {"interop", "api_reranker", "conformance", "reading"},
}

# What a floor must not touch at all, and what it must not reach even through others.
NOT_DIRECTLY = {"model": {f"{ROOT}.config", f"{ROOT}.strict_yaml"}, "reporting": {f"{ROOT}.records"}}
EXPERIMENT = {*(f"{ROOT}.{name}" for name in ("training", "run", "study", "explain")), "pytorch_metric_learning"}
NEVER_REACHED = {
    "anatomy": EXPERIMENT,
    "reading": EXPERIMENT,
    "inference": EXPERIMENT,
    "teachers": EXPERIMENT,
    "index": EXPERIMENT,
    "matching": EXPERIMENT,
    "bulk": EXPERIMENT,
    "serve": EXPERIMENT,
    "store": EXPERIMENT,
    "build": EXPERIMENT,
    "run": {f"{ROOT}.study", f"{ROOT}.explain"},
    "study": {f"{ROOT}.explain"},
    "reporting": {"torch", "pytorch_metric_learning", f"{ROOT}.records"},
    "progress": {"torch", "pytorch_metric_learning", f"{ROOT}.records"},
}

_MODULE_IN_STRING = re.compile(rf"{ROOT}(\.\w+)+(:\w+)?")

Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, whether it is a package, its syntax tree."""

    name: str
    is_package: bool
    tree: ast.Module


def read_modules(package: Path) -> dict[str, Module]:
    """Every module of a package folder by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, is_package, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


def floor(module: str) -> str | None:
    """The floor a module stands on, None for a module that has no place in the picture.

    >>> floor("seqtwin.model.encoder"), floor("seqtwin.records"), floor("seqtwin"), floor("seqtwin.other")
    ('model', 'ground', 'root', None)
    """
    first = [*module.split("."), ""][1]
    if first in GROUND:
        return "ground"
    place = "cli" if first in COMMAND_LINE else first or "root"
    return place if place in MAY_IMPORT else None


def _names_of(node: ast.AST, module: Module) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, module)
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE_IN_STRING.fullmatch(node.value):
        yield node.value.replace(":", ".")


def _base(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".") + ([""] if module.is_package else [])
    return ".".join([*parts[: len(parts) - node.level], *([node.module] if node.module else [])])


def _target(name: str, modules: Mapping[str, Module]) -> str:
    """The module a dotted name leads to: the longest known one, or a foreign package."""
    parts = name.split(".")
    if parts[0] != ROOT:
        return parts[0]
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((p for p in prefixes if p in modules), parts[0])


def written_imports(modules: Mapping[str, Module]) -> Graph:
    """What each module's own text imports: modules of the package by full name, others by their first name."""
    graph: Graph = {}
    for name, module in modules.items():
        names = (n for node in ast.walk(module.tree) for n in _names_of(node, module))
        graph[name] = {_target(n, modules) for n in names} - {name, ""}
    return graph


def reached(start: str, graph: Graph) -> set[str]:
    """All that is imported when `start` is: through others, and through the packages that hold them."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        here = todo.pop()
        packages = {p for p in _packages_of(here) if p in graph}
        for target in graph.get(here, set()) | packages:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _packages_of(name: str) -> Iterator[str]:
    # the root is lazy, so passing through it loads nothing; what it names is not reached
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(2, len(parts)))


def broken_imports(modules: Mapping[str, Module]) -> list[str]:
    """One sentence for each import that points up, aside, or where it must not."""
    graph = written_imports(modules)
    found = [f"{name} has no place in the picture" for name in modules if floor(name) is None]
    for name, targets in graph.items():
        found += _broken_of(name, targets)
        found += _reached_wrongly(name, graph)
    return found + circles(graph)


def _broken_of(name: str, targets: set[str]) -> list[str]:
    own = floor(name)
    if own is None:
        return []
    barred = NOT_DIRECTLY.get(own, set())
    wrong = {target for target in targets for home in barred if f"{target}.".startswith(f"{home}.")}
    for target in targets:
        other = floor(target) if target.split(".")[0] == ROOT else own
        if other != own and other not in MAY_IMPORT[own]:
            wrong.add(target)
    return [f"{name} imports {target}" for target in sorted(wrong)]


def _reached_wrongly(name: str, graph: Graph) -> list[str]:
    barred = NEVER_REACHED.get(floor(name) or "", set())
    hits = {t for t in reached(name, graph) for b in barred if t == b or t.startswith(b + ".")}
    return [f"{name} reaches {target}" for target in sorted(hits)]


def circles(graph: Graph) -> list[str]:
    """One sentence for each module that reaches itself through what is written in the files."""
    return [f"{name} imports itself through others" for name in sorted(graph) if _comes_back(name, graph)]


def _comes_back(start: str, graph: Graph) -> bool:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        here = todo.pop()
        if here == start:
            return True
        if here not in seen:
            seen.add(here)
            todo.extend(graph.get(here, ()))
    return False


# --- calls -------------------------------------------------------------------------------------------------------

_WRITING_METHODS = {"write_text", "write_bytes", "save_file", "to_pickle"}
_WRITING_UNLESS_IN_MEMORY = re.compile(
    r"(.*\.)?(to_(csv|json|parquet|excel|feather|html)|savefig|savetxt|savez\w*)|(np|numpy)\.save"
)
_WRITING_CALLS = {"os.rename", "os.replace", "torch.save", "json.dump", "yaml.dump_all"}
_COPYING = re.compile(r"shutil\.(copy\w*|move)")
_UNSAFE = re.compile(r"(eval|exec|compile|yaml\.(load|unsafe_load|full_load)|torch\.load|joblib\.load|os\.system)")
_PRINTING = re.compile(r"print|sys\.(stdout|stderr)\.write")
_GLOBAL_SEED = re.compile(r"(np|numpy)\.random\.(seed|rand|randn|randint|choice|shuffle|permutation)|random\.seed")
_PICKLES = {"pickle", "cloudpickle", "dill", "shelve", "marshal"}
_MODE = re.compile(r"[rwaxbt+U]{1,3}")


def _called(node: ast.Call) -> str:
    """The dotted name of what is called, as far as it is written out."""
    return ast.unparse(node.func)


def _in_memory(module: Module) -> set[str]:
    """Names that hold a StringIO or BytesIO somewhere in the module."""
    made = (n for n in ast.walk(module.tree) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call))
    return {ast.unparse(t) for n in made if _called(n.value).endswith(("BytesIO", "StringIO")) for t in n.targets}


def _opens_for_writing(node: ast.Call) -> bool:
    if _called(node).split(".")[-1] not in {"open", "fdopen"}:
        return False
    given = [*node.args[:2], *(k.value for k in node.keywords if k.arg == "mode")]
    modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return any(_MODE.fullmatch(m) and set(m) & set("wax+") for m in modes)


def _writes(node: ast.Call, memory: set[str]) -> bool:
    name = _called(node)
    last = name.split(".")[-1]
    if _WRITING_UNLESS_IN_MEMORY.fullmatch(name):
        to = [ast.unparse(a) for a in node.args[:1]]
        return bool(to) and to[0] not in memory | {"None"}
    from_files = name in {f"files.{last}", last} and last in {"write_text", "write_bytes"}  # the one writer itself
    return (
        _opens_for_writing(node)
        or name in _WRITING_CALLS
        or bool(_COPYING.fullmatch(name))
        or (last in _WRITING_METHODS and not from_files)
    )


def _shell(node: ast.Call) -> bool:
    return any(k.arg in {"shell", "allow_pickle"} and ast.unparse(k.value) != "False" for k in node.keywords)


def _complaint(node: ast.Call, name: str, memory: set[str]) -> str | None:
    called = _called(node)
    if name != f"{ROOT}.files" and _writes(node, memory):
        return "writes without files.py"
    if _UNSAFE.fullmatch(called) or _shell(node):
        return "runs or loads what may hold code"
    if floor(name) != "cli" and _PRINTING.fullmatch(called):
        return "prints outside the command line"
    return "draws from a global generator" if _GLOBAL_SEED.fullmatch(called) else None


def broken_calls(modules: Mapping[str, Module]) -> list[str]:
    """One sentence for each call that writes, prints, seeds or loads where it must not."""
    found = []
    for name, module in modules.items():
        memory = _in_memory(module)
        calls = (n for n in ast.walk(module.tree) if isinstance(n, ast.Call))
        said = ((n, _complaint(n, name, memory)) for n in calls)
        found += [f"{name}:{n.lineno} {_called(n)}() {what}" for n, what in said if what]
        found += [f"{name} imports {p}" for p in sorted(written_imports({name: module})[name] & _PICKLES)]
    return found
