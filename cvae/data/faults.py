"""Collecting faults where reading data would stop at the first."""

from __future__ import annotations

from collections.abc import Callable

from cvae.errors import InputError


def fault_of(check: Callable[[], object]) -> str | None:
    """The message of the InputError that a check raises, or None."""
    try:
        check()
    except InputError as error:
        return str(error)
    return None
