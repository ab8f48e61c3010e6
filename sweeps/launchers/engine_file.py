"""What a user says of an engine, in a YAML file of its own: it moves no result, so no experiment holds it."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from cvae.config import format_validation_error, load_yaml_mapping
from cvae.errors import InputError
from cvae.sections import Section
from sweeps.launchers.launcher import Share
from sweeps.units import parse_duration

#: What `sbatch` is told of every job by us, so not by the user: a job is found again, and ended, by these.
OURS = {
    *("--parsable", "--job-name", "-J", "--output", "-o", "--error", "-e", "--open-mode", "--export", "--export-file"),
    *("--requeue", "--no-requeue", "--signal", "--wrap", "--array", "-a", "--chdir", "-D", "--wait", "-W"),
    *("--hold", "-H", "--test-only", "--dependency", "-d"),
}

#: Options of `sbatch` that have a key of their own.
KEYS = {
    **{"--partition": "partition", "-p": "partition", "--account": "account", "-A": "account"},
    **{"--qos": "qos", "-q": "qos", "--clusters": "cluster", "--cluster": "cluster", "-M": "cluster"},
    **{"--time": "time_limit", "-t": "time_limit", "--cpus-per-task": "cpus", "-c": "cpus", "--mem": "memory_gb"},
}


class EngineOptions(Section):
    """What every engine is told of a run."""

    cpus: int = Field(2, ge=1, description="cores of a run, and its threads")
    gpus: float | None = Field(
        None, ge=0, description="GPUs of a run; null = 1 unless the experiment trains on the CPU"
    )
    memory_gb: float | None = Field(None, gt=0, description="memory of a run; null = what the engine gives")
    most_memory_gb: float | None = Field(None, gt=0, description="memory of a run that ran out of it, at most")
    setup: tuple[str, ...] = Field((), description="lines of shell before the worker, as `module load cuda`")
    python: str | None = Field(None, description="the Python of the nodes; null = the one that launches")

    @field_validator("setup", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

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


class SlurmOptions(EngineOptions):
    """What Slurm is told of a run."""

    partition: str | None = Field(None, description="`sbatch --partition`; null = the site's default")
    account: str | None = Field(None, description="`sbatch --account`")
    qos: str | None = Field(None, description="`sbatch --qos`")
    cluster: str | None = Field(None, description="`--clusters` of every command, where a site has several")
    time_limit: str | None = Field(None, description="as 4h or 90m, of one attempt; null = the partition's")
    shards: int | None = Field(None, ge=1, description="parts of a GPU (`--gres=shard:N`), instead of gpus")
    options: tuple[str, ...] = Field((), description="further options of sbatch, as they are")

    @field_validator("options", mode="before")
    @classmethod
    def _options_as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("options")
    @classmethod
    def _not_ours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for option in value:
            name = re.match(r"--[\w-]+|-\w|", option)[0]  # type: ignore[index]  # it matches nothing, too
            if not name:
                raise ValueError(f"'{option}' is no option; write each as one text, as --constraint=a100")
            if name in KEYS:
                raise ValueError(f"'{option}' has a key of its own: {KEYS[name]}")
            if name in OURS:
                raise ValueError(f"'{option}' is set by the sweep, which finds its jobs again by it")
        return value

    @field_validator("time_limit")
    @classmethod
    def _a_time(cls, value: str | None) -> str | None:
        try:
            is_long_enough = value is None or parse_duration(value) >= 60
        except ValueError as error:
            raise ValueError("expected a time such as 90m, 8h or 1d12h") from error
        if not is_long_enough:
            raise ValueError("Slurm counts in minutes: expected at least 1m")
        return value

    @model_validator(mode="after")
    def _one_kind_of_gpu(self) -> "SlurmOptions":
        if self.gpus is not None and self.gpus != int(self.gpus):
            raise ValueError(
                f"gpus is {self.gpus}: Slurm gives whole ones; a part of one is `shards`, where a site has it"
            )
        if self.shards is not None and self.gpus:
            raise ValueError("gpus and shards exclude each other")
        return self

    def share(self, device: str) -> Share:
        """Return what one run asks for; shards of a GPU are not counted in it."""
        share = super().share(device)
        return Share(share.cpus, 0.0, share.memory_gb) if self.shards else share


class RayOptions(EngineOptions):
    """What a Ray cluster is told of a run."""

    address: str = Field(description="the head's dashboard, as http://HOST:8265")
    resources: dict[str, float] = Field({}, description="further resources of a run, as the cluster names them")

    @field_validator("address")
    @classmethod
    def _a_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected the head's dashboard, as http://HOST:8265")
        return value.rstrip("/")


#: Engine -> what is said of it; this machine needs nothing.
OPTIONS: dict[str, type[EngineOptions]] = {"slurm": SlurmOptions, "ray": RayOptions}


def read_engine_options(engine: str, path: Path | None, **given: str | None) -> EngineOptions:
    """Return what is said of an engine: in a file, and on the command line, which wins.

    Args:
        engine: key of `OPTIONS`.
        path: the file; None: nothing but defaults.
        given: keys that the command line gave.

    Raises:
        InputError: the file is none, or a key or value is not allowed.
    """
    values = {} if path is None else load_yaml_mapping(path)
    values |= {key: value for key, value in given.items() if value is not None}
    kind = OPTIONS[engine]
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(format_validation_error(error, kind, str(path or f"--engine {engine}"))) from error
