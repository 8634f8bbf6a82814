"""Faults of the place, not of a training: a full disk, no memory, a lost permission. All fail alike."""

import errno

from seqtwin.errors import ResourceError, SeqTwinError

DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EIO: "the disk has an error",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
AGAIN = "then run the same command again, which continues (train: with --resume)"
# torch has no class of its own for an allocator of the CPU that refuses
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")


def place_fault(error: BaseException) -> ResourceError | None:
    """The error as one of the place, with what to do; None if it is one of the training itself.

    >>> place_fault(OSError(errno.ENOSPC, "No space left on device")).cause
    'the disk is full'
    >>> place_fault(ValueError("x")) is None
    True
    """
    if isinstance(error, SeqTwinError):
        return error if isinstance(error, ResourceError) else None
    if _lacks_memory(error):
        remedy = f"use fewer --jobs, or lower fit.batch; {AGAIN}"
        return ResourceError("MEMORY", "there is no memory left", remedy=remedy)
    if isinstance(error, OSError) and error.errno in DISK:
        remedy = f"free some space, or restore the permission; {AGAIN}"
        return ResourceError("STORAGE", DISK[error.errno], place=str(error.filename or ""), remedy=remedy)
    return place_fault(error.__cause__) if error.__cause__ is not None else None


def refuse_place_fault(error: BaseException) -> None:
    """Raises: ResourceError if the error is one of the place."""
    fault = place_fault(error)
    if fault is error:
        raise fault
    if fault is not None:
        raise fault from error


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
