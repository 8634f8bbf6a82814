"""Seconds of small LSTM cells trained one after the other and as a stack, in turn, on a GPU or the CPU.

    python benchmarks/stack.py [--cpu]

On a GPU: 50 cells of the data set `placenames` (five representations with mse and contrastive loss, five seeds), hidden
48, embedding 32, batch 64, one epoch: only the training loop is timed, after a first round of both. Without a GPU it
says so and ends. `--cpu` trains eight cells of one seed for several widths, and counts CPU seconds.
"""

import sys
import time
from collections.abc import Callable

import torch
from figures import show, show_plain

from seqtwin.config import RunConfig, parse_study
from seqtwin.data.batches import PairStore
from seqtwin.run.begin import begin
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import expand_grid
from seqtwin.training.fit import fit
from seqtwin.training.fit_stacked import Member, fit_stacked
from seqtwin.training.run_state import RunState

ASKED = 20.0
ROUNDS = 3
WIDTHS = (16, 32, 48, 64, 128)  # on the CPU
GRID = {
    "representation": ["final_hidden", "final_cell", "last_output", "mean_output", "max_output"],
    "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": 0.5}],
}


def configs(seeds: int, hidden: int = 48) -> list[RunConfig]:
    """The configs of the cells."""
    base = {
        "data": {"name": "placenames", "pairs": 3000},
        "tokens": {"unit": "char"},
        "encoder": {"cell": "lstm", "embedding": 32, "hidden": hidden, "bidirectional": True},
        "fit": {"epochs": 1, "batch": 64, "patience": None},
    }
    return [cell.config for cell in expand_grid(parse_study({"base": base, "grid": GRID, "seeds": seeds})).cells]


def members(own: list[RunConfig], data: DataSets) -> list[Member]:
    """Fresh trainings of these configs, without evaluation."""
    found = []
    for config in own:
        b = begin(config, data.prepare(config))
        assert isinstance(b.rows, PairStore)
        found.append(Member(b.model, b.loss, b.rows, b.recipe, lambda _: None, lambda _model, _loss: {}))
    return found


def train_single(stack: list[Member]) -> list[RunState]:
    """One training after the other."""
    return [fit(m.model, m.loss, m.train, m.recipe, m.measure, watch=m.watch) for m in stack]


def train_stacked(stack: list[Member]) -> list[RunState]:
    """All at once."""
    return [state for state in fit_stacked(stack) if isinstance(state, RunState)]


def seconds(train: Callable[[list[Member]], list[RunState]], stack: list[Member]) -> tuple[float, list[RunState]]:
    """The seconds of a training, and the states: CPU seconds, or wall seconds of a GPU, which is waited for."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    start = clock()
    states = train(stack)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start, states


def compare(own: list[RunConfig], data: DataSets) -> tuple[float, float, float, float]:
    """Seconds one after the other and as a stack, the median of their ratio, and the largest difference of a loss."""
    ratios = []
    for number in range(ROUNDS + 1):
        alone, single = seconds(train_single, members(own, data))
        together, stacked = seconds(train_stacked, members(own, data))
        if number:  # the first round starts the GPU
            ratios.append(alone / together)
    apart = max(abs(a.losses[0] - b.losses[0]) for a, b in zip(single, stacked, strict=True))
    return alone, together, sorted(ratios)[len(ratios) // 2], apart


def main() -> None:
    """Print the figures."""
    if "--cpu" in sys.argv[1:]:
        torch.set_num_threads(1)
        for width in WIDTHS:
            *_, ratio, apart = compare(configs(1, width)[:8], DataSets())
            show_plain(f"{width} units: a stack of eight is faster by this factor", ratio)
            show_plain("largest difference of a first loss", apart)
        return
    if not torch.cuda.is_available():
        print("not measured: this machine has no GPU; --cpu compares stacks on the CPU", file=sys.stderr)
        return
    own = configs(5)
    alone, together, ratio, apart = compare(own, DataSets())
    show_plain(f"{len(own)} cells one after the other", alone, " s")
    show_plain(f"{len(own)} cells as a stack", together, " s")
    show_plain("largest difference of a first loss", apart)
    show("a stack is faster by this factor (median of three)", ratio, f">= {ASKED:g} on a GPU", ratio >= ASKED)


if __name__ == "__main__":
    main()
