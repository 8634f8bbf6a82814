"""Work on a cluster as the command line shows it: what was understood, progress, and what to do when it is stopped."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cli import console
from seqtwin.cli.stopping import told_when_stopped

if TYPE_CHECKING:
    from distributed import Client

    from seqtwin.bulk.check_parts import Checked, Part
    from seqtwin.bulk.corpus_files import Corpus
    from seqtwin.bulk.encode_parts import Encoded
    from seqtwin.bulk.worker_encoder import EncoderAt
    from seqtwin.inference.base_encoder import BaseEncoder

AGAIN = "continue with the same command"
MIB = 2**20


@dataclass(frozen=True)
class Workers:
    """The workers of a command: a client, their number, and where they find the encoder. `address`: as typed."""

    client: "Client"
    count: int
    at: "EncoderAt"
    address: str

    def line(self, destination: str) -> str:
        """Where the work runs and where its result goes, for the user."""
        return f"{self.count} worker{'s' * (self.count != 1)} ({self.address}); {destination}"


@contextmanager
def opened(address: str, model: "BaseEncoder", folder: Path, stopped: Callable[[], str]) -> Iterator[Workers]:
    """The workers at an address. `stopped`: the line that is printed if the command is interrupted.

    Raises: ConfigError, MissingExtraError.
    """
    from seqtwin.bulk.run_tasks import count_workers
    from seqtwin.bulk.worker_encoder import EncoderAt
    from seqtwin.cluster.client import connect

    at = EncoderAt(str(folder.absolute()), model.fingerprint, model.usable_precision(model.precision))
    with told_when_stopped(stopped), ExitStack() as stack:
        client = stack.enter_context(connect(address))
        stack.enter_context(quiet_client())
        yield Workers(client, count_workers(client), at, address)


@contextmanager
def quiet_client() -> Iterator[None]:
    """In this block the client of Dask logs nothing below CRITICAL: a lost scheduler is one message of the command."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def encode_into(
    workers: Workers, corpus: "Corpus", parts: Sequence["Part"], out: Path
) -> "tuple[list[Checked], Encoded]":
    """Check and encode the parts of a corpus, with everything that the user sees meanwhile.

    Raises: SeqTwinError.
    """
    from seqtwin.bulk.check_parts import check_parts
    from seqtwin.bulk.encode_parts import encode_parts, open_output
    from seqtwin.bulk.worker_encoder import check_workers

    with open_output(out, parts) as lock:
        check_workers(workers.client, workers.at, [corpus.files[0], lock])
        with console.rows_bar("checking", "files") as show:
            checked = check_parts(workers.client, workers.at, parts, show)
        console.print_summary(corpus_lines(checked))
        with console.rows_bar("encoding") as show:
            encoded = encode_parts(workers.client, workers.at, checked, lambda _, done, total: show(done, total))
    return checked, encoded


def corpus_lines(checked: Sequence["Checked"]) -> list[str]:
    """The rows and columns of a corpus, and its parts that are there already, for the user."""
    from seqtwin.data.file_summary import columns_line

    names, column = checked[0].scanned.names, checked[0].part.column
    used = {name.strip() for name in (column or "").split(",")} | {column}
    others = [name for name in names if name not in used] if column else []
    count = f"{len(checked)} file{'s' * (len(checked) != 1)}"
    rows = sum(one.scanned.rows for one in checked)
    notes = dict.fromkeys(note for one in checked for note in one.scanned.notes)
    done = sum(one.done for one in checked)
    kept = [f"{done} of {len(checked)} parts are encoded already and are kept"] if done else []
    return [columns_line(count, rows, {"text": column or "the whole line"}, others), *notes, *kept]


def stopped_line(out: Path, parts: Sequence["Part"]) -> str:
    """What is on disk of a data set under construction, and how to continue."""
    done = sum(part.out.exists() for part in parts)
    return f"stopped; {done} of {len(parts)} parts are in {out}; {AGAIN}"


def memory_line(encoded: "Encoded") -> str:
    """The largest memory of a worker process."""
    return f"peak memory of a worker: {max(encoded.memory.values()) / MIB:,.0f} MiB"
