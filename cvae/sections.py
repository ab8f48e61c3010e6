"""The one strict base of everything that is written in YAML, and what pydantic says of a mistake in it."""

from typing import Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from cvae.places import expand_place


class Section(BaseModel):
    """A part of the configuration: unknown keys, wrong types and non-finite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _expand(written: Any) -> Any:
    return expand_place(written) if isinstance(written, str) else written


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
