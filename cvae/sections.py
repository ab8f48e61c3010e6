"""The one strict base of everything that is written in YAML, and what pydantic says of a mistake in it."""

import os
import re
from typing import Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError


class Section(BaseModel):
    """A part of the configuration: unknown keys, wrong types and non-finite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _expand(written: Any) -> Any:
    """Return a place as the shell would have it: `~` and `$NAME` stand for what they name.

    Raises:
        ValueError: there is no such user or variable.
    """
    if not isinstance(written, str) or os.path.lexists(written):  # what is there by that very name is meant
        return written
    expanded = os.path.expandvars(os.path.expanduser(written))  # noqa: PTH111 - as text: `store` is none but text
    if expanded.startswith("~"):
        raise ValueError(f"there is no user '{expanded.partition('/')[0][1:]}' whose home ~ could stand for")
    if unset := re.search(r"\$(\w+|\{[^}]*\})", expanded):
        raise ValueError(f"the environment variable {unset[0]} is not set")
    return expanded


#: Put before the type of a key that names a file or a folder.
PLACE = BeforeValidator(_expand)


class Mistake(NamedTuple):
    """One thing that does not fit its section."""

    path: str  # dotted; empty where a rule over several keys is broken
    value: Any
    message: str
    is_unknown_key: bool


def first_mistake(error: ValidationError) -> Mistake:
    """Return the first mistake of a validation error."""
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return Mistake(path, first["input"], first["msg"], first["type"] == "extra_forbidden")
