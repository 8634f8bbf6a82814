"""The line that a stopped command prints: the state on disk, and the command that continues it."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seqtwin.build_folders import left_over, steps_of
from seqtwin.cli import console
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.files import MANIFEST
from seqtwin.interrupts import exit_code, stoppable
from seqtwin.place_faults import place_fault, refuse_place_fault
from seqtwin.progress.race_files import race_file, race_journal, winner_file

if TYPE_CHECKING:
    from seqtwin.config import RunConfig
    from seqtwin.study.race import Race


@contextmanager
def told_when_stopped(line: Callable[[], str]) -> Iterator[None]:
    """Print a line when SIGTERM, Ctrl-C or a full disk stops the command. A signal sets the exit code: 143 or 130."""
    try:
        with stoppable():
            yield
    except KeyboardInterrupt as stop:
        console.print_notice(line())
        raise typer.Exit(exit_code(stop)) from None
    except (ResourceError, OSError, MemoryError, RuntimeError) as error:
        if place_fault(error) is not None:
            console.print_notice(line())
            refuse_place_fault(error)
        raise


def training_line(folder: Path, command: str = "") -> str:
    """What is left of a training that was to be published as a folder. `command`: continues it; default: the same."""
    if "--reranker" in sys.argv and (folder / MANIFEST).exists():
        again = shlex.join(["seqtwin", "fit-reranker", str(folder)])
        return f"stopped; the encoder is in {folder}, without its re-ranker; continue with: {again}"
    left = left_over(folder)
    if left is None and command and race_journal(folder).exists():
        kept = f"the trainings of the race that ended are in {race_journal(folder)}"
        return f"stopped; {kept}; continue with: {_command()}"
    if left is None:
        return "stopped before the first checkpoint; nothing is left to continue"
    again = command or _command("--resume")
    return f"stopped; the checkpoint of step {_last_step(left):,} is in {left}; continue with: {again}"


def study_line(folder: Path) -> str:
    """What is on disk of a study."""
    done = sum(not path.name.startswith(".") for path in folder.glob("cells/*"))
    begun = sum(bool(steps_of(path)) for path in folder.glob("cells/.*.build-*"))
    kept = f"{done} finished study cell{'s' * (done != 1)} and {begun} checkpoint{'s' * (begun != 1)}"
    return f"stopped; {kept} are in {folder}; continue with: {_command()}"


def _command(option: str = "") -> str:
    """The command as it was typed, with a further option."""
    given = sys.argv[1:]
    return shlex.join(["seqtwin", *given, *([option] if option and option not in given else [])])


def check_auto(*, auto: bool, minutes: float | None, resume: bool) -> None:
    """Raises: ConfigError for options that have no effect with or without --auto."""
    from seqtwin import api

    if minutes is not None and not auto:
        cause = "--minutes has no effect without --auto"
        raise ConfigError("AUTO_MINUTES", cause, place="--minutes", remedy="add --auto")
    if resume and auto:
        remedy = "leave out --resume; for the training of the best encoder: seqtwin train FOLDER.auto.yaml --resume"
        raise ConfigError("RESUME_AUTO", api.AUTO_AGAIN, place="--resume", remedy=remedy)


def resumed_line(folder: Path) -> str:
    """Where a training with --resume goes on, if anywhere."""
    left = left_over(folder)
    if left is None:
        return f"nothing to continue for {folder}: the training starts"
    return f"continuing at step {_last_step(left):,}, from {left}"


def _last_step(left: Path) -> int:
    """The step of the newest checkpoint."""
    return int(steps_of(left)[-1].name.split("-")[1])


def keep_winner(race: "Race", config: "RunConfig", folder: Path) -> "RunConfig":
    """Write the config of the winner of a race next to the folder, and the race: its training can be continued; the
    config."""
    from seqtwin.config import portable
    from seqtwin.files import publish_text
    from seqtwin.run.manifest import config_text
    from seqtwin.run.pretrained import followed
    from seqtwin.study.race import race_csv

    kept = winner_file(folder)
    publish_text(kept, config_text(portable(followed(config), kept.absolute().parent)))
    publish_text(race_file(folder), race_csv(race))
    return config


def forget_winner(folder: Path) -> None:
    """Remove what `keep_winner` and the race wrote: it is in the folder now."""
    for path in (winner_file(folder), race_file(folder), race_journal(folder)):
        path.unlink(missing_ok=True)


def winner_command(folder: Path) -> str:
    """The command that continues the training of the winner of a race, with the options that still apply."""
    kept = [option for option in ("--reranker", "--json") if option in sys.argv]
    return shlex.join(["seqtwin", "train", str(winner_file(folder)), "--out", str(folder), "--resume", *kept])


def is_raced(folder: Path, *, auto: bool) -> bool:
    """Whether the same command was interrupted: its race goes on, and the training of the winner, if that had begun."""
    return auto and race_journal(folder).exists()
