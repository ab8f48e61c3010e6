"""Classes of errors that end an attempt at a run, and the status that each leaves."""

import errno
from collections.abc import Iterator

import torch

from cvae.errors import Diverged, InputError, Misplaced
from cvae.record import Status

#: Errors of the disk or the network behind it that pass: the run goes on from its checkpoint.
PASSING_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EAGAIN,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENETDOWN,
    errno.ENETUNREACH,
)

#: What allocators say, of which only some raise MemoryError: PyTorch's on a CPU and a GPU, C++'s, the kernel's.
MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "unable to allocate",
    "bad_alloc",
    "alloc_failed",
)


def failure_kind(error: BaseException) -> str:
    """Return the class of an error: `diverged`, `memory`, `io`, `place`, `input`, `error`, or `interruption`."""
    if isinstance(error, Diverged):
        return "diverged"
    causes = list(_causes(error))
    if any(_is_of_memory(cause) for cause in causes):
        return "memory"
    if any(isinstance(cause, OSError) and cause.errno in PASSING_ERRORS for cause in causes):
        return "io"
    if isinstance(error, Misplaced):
        return "place"
    if isinstance(error, InputError):
        return "input"
    return "error" if isinstance(error, Exception) else "interruption"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, Exception) and any(words in str(error).lower() for words in MEMORY_WORDS)


#: The status that a class of error leaves; the others are open: whoever started the run decides on the next attempt.
FINAL_KINDS: dict[str, Status] = {"diverged": "diverged", "input": "failed", "error": "failed"}
