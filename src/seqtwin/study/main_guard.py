"""Whether worker processes can import the program that starts them, as the module `multiprocessing` requires."""

import ast
import multiprocessing
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from seqtwin.errors import ConfigError

GUARD = 'put the call under `if __name__ == "__main__":`, or pass jobs=1 to use this process alone'
FILE = "save the program as a file, or pass jobs=1 to use this process alone"
CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp)


class MainGuardError(ConfigError):
    """Worker processes cannot import the program. Uncaught, it ends the program with its message and exit code 2."""


def check_program(workers: int) -> None:
    """Check that worker processes can import the program. A single worker is not a process then, and needs no check.

    A worker that imports an unguarded program comes here too. It ends without a message, and the driver reports it.

    Raises: MainGuardError.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(2)
    found = program_fault()
    if found is not None and workers > 1:
        raise reported(found)


def program_fault() -> MainGuardError | None:
    """The error of a program on standard input, or of a call that is not under the main guard; None otherwise.

    Programs that workers do not import have no fault: `python -c`, `python -m PACKAGE`, notebooks and consoles.
    """
    main = sys.modules["__main__"]
    name, path = getattr(main.__spec__, "name", ""), getattr(main, "__file__", None)
    if path is None or name == "__main__" or name.endswith(".__main__"):
        return None
    if not Path(path).exists():
        cause = "this starts worker processes, and they cannot import a program that has no file"
        return MainGuardError("MAIN_GUARD", cause, place=path, remedy=FILE)
    frame, source = _module_frame(vars(main)), _source(Path(path))
    if frame is None or source is None or is_guarded(source, frame.f_lineno):
        return None
    return unguarded(f"{path}, line {frame.f_lineno}")


def unguarded(place: str) -> MainGuardError:
    """The error of a program without a main guard. `place`: its file and line, as far as they are known."""
    cause = "this starts worker processes, which import the program and would run this line again"
    return MainGuardError("MAIN_GUARD", cause, place=place, remedy=GUARD)


def reported(error: MainGuardError) -> MainGuardError:
    """The same error. If nobody catches it, the program ends with its message alone, and with exit code 2."""
    before = sys.excepthook

    def end(kind: type[BaseException], raised: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(raised, MainGuardError):
            before(kind, raised, trace)
            return
        traceback.print_exception(kind, raised, None, chain=False)
        raise SystemExit(raised.exit_code)

    sys.excepthook = end
    return error


def is_guarded(source: str, line: int) -> bool:
    """Whether a line of a program is under a condition, and the program compares `__name__` with something.

    >>> is_guarded('run()', 1), is_guarded('if __name__ == "__main__":\\n    run()', 2)
    (False, True)
    """
    nodes = [*ast.walk(ast.parse(source))]
    compared = any(isinstance(node, ast.Compare) and "__name__" in ast.unparse(node) for node in nodes)
    return compared and any(
        isinstance(node, CONDITIONS) and node.lineno <= line <= (node.end_lineno or node.lineno) for node in nodes
    )


def _source(path: Path) -> str | None:
    """The text of a program; None where it is not Python in UTF-8, as the start script of a zip file."""
    try:
        source = path.read_text(encoding="utf-8")
        ast.parse(source)
    except (OSError, ValueError, SyntaxError):
        return None
    return source


def _module_frame(names: dict[str, object]) -> FrameType | None:
    """The frame of the program itself, with these names."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and (frame.f_globals is not names or frame.f_code.co_name != "<module>"):
        frame = frame.f_back
    return frame
