"""One voice for the processes that torchrun has started. Each runs the same command, but process 0 alone prints."""

import io
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

from seqtwin.errors import ConfigError, ResourceError
from seqtwin.guards.launched import launched

HELD = 10.0  # seconds in which torchrun ends this process, once process 0 has failed
STOPPED = (130, 143)  # exit codes after a signal


def with_one_voice(command: Callable[[], object]) -> Callable[[], object]:
    """The command, which prints nothing in the other processes of torchrun.

    If such a process fails, it waits before it reports that: process 0 has most likely failed in the same way, and
    torchrun then ends the others.

    The command raises: ConfigError for several processes of a command that is made for one.
    """
    launch = launched()
    if launch is None or not launch.torchrun or launch.count == 1:
        return command
    checked = _checked(command, launch.count)
    return _silent(checked) if launch.rank else checked


def _checked(command: Callable[[], object], count: int) -> Callable[[], object]:
    def run() -> None:
        name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        if name not in ("", "train"):
            cause = f"torchrun started {count} processes, and each would do the whole work of {name}"
            raise ConfigError("TORCHRUN_COMMAND", cause, place=name, remedy="start it without torchrun")
        command()

    return run


def _silent(command: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                command()
        except ResourceError as error:
            if error.code == "RANK_ENDED":  # torchrun reports it
                raise SystemExit(error.exit_code) from None
            time.sleep(HELD)
            raise
        except SystemExit as end:
            if end.code and end.code not in STOPPED:
                time.sleep(HELD)
            raise
        except Exception:
            time.sleep(HELD)
            raise

    return run
