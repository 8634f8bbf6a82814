"""Which errors are faults of the place, and which are results of a training."""

import errno

import pytest
import torch

from seqtwin.errors import ConfigError, DataError, ResourceError
from seqtwin.place_faults import DISK, place_fault, refuse_place_fault
from seqtwin.training.run_state import Diverged


@pytest.mark.parametrize("code", [*DISK])
def test_the_disk_is_named(code: int) -> None:
    fault = place_fault(OSError(code, "x", "/some/file"))
    assert fault is not None
    assert (fault.code, fault.place, fault.cause, fault.exit_code) == ("STORAGE", "/some/file", DISK[code], 5)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        torch.OutOfMemoryError("x"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_memory_is_named(error: Exception) -> None:
    fault = place_fault(error)
    assert fault is not None
    assert fault.code == "MEMORY"


def test_a_real_refusal_of_the_allocator_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**62, dtype=torch.uint8)
    assert place_fault(caught.value) is not None


def test_the_cause_of_an_error_counts() -> None:
    error = RuntimeError("the writer failed")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    fault = place_fault(error)
    assert fault is not None
    assert fault.cause == "the disk is full"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        RuntimeError("shapes"),
        FileNotFoundError(errno.ENOENT, "x"),
        Diverged(1, []),
        ConfigError("A", "b"),
        DataError("A", "cannot be read: Permission denied"),
    ],
)
def test_other_errors_are_of_the_training(error: Exception) -> None:
    assert place_fault(error) is None
    refuse_place_fault(error)


def test_a_known_fault_stays_as_it_is() -> None:
    error = ResourceError("STORAGE", "cannot write")
    with pytest.raises(ResourceError) as caught:
        refuse_place_fault(error)
    assert caught.value is error
    assert caught.value.__cause__ is None
