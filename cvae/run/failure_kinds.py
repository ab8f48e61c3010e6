"""Classes of errors that end an attempt at a run, and the status that each leaves."""

import errno

import torch

from cvae.errors import Diverged, InputError
from cvae.record import Status

#: Errors of the disk or the network behind it that pass: the run goes on from its checkpoint.
PASSING_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EAGAIN,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENETDOWN,
    errno.ENETUNREACH,
)


def failure_kind(error: BaseException) -> str:
    """Return the class of an error: `diverged`, `memory`, `io`, `input`, `error`, or `interruption`."""
    if isinstance(error, Diverged):
        return "diverged"
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "out of memory" in str(error).lower():
        return "memory"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in PASSING_ERRORS:
            return "io"
        cause = cause.__cause__
    if isinstance(error, InputError):
        return "input"
    return "error" if isinstance(error, Exception) else "interruption"


#: The status that a class of error leaves; the others are open: whoever started the run decides on the next attempt.
FINAL_KINDS: dict[str, Status] = {"diverged": "diverged", "input": "failed", "error": "failed"}
