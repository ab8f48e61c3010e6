"""What `state.json` and `run.json` say: how a run stands, and what it is within its experiment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cvae.errors import InputError
from cvae.files import read_json
from cvae.record.names import FINAL_STATUSES, Status
from cvae.sections import first_mistake


@dataclass(frozen=True)
class RunError:
    """Why an attempt ended without a result."""

    kind: str = "error"  # cvae.run.failure_kinds
    type: str = ""  # name of the exception
    message: str = ""

    def __str__(self) -> str:
        """Return the exception's name and message."""
        return f"{self.type}: {self.message}"


@dataclass(frozen=True)
class RunState:
    """How a run stands: `state.json`. A run that no worker has begun is pending.

    Keys that this version does not know are left out; keys that an older one did not write have these defaults.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")

    status: Status = "pending"
    attempt: int = 0  # from 1, once a worker has begun
    pid: int | None = None  # of the worker
    birth: str | None = None  # of that process: boot of its machine and ticks since, as its number is given away again
    host: str | None = None  # the machine that it works on
    token: str | None = None  # of the job that it is (`job.json`); None for a run that was started by hand
    step: int = 0  # updates done, as far as a checkpoint stands behind them
    total_steps: int | None = None
    seconds: float | None = None  # of training, over all attempts
    error: RunError | None = None  # of the last attempt
    flags: dict[str, bool] | None = None  # diverged, collapsed; None before there is something to say
    final: dict[str, Any] | None = None  # scores and curves of the final evaluation
    mended: tuple[str, ...] = ()  # what went wrong and was put right, a sentence each
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    n_parameters: int | None = None
    versions: dict[str, str] = field(default_factory=dict)  # package -> version
    git_commit: str | None = None
    git_dirty: bool | None = None
    data_fingerprint: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come of the run unless somebody opens it again."""
        return self.status in FINAL_STATUSES

    @property
    def scores(self) -> Mapping[str, Any]:
        """What the final evaluation said; empty before there was one."""
        return self.final or {}


@dataclass(frozen=True)
class RunIdentity:
    """What a run is within its experiment: `run.json`."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    experiment: str
    arm: str
    phase: str
    number: int  # tune: the trial; confirm: the rank of the configuration within its arm
    seed: int
    trial: int | None = None  # of the study, whose parameters these are
    params: dict[str, Any] = field(default_factory=dict)  # searched parameter -> value
    wandb_id: str | None = None  # of an imported run

    def written(self) -> dict[str, Any]:
        """Return it as `run.json` holds it."""
        values = asdict(self)
        if self.wandb_id is None:
            del values["wandb_id"]
        return values


Record = TypeVar("Record", RunState, RunIdentity)

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (RunState, RunIdentity)}


def parse_record(kind: type[Record], values: object) -> Record:
    """Return what a JSON value says.

    Raises:
        ValueError: it is of another shape; names the key.
    """
    try:
        parsed: Record = _ADAPTERS[kind].validate_python(values)
    except ValidationError as error:
        mistake = first_mistake(error)
        raise ValueError(f"{mistake.path}: {mistake.message}" if mistake.path else mistake.message) from error
    return parsed


def parse_file(kind: type[Record], path: Path, must_have: str = "") -> Record | None:
    """Return what a file of the record says; None where there is none.

    Where every key has a default any object would do, so one that is always written must be there.

    Raises:
        InputError: it is damaged.
    """
    try:
        values = read_json(path)
        if isinstance(values, dict) and must_have and must_have not in values:
            raise ValueError(f"it has no {must_have}")
        return parse_record(kind, values)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # no JSON, no UTF-8, or of another shape
        raise InputError(f"{path}: is damaged ({error})") from error
