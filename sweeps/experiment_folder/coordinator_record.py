"""What `coordinator.json` says: who works, or worked last, on an experiment, and how its sweep stands."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pydantic import ConfigDict, TypeAdapter

from cvae.files import held, write_json
from sweeps.experiment_folder.paths import ExperimentFolder


@dataclass(frozen=True)
class CoordinatorRecord:
    """Who works, or worked last, on an experiment, and how its sweep stands: `coordinator.json`.

    Keys that this version does not know are left out; keys that an older one did not write have these defaults.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")

    pid: int | None = None
    host: str | None = None
    slots: Mapping[str, int] = field(default_factory=lambda: {"cpu": 1})  # device -> runs that it holds at once
    threads: int | None = None  # of each worker
    waits_for: str | None = None  # why nothing is launched
    stopping: str | None = None  # why the sweep ends before its runs do
    is_broken: bool = False  # by the breaker

    @property
    def n_slots(self) -> int:
        """Runs at a time."""
        return sum(self.slots.values())

    @property
    def holder(self) -> str:
        """Who it is, for people."""
        return f"process {self.pid or '?'} on {self.host or '?'}"


_RECORD = TypeAdapter(CoordinatorRecord)


def read_coordinator(root: ExperimentFolder) -> CoordinatorRecord:
    """Return who works, or worked last, on an experiment; nobody where nobody did, or where the file is damaged."""
    try:
        return _RECORD.validate_python(json.loads(root.coordinator.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return CoordinatorRecord()


def write_coordinator(record: CoordinatorRecord, root: ExperimentFolder) -> None:
    """Replace the record.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(root.coordinator, asdict(record))


def is_worked_on(root: ExperimentFolder) -> bool:
    """Return whether a live coordinator holds the experiment."""
    if not root.lock.exists():
        return False
    with held(root.lock) as free:
        return not free
