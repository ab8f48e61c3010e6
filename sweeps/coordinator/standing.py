"""How a sweep stands, for the coordinator itself and for whoever looks from another terminal."""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from cvae.errors import InputError
from cvae.processes import mark_of
from sweeps.coordinator.event_log import EventLog
from sweeps.experiment_folder import CoordinatorRecord, ExperimentFolder, passing_trouble, write_coordinator
from sweeps.study.storage import database_trouble
from sweeps.workers import Slots

#: Seconds until what does not work is tried again: at first, and at most.
TRY_AGAIN_S = (0.5, 10.0)


class Standing:
    """Why nothing is launched, and why the sweep ends before its runs do."""

    def __init__(self, root: ExperimentFolder, log: EventLog, slots: Slots, threads: int) -> None:
        self.waits_for: str | None = None  # why nothing is launched
        self.stopping: str | None = None  # why the sweep ends before its runs do
        self.is_broken = False  # by the breaker
        self._due = 0.0  # when what does not work is tried again
        self._wait_s = TRY_AGAIN_S[0]
        self._root = root
        self._log = log
        self._slots = slots
        self._threads = threads

    def start(self, provenance: Mapping[str, object]) -> None:
        """Note a start, and where its results come from."""
        self._log.note("started", slots=self._slots.caps, threads=self._threads, **provenance)
        self._publish()

    def wait_out(self, error: Exception) -> Iterator[str]:
        """Wait until what raised an error has passed.

        Raises:
            InputError: the experiment's folder is gone.
            Exception: the error, where it is none of those that pass.
        """
        if not self._root.path.exists():
            raise InputError(f"{self._root.path}: has been removed while its sweep was at work") from error
        why = database_trouble(error) or passing_trouble(error, self._root.path)
        if why is None:
            raise error
        yield from self.wait_for(why)

    def wait_for(self, why: str) -> Iterator[str]:
        """Launch nothing for a while, as long as something is the matter; yield a line that says what, once."""
        self._due = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, TRY_AGAIN_S[1])
        if self.waits_for != why:
            self.waits_for = why
            self._log.note("waiting", why=why)
            self._publish()
            until = "there is room" if _is_of_room(why) else "that has passed"
            yield f"{why}: nothing is launched until {until}; nothing is lost"

    @property
    def is_waiting(self) -> bool:
        """Whether it is too early to try again what did not work."""
        return self.waits_for is not None and time.monotonic() < self._due

    def resume(self) -> Iterator[str]:
        """Go on as before; yield a line that says so where something had been the matter."""
        if self.waits_for is not None:
            what = "the disk has room again" if _is_of_room(self.waits_for) else "that has passed"
            self.waits_for, self._wait_s = None, TRY_AGAIN_S[0]
            self._log.note("resumed")
            self._publish()
            yield f"{what}: going on"

    def stop(self, why: str, *, is_broken: bool = False) -> None:
        """Launch nothing any more."""
        self.stopping, self.is_broken = why, is_broken
        self._log.note("stopping", why=why)
        self._publish()

    def _publish(self) -> None:
        mark = mark_of(os.getpid())
        record = CoordinatorRecord(
            os.getpid(),
            socket.gethostname(),
            self._slots.caps,
            self._threads,
            self.waits_for,
            self.stopping,
            self.is_broken,
            None if mark is None else mark.birth,
        )
        with suppress(InputError):  # a full disk leaves the old one
            write_coordinator(record, self._root)


def _is_of_room(why: str) -> bool:
    return why.endswith("is full")
