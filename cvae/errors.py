"""Every exception of the trainer: a user's mistake, a training that diverged, a folder that is in use."""

from __future__ import annotations

from collections.abc import Callable


def fault_of(check: Callable[[], object]) -> str | None:
    """The message of the InputError that a check raises, or None."""
    try:
        check()
    except InputError as error:
        return str(error)
    return None


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence that names the file, key or value at fault and what is allowed. Command
    lines print it alone, without a traceback, and exit with status 2.
    """


class Diverged(Exception):
    """The loss or its gradient is not finite; no optimizer step was made since, so the weights are still sound."""


class NoLocks(InputError):
    """A file system has no locks, so nobody can be kept out."""


class AlreadyTraining(InputError):
    """Another live process trains this run folder."""
