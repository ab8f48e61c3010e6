"""What a user says of an engine, in a YAML file of its own: it moves no result, so no experiment holds it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from cvae.config import format_validation_error, load_yaml_mapping
from cvae.errors import InputError
from cvae.sections import Section
from sweeps.launchers.job_record import Share

#: Texts in their order; a list in the file.
Lines = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


class EngineOptions(Section):
    """What every engine is told of a run."""

    cpus: int = Field(2, ge=1, description="cores of a run, and its threads")
    gpus: float | None = Field(
        None, ge=0, description="GPUs of a run; null = 1 unless the experiment trains on the CPU"
    )
    memory_gb: float | None = Field(None, gt=0, description="memory of a run; null = what the engine gives")
    most_memory_gb: float | None = Field(None, gt=0, description="memory of a run that ran out of it, at most")
    setup: Lines = Field((), description="lines of shell before the worker, as `module load cuda`")
    python: str | None = Field(None, description="the Python of the nodes; null = the one that launches")

    @field_validator("python")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is not None and not os.path.isabs(value):  # noqa: PTH117 - it need not be on this machine
            raise ValueError("a path from / is needed: a node has another search path")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> "EngineOptions":
        if self.most_memory_gb is not None and (self.memory_gb or 0) > self.most_memory_gb:
            raise ValueError(f"memory_gb ({self.memory_gb}) is more than most_memory_gb ({self.most_memory_gb})")
        return self

    def share(self, device: str) -> Share:
        """Return what one run asks for.

        Args:
            device: the configuration's `runtime.device`.
        """
        default = 0.0 if device == "cpu" else 1.0
        return Share(self.cpus, default if self.gpus is None else self.gpus, self.memory_gb)

    def more_memory(self, share: Share) -> Share | None:
        """Return a share with half as much memory again, up to the most; None where it has that, or none is known."""
        most_gb = self.most_memory_gb
        if share.memory_gb is None or most_gb is None or share.memory_gb >= most_gb:
            return None
        return replace(share, memory_gb=min(most_gb, 1.5 * share.memory_gb))


def read_engine_options(
    kind: type[EngineOptions], engine: str, path: Path | None, given: Mapping[str, str | None]
) -> EngineOptions:
    """Return what is said of an engine: in a file, and on the command line, which wins.

    Args:
        kind: the engine's.
        engine: its name.
        path: the file; None: nothing but defaults.
        given: keys of the command line; None where it does not say.

    Raises:
        InputError: the file is none, or a key or value is not allowed.
    """
    values = {} if path is None else load_yaml_mapping(path)
    values |= {key: value for key, value in given.items() if value is not None}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(format_validation_error(error, kind, str(path or f"--engine {engine}"))) from error
