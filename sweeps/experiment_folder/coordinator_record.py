"""What `coordinator.json` says: who works, or worked last, on an experiment, and how its sweep stands."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from pydantic import ConfigDict, TypeAdapter

from cvae.errors import InputError
from cvae.files import claim_once, is_locked, network_type, read_json, write_json
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
    beat: int = 0  # advances while it works, for who cannot see its process
    is_over: bool = False  # it has ended by itself
    generation: int = 0  # of the coordinators on a disk that several machines share

    @property
    def n_slots(self) -> int:
        """Runs at a time."""
        return sum(self.slots.values())

    @property
    def holder(self) -> str:
        """Who it is, for people."""
        return f"process {self.pid or '?'} on {self.host or '?'}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is, or was, a process of another machine that did not say that it ended."""
        return self.pid is not None and self.host not in (None, socket.gethostname()) and not self.is_over

    def is_same_process(self, other: "CoordinatorRecord") -> bool:
        """Return whether two records are of one process."""
        return (self.pid, self.host, self.birth) == (other.pid, other.host, other.birth)

    @property
    def is_alive(self) -> bool:
        """Whether that very process is at work on this machine."""
        mark = mark_of(self.pid) if self.pid is not None and self.birth is not None else None
        return mark is not None and mark.birth == self.birth


#: Seconds between two beats of a coordinator, and for which those of one on another machine must stand still.
BEAT_S, PATIENCE_S = 10.0, 120.0

_RECORD = TypeAdapter(CoordinatorRecord)


def read_coordinator(root: ExperimentFolder) -> CoordinatorRecord:
    """Return who works, or worked last, on an experiment; nobody where nobody did, or where the file is damaged."""
    try:
        return _RECORD.validate_python(read_json(root.coordinator))
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


def own_record() -> CoordinatorRecord:
    """Return a record of this process."""
    mark = mark_of(os.getpid())
    return CoordinatorRecord(os.getpid(), socket.gethostname(), birth=None if mark is None else mark.birth)


def take_over(
    root: ExperimentFolder, echo: Callable[[str], None], *, is_forced: bool = False, patience_s: float = PATIENCE_S
) -> None:
    """Become the coordinator of an experiment on a disk that several machines share, where a lock may hold nobody out.

    One on another machine that did not say that it ended is watched: its beat stands still once it is dead. Of several
    that take over from it one wins. On a disk of this machine alone the lock says all, and nothing is done.

    Args:
        root: the experiment's folder.
        echo: told why it takes so long.
        is_forced: a person knows that no other is at work.
        patience_s: for how long the beat must stand still.

    Raises:
        InputError: another is at work.
    """
    if network_type(root.path) is None:
        return
    before = read_coordinator(root)
    if before.is_elsewhere and not is_forced:
        echo(
            f"watching for {patience_s:.0f} s whether {before.holder} still works on {root.path}: it did not say that "
            "it ended (--take-over: it does not)"
        )
        _watch(root, before, patience_s)
    claims = {int(path.suffix[1:]): path for path in root.path.glob("coordinator.*") if path.suffix[1:].isdecimal()}
    generation = 1 + max([before.generation, *(claims if is_forced else ())])
    if not claim_once(root.path / f"coordinator.{generation}"):
        raise InputError(f"{root.path}: another coordinator has just begun to work on it; if it has not, --take-over")
    for n, path in claims.items():
        if n < generation:
            path.unlink(missing_ok=True)
    write_coordinator(replace(own_record(), generation=generation), root)


def _watch(root: ExperimentFolder, before: CoordinatorRecord, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        time.sleep(min(1.0, patience_s / 10))
        if (now := read_coordinator(root)).pid is not None and now != before:
            raise InputError(f"{root.path}: {now.holder} is working on it; --status shows how it stands")
