"""What a written path means: `~` and `$NAME` stand for what the shell would put there, in any option and any file."""

import argparse
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def expand_place(written: str) -> str:
    """Return a path as the shell would have it: `~` and `$NAME` stand for what they name.

    What is there by the very name that was written is meant as it is.

    Raises:
        ValueError: there is no such user or variable.
    """
    if os.path.lexists(written):
        return written
    expanded = os.path.expandvars(os.path.expanduser(written))  # noqa: PTH111 - as text: not every place is a path
    if expanded.startswith("~"):
        raise ValueError(f"there is no user '{expanded.partition('/')[0][1:]}' whose home ~ could stand for")
    if unset := re.search(r"\$(\w+|\{[^}]*\})", expanded):
        raise ValueError(f"the environment variable {unset[0]} is not set")
    return expanded


@dataclass(frozen=True)
class HoldsPlace:
    """Marks a command's option that is text, of which all or a part may be a path; `Path` needs no mark."""

    expand: Callable[[str], str] = expand_place  # the whole text; raises ValueError


def path_argument(written: str) -> Path:
    """Return the path of an argument that `argparse` reads, expanded.

    Raises:
        argparse.ArgumentTypeError: there is no such user or variable.
    """
    try:
        return Path(expand_place(written))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
