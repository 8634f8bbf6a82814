"""--force: an output that exists is moved aside, and moved back if the command fails. Nothing is overwritten."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seqtwin.cli import console
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.paths import is_encoder

CONFIGS = {".yaml", ".yml"}


def refuse_inputs(output: Path, inputs: Sequence[Path]) -> None:
    """Check that an output that exists is no input of the command, contains none, and not the current folder either.

    Raises: ConfigError.
    """
    if not output.exists():
        return
    place, remedy = output.resolve(), "choose another --out"
    for path in inputs:
        whole = path.resolve()
        # the encoder of a run is also named by the folder of the run
        if whole.is_relative_to(place) or (place.is_relative_to(whole) and is_encoder(output)):
            is_same = place == whole
            cause = "the output is an input of this command" if is_same else f"the output and the input {path} overlap"
            raise ConfigError("OUT_IS_INPUT", cause, place=str(output), remedy=remedy)
    if Path.cwd().is_relative_to(place):
        raise ConfigError("OUT_IS_INPUT", "the output contains the current folder", place=str(output), remedy=remedy)


def named_inputs(configs: Sequence[Path], overrides: Sequence[str]) -> list[Path]:
    """The files and folders that the configs among these paths name, and those of the overrides.

    A config that cannot be read has none: the command itself reports it, before it writes anything.
    """
    from seqtwin.config import PATHS, paths_of, read_run
    from seqtwin.paths import expand

    typed = [value for key, _, value in (override.partition("=") for override in overrides) if key in PATHS]
    for config in configs:
        if config.suffix.lower() in CONFIGS and config.is_file():
            with suppress(SeqTwinError):
                typed += paths_of(read_run(config, overrides))
    found = []
    for path in typed:
        with suppress(SeqTwinError):
            found.append(expand(path))
    return found


@contextmanager
def moved_aside(force: bool, inputs: Sequence[Path] = ()) -> Iterator[None]:
    """In this block, what exists at the place of an output is moved to `.retired/` next to it, if `force`.

    If the block ends with an error and nothing new is in its place, it is moved back. `inputs` are never moved.
    """
    from seqtwin.files import publish_file, retire
    from seqtwin.guards.replaced import replacing

    if not force:
        yield
        return
    moves: dict[Path, Path] = {}

    def move(final: Path) -> None:
        refuse_inputs(final, inputs)
        moves[final] = retire(final)

    try:
        with replacing(move):
            yield
    except BaseException:
        for final, moved in moves.items():
            if not final.exists():
                publish_file(moved, final)
        raise
    for final, moved in moves.items():
        console.print_notice(f"the old {final} is now {moved}")
