"""How a sweep stands, for the coordinator itself and for whoever looks from another terminal."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress

from cvae.errors import InputError
from sweeps.coordinator.event_log import EventLog
from sweeps.experiment_folder import DISK_FULL, CoordinatorRecord, ExperimentFolder, write_coordinator
from sweeps.workers import Slots


class Standing:
    """Why nothing is launched, and why the sweep ends before its runs do."""

    def __init__(self, root: ExperimentFolder, log: EventLog, slots: Slots, threads: int) -> None:
        self.waits_for: str | None = None  # why nothing is launched
        self.stopping: str | None = None  # why the sweep ends before its runs do
        self.is_broken = False  # by the breaker
        self._root = root
        self._log = log
        self._slots = slots
        self._threads = threads

    def start(self, provenance: Mapping[str, object]) -> None:
        """Note a start, and where its results come from."""
        self._log.note("started", slots=self._slots.caps, threads=self._threads, **provenance)
        self._publish()

    def wait_for_disk(self) -> Iterator[str]:
        """Launch nothing until there is room, while what is training goes on; yield a line that says so, once."""
        if not self.waits_for:
            self.waits_for = DISK_FULL.format(self._root.path)
            self._log.note("waiting", why=self.waits_for)
            self._publish()
            yield f"{self.waits_for}: nothing is launched until there is room; nothing is lost"

    def resume(self) -> str:
        """Launch again."""
        self.waits_for = None
        self._log.note("resumed")
        self._publish()
        return "the disk has room again: going on"

    def stop(self, why: str, *, is_broken: bool = False) -> None:
        """Launch nothing any more."""
        self.stopping, self.is_broken = why, is_broken
        self._log.note("stopping", why=why)
        self._publish()

    def _publish(self) -> None:
        record = CoordinatorRecord(
            os.getpid(),
            socket.gethostname(),
            self._slots.caps,
            self._threads,
            self.waits_for,
            self.stopping,
            self.is_broken,
        )
        with suppress(InputError):  # a full disk leaves the old one
            write_coordinator(record, self._root)
