"""What `coordinator.json` says: who works, or worked last, on an experiment, and how its sweep stands."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pydantic import ConfigDict, TypeAdapter

from cvae.files import is_locked, parse_json, write_json
from cvae.processes import mark_of
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
    birth: str | None = None  # of the process: its number alone is given away again

    @property
    def n_slots(self) -> int:
        """Runs at a time."""
        return sum(self.slots.values())

    @property
    def holder(self) -> str:
        """Who it is, for people."""
        return f"process {self.pid or '?'} on {self.host or '?'}"

    @property
    def is_alive(self) -> bool:
        """Whether that very process is at work on this machine."""
        mark = mark_of(self.pid) if self.pid is not None and self.birth is not None else None
        return mark is not None and mark.birth == self.birth


_RECORD = TypeAdapter(CoordinatorRecord)


def read_coordinator(root: ExperimentFolder) -> CoordinatorRecord:
    """Return who works, or worked last, on an experiment; nobody where nobody did, or where the file is damaged."""
    try:
        return _RECORD.validate_python(parse_json(root.coordinator.read_bytes()))
    except (OSError, ValueError):
        return CoordinatorRecord()


def write_coordinator(record: CoordinatorRecord, root: ExperimentFolder) -> None:
    """Replace the record.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(root.coordinator, asdict(record))


def is_worked_on(root: ExperimentFolder) -> bool:
    """Return whether a live coordinator holds the experiment. Looking leaves nothing behind."""
    return is_locked(root.lock)
