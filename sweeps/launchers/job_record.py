"""What `job.json` says: the job that trains a run, or trained it last. Only the coordinator writes it.

The token stands there before the job is submitted, so that a coordinator that is killed in between finds the job again;
a worker reads it before it writes and leaves where it names another.
"""

import json
import sys
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from cvae.files import read_json, write_atomically
from cvae.record import RunFolder
from sweeps.units import format_duration

#: How every token begins: jobs of ours are known by it in an engine's lists.
TOKEN_PREFIX = "cvae-"


@dataclass(frozen=True)
class Share:
    """What one run asks of a machine."""

    cpus: int
    gpus: float = 0.0  # parts of one where the engine shares them
    memory_gb: float | None = None  # of the machine; None: what the engine gives


@dataclass(frozen=True)
class Job:
    """One submission of a run.

    Keys that this version does not know are left out; keys that an older one did not write have these defaults.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")

    folder: RunFolder  # the run's: where the record lies, so not in it
    token: str  # ours, of every attempt its own (`new_token`)
    engine: str = "local"  # name of the launcher
    attempt: int = 1
    id: str | None = None  # the engine's; None: nobody knows whether it was submitted
    phase: str = ""  # as last seen: `Phase`'s words; "" before the first look, "over" once its end was taken note of
    where: str = ""  # the machine, as last seen
    said: str = ""  # the engine's words, as last seen
    since: str = ""  # when it was first seen so, ISO 8601: for people, nothing is decided by it
    is_ended_by_us: bool = False  # no person cancelled it
    slots_then: int = 1  # runs that its device was allowed when it was submitted
    larger: Share | None = None  # what it asks for since it ran out of memory

    def worker_command(self, python: str = sys.executable) -> list[str]:
        """Return the command that trains the run, wherever it is run: paths are absolute."""
        return [python, "-m", "sweeps.worker", str(self.folder.path.absolute()), self.token]

    @property
    def is_elsewhere(self) -> bool:
        """Whether an engine has it, queued or running, as far as was last seen: a lock here says nothing of it."""
        return self.engine != "local" and self.id is not None and self.phase in ("", "queued", "running")

    def describe(self, now: datetime) -> str:
        """Return where it is and since when, in words."""
        words = f"{self.engine} {self.id} {self.phase or 'submitted'}"
        words += f" on {self.where}" if self.where and self.phase == "running" else ""
        try:
            waited_s = (now - datetime.fromisoformat(self.since)).total_seconds()
        except (ValueError, TypeError):
            waited_s = 0.0
        if self.phase == "queued" and waited_s >= 1.0:
            words += f" for {format_duration(waited_s)}"
        return words + (f": {self.said}" if self.said and self.phase == "queued" else "")

    @property
    def log(self) -> Path:
        """Where what the worker prints is to be appended."""
        return self.folder.log.absolute()

    def last_words(self) -> str:
        """Return the last line that the worker printed; "" where there is none, or it cannot be read."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        except (OSError, IndexError):
            return ""


_ADAPTER = TypeAdapter(Job)


def new_token() -> str:
    """Return a token that no job has."""
    return f"{TOKEN_PREFIX}{uuid.uuid4().hex[:12]}"


def read_job(folder: RunFolder) -> Job | None:
    """Return a run's job; None where there is none, or its record is damaged."""
    try:
        values = read_json(folder.job)
        return _ADAPTER.validate_python({**values, "folder": folder})
    except (OSError, ValueError, TypeError):
        return None


def write_job(job: Job, *, is_lasting: bool = True) -> None:
    """Replace a run's job.

    Args:
        job: the job.
        is_lasting: wait until it is on the disk: a job on another machine outlives a power cut of this one.

    Raises:
        InputError: the file cannot be written.
    """
    values: dict[str, Any] = asdict(job)
    del values["folder"]
    write_atomically(job.folder.job, (json.dumps(values, indent=2) + "\n").encode(), is_lasting=is_lasting)
