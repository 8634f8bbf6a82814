"""The processes that torchrun has started. Each runs the same command."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """The rank of this process among the `count` that a launcher has started. `torchrun`: whether that is it."""

    rank: int
    count: int
    torchrun: bool


def launched() -> Launch | None:
    """The place of this process; None where no launcher has started it.

    Other launchers set the variables of torch.distributed, too, some of them for everything that runs on a machine.
    """
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys():
        return None
    return Launch(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), "TORCHELASTIC_RUN_ID" in os.environ)
