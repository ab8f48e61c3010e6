"""How a sweep stands, for the coordinator itself and for whoever looks from another terminal."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from cvae.errors import InputError
from sweeps.coordinator.event_log import EventLog
from sweeps.experiment_folder import (
    BEAT_S,
    ExperimentFolder,
    own_record,
    passing_trouble,
    read_coordinator,
    write_coordinator,
)
from sweeps.launchers import Refused, Unreachable
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
        self._own = own_record()
        self._beat, self._beaten, self._is_over = 0, time.monotonic(), False
        self._root = root
        self._log = log
        self._slots = slots
        self._threads = threads

    def start(self, provenance: Mapping[str, object]) -> None:
        """Note a start, and where its results come from."""
        self._own = replace(own_record(), generation=read_coordinator(self._root).generation)
        self._log.note("started", slots=self._slots.caps, threads=self._threads, **provenance)
        self._publish()

    def beat(self) -> None:
        """Show every so often that this process works.

        Raises:
            InputError: another coordinator has taken over; its runs are not this one's to end.
        """
        if time.monotonic() - self._beaten < BEAT_S:
            return
        now = read_coordinator(self._root)
        if now.pid is not None and not now.is_same_process(self._own):
            raise InputError(f"{self._root.path}: {now.holder} has taken over; this coordinator leaves it the runs")
        self._publish()

    def end(self) -> None:
        """Say that this process has ended by itself, and that the next need not wait to see whether it did."""
        if read_coordinator(self._root).is_same_process(self._own):
            self._is_over = True
            self._publish()

    def wait_out(self, error: Exception) -> Iterator[str]:
        """Wait until what raised an error has passed.

        Raises:
            InputError: the experiment's folder is gone, or its engine will never take a job.
            Exception: the error, where it is none of those that pass.
        """
        if not self._root.path.exists():
            raise InputError(f"{self._root.path}: has been removed while its sweep was at work") from error
        if isinstance(error, Refused) and not error.is_limit:
            raise InputError(f"the engine takes no job: {error}; what was submitted before goes on") from error
        is_of_engine = isinstance(error, Refused | Unreachable)
        why = str(error) if is_of_engine else database_trouble(error) or passing_trouble(error, self._root.path)
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
        self._beat += 1
        self._beaten = time.monotonic()
        record = replace(
            self._own,
            slots=self._slots.caps,
            threads=self._threads,
            waits_for=self.waits_for,
            stopping=self.stopping,
            is_broken=self.is_broken,
            beat=self._beat,
            is_over=self._is_over,
        )
        with suppress(InputError):  # a full disk leaves the old one
            write_coordinator(record, self._root)


def _is_of_room(why: str) -> bool:
    return why.endswith("is full")
