"""`dedupe --dask` and `link --dask`: lists of many files, encoded and compared on a cluster."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cli import console
from seqtwin.cli.bulk.cluster_work import AGAIN, opened
from seqtwin.cli.bulk.dask_option import refuse_folder
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.data.files.rows import Quoting
    from seqtwin.inference.trained_encoder import TrainedEncoder
    from seqtwin.matching.match_files import Listed
    from seqtwin.matching.nearest_texts import Engine


def read_rows(path: Path, column: str | None, option: str, quoting: "Quoting | None", dask: str | None) -> "Listed":
    """The rows of a file; with --dask also of all files in a folder, or of those that match a pattern.

    Prints how they were understood. Raises: ConfigError, DataError.
    """
    from seqtwin.matching.match_files import read_listed

    refuse_folder(path, dask)
    if dask is None:
        listed = read_listed(path, column, option, quoting=quoting)
    else:
        from seqtwin.bulk.corpus_files import find_files
        from seqtwin.bulk.listed_corpora import read_corpus_list

        listed = read_corpus_list(find_files(path), column, option, quoting)
    console.print_summary(listed.understood)
    return listed


def check_outputs(dask: str | None, inputs: Sequence[Path], outputs: Sequence[Path | None]) -> None:
    """Check the outputs of a command with --dask, one of which has the folder that the workers share.

    Raises: ConfigError for none, and for one that would be a file of an input.
    """
    from seqtwin.bulk.corpus_files import refuse_own_output

    if dask is None:
        return
    for path in inputs:
        refuse_own_output(path, [out for out in outputs if out is not None])
    if not any(outputs):
        cause = "--dask needs an output: the workers share its folder"
        raise ConfigError("MATCH_FOLDER", cause, place="--dask", remedy="add -o FILE.csv")


@contextmanager
def comparing(
    dask: str | None, model: "TrainedEncoder", encoder: Path, outputs: Sequence[Path | None]
) -> "Iterator[tuple[Engine | None, Callable[[int, int], None]]]":
    """Where texts are compared (None: in this process), and a progress bar over the rows.

    `outputs`: files that are written, at least one with --dask; intermediate results are next to the first one.

    Raises: ConfigError, MissingExtraError, InUseError, ResourceError.
    """
    if dask is None:
        with console.rows_bar("comparing") as on_rows:
            yield None, on_rows
        return
    from seqtwin.bulk.match_parts import open_engine

    written = [path for path in outputs if path is not None]
    scratch = written[0].absolute().with_name(f".{written[0].name}.matching")
    stopped = f"stopped; what was compared is kept in {scratch}; {AGAIN}"
    with opened(dask, model, encoder, lambda: stopped) as workers:
        console.print_summary([workers.line(f"output: {', '.join(map(str, written))}")])
        with open_engine(workers.client, workers.at, scratch) as engine, console.rows_bar("comparing") as on_rows:
            yield engine, on_rows
