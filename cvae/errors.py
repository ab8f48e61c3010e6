"""Every exception of the trainer: a user's mistake, a training that diverged, a folder that is in use."""

import difflib
from collections.abc import Callable, Iterable
from typing import TypeVar

Value = TypeVar("Value")


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence that names the file, key or value at fault and what is allowed. Command
    lines print it alone, without a traceback, and exit with status 2.
    """


class Diverged(Exception):
    """The loss or its gradient is not finite; no optimizer step was made since, so the weights are still sound."""


class AlreadyTraining(InputError):
    """Another live process trains this run folder."""


class Misplaced(InputError):
    """A folder or file is not where a configuration says: of the place, so no verdict on what would be trained."""


class NoLocks(InputError):
    """A file system has no locks, so nobody can be kept out."""


def fault_of(check: Callable[[], object]) -> str | None:
    """Return the message of the InputError that a check raises, or None."""
    try:
        check()
    except InputError as error:
        return str(error)
    return None


def unless_damaged(read: Callable[[], Value], instead: Value, damage: list[str]) -> Value:
    """Return what can be read; where it cannot, take note of why and return something else."""
    try:
        return read()
    except InputError as error:
        damage.append(str(error))
        return instead


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a name was probably meant to be; None where none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)
