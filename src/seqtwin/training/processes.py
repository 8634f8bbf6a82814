"""The processes of a training with `fit.ddp`: those that torchrun started, or others that this process starts."""

import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from seqtwin.config import RunConfig
from seqtwin.errors import ConfigError, ResourceError, SeqTwinError
from seqtwin.guards.launched import Launch, launched
from seqtwin.training.fit import pick_device
from seqtwin.training.ranks import AGAIN, ALONE, Ranks, together

if TYPE_CHECKING:
    from torch._C._distributed_c10d import FileStore, Store

PATIENCE = timedelta(days=7)  # process 0 evaluates meanwhile; a process that ends is noticed at once
LOOK = 0.05  # seconds

# trains along with process 0, given the folder of the checkpoints and the place of the process
TrainAlong = Callable[[Path, Ranks], None]
GetReady = Callable[[RunConfig], TrainAlong]


def check_processes(config: RunConfig) -> None:
    """Check that torchrun, if it is used, has started as many processes as a training has.

    Raises: ConfigError.
    """
    launch, count = launched(), config.fit.ddp
    if launch is None or launch.count == (count or 1):
        return
    started = f"torchrun started {launch.count} process{'es' * (launch.count > 1)}"
    cause = f"{started}, but fit.ddp is {count or 'not set'}"
    fits = f"set fit.ddp={launch.count}" if launch.count > 1 else "start it without torchrun"
    other = f"use --nproc-per-node {count}" if count else "start it without torchrun"
    raise ConfigError("DDP_COUNT", cause, place="fit.ddp", remedy=f"{fits}, or {other}")


@contextmanager
def processes_of(config: RunConfig, folder: Path, get_ready: GetReady) -> Iterator[Ranks]:
    """The place of this process, the first one, among those of a training. The others train along in this block.

    `folder`: that of the checkpoints. `get_ready`: what the others call first; a function of a module.

    Raises: ConfigError; ResourceError where a process ends.
    """
    count = config.fit.ddp
    if count is None:
        yield ALONE
    elif (launch := launched()) is not None:
        with _joined(config, met(launch), launch.rank, count) as ranks:
            _sent_path(str(folder))
            yield ranks
    else:
        with _started(config, folder, count, get_ready) as ranks:
            yield ranks


@contextmanager
def _joined(config: RunConfig, store: "Store", rank: int, count: int) -> Iterator[Ranks]:
    """This process as one of `count`. `store`: where they meet."""
    backend = "nccl" if pick_device(config.fit.device).type == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=PATIENCE)
    try:
        yield Ranks(rank, count)
    finally:
        distributed.destroy_process_group()


@contextmanager
def _started(config: RunConfig, folder: Path, count: int, get_ready: GetReady) -> Iterator[Ranks]:
    """This process as the first of `count`. It starts the others, which end with the block."""
    place, threads = Path(tempfile.mkdtemp(prefix="seqtwin-")), torch.get_num_threads()
    context = multiprocessing.get_context("spawn")
    own = config.fit.threads or max(1, threads // count)
    others: list[BaseProcess] = [
        context.Process(
            target=_follow_here, args=(get_ready, config, folder, rank, count, place / "store", own), daemon=True
        )
        for rank in range(1, count)
    ]
    try:
        torch.set_num_threads(own)
        store: FileStore = distributed.FileStore(str(place / "store"), count)  # type: ignore[attr-defined]
        for process in others:
            process.start()
        _wait(store, others)
        with _joined(config, store, 0, count) as ranks:
            yield ranks
    except ResourceError as error:
        raise _with_reason(error, others) from error
    finally:
        _end(others)
        torch.set_num_threads(threads)
        shutil.rmtree(place, ignore_errors=True)


def _wait(store: "FileStore", others: Sequence[BaseProcess]) -> None:
    """Wait until the other processes are ready. Raises: ResourceError where one ends before that."""
    while not store.check([_ready(rank) for rank in range(1, len(others) + 1)]):
        if any(process.exitcode is not None for process in others):
            cause = "a process of this training ended before its first step"
            raise ResourceError("RANK_ENDED", cause, place="fit.ddp", remedy=AGAIN)
        time.sleep(LOOK)


def met(launch: Launch) -> "Store":
    """The store of torchrun, once all processes have come to it.

    torch waits for them, too, but cannot be stopped meanwhile: after an error of one process, torchrun would kill the
    others half a minute later.
    """
    with together():
        store: Store = next(rendezvous("env://", timeout=PATIENCE))[0]
        store.set(_ready(launch.rank), "1")
        while not store.check([_ready(rank) for rank in range(launch.count)]):
            time.sleep(LOOK)
    return store


def _ready(rank: int) -> str:
    return f"ready-{rank}"


def _with_reason(error: ResourceError, others: Sequence[BaseProcess]) -> SeqTwinError:
    """The error with the number and exit code of the process that ended."""
    for process in others:
        process.join(2.0)
    ended = [(rank, one.exitcode) for rank, one in enumerate(others, 1) if one.exitcode]
    if error.code != "RANK_ENDED" or not ended:
        return error
    words = ", ".join(f"process {rank} with exit code {code}" for rank, code in ended)
    return ResourceError(error.code, f"{error.cause} ({words})", place=error.place, remedy=error.remedy)


def _end(others: Sequence[BaseProcess]) -> None:
    for process in others:
        process.join(5.0)
        if process.is_alive():
            process.kill()
            process.join()


def _follow_here(
    get_ready: GetReady, config: RunConfig, folder: Path, rank: int, count: int, store: Path, threads: int
) -> None:
    """The work of a process that `_started` starts. Only process 0 is stopped by a signal; this one ends with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(threads)
    train_along = get_ready(config)
    meeting: FileStore = distributed.FileStore(str(store), count)  # type: ignore[attr-defined]
    meeting.set(_ready(rank), "1")
    try:
        with _joined(config, meeting, rank, count) as ranks:
            train_along(folder, ranks)
    except SeqTwinError:
        sys.exit(3)  # process 0 reports it


def is_follower(config: RunConfig) -> bool:
    """Whether this process trains along with process 0 of torchrun. Raises: ConfigError as `check_processes`."""
    check_processes(config)
    launch = launched()
    return config.fit.ddp is not None and launch is not None and launch.rank > 0


def follow_torchrun(config: RunConfig, train_along: TrainAlong) -> None:
    """Train along with process 0, as a process that torchrun started. From then on only process 0 is stopped by a
    signal, after a checkpoint; this one ends with it."""
    launch = launched()
    assert launch is not None
    with _joined(config, met(launch), launch.rank, launch.count) as ranks:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        train_along(Path(_sent_path("")), ranks)


def _sent_path(path: str) -> str:
    """A path of process 0, in every process."""
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    size = torch.tensor([len(path.encode())], device=device)
    with together():
        distributed.broadcast(size, 0)
        letters = torch.zeros(int(size), dtype=torch.uint8, device=device)
        letters[: len(path.encode())] = torch.tensor(list(path.encode()), dtype=torch.uint8, device=device)
        distributed.broadcast(letters, 0)
    return bytes(letters.cpu().tolist()).decode()
