"""One worker at work on one run, seen from outside: alive or not, how far, and how it is ended."""

import os
import signal
from contextlib import suppress
from typing import Any

from cvae.record import RunError, RunFolder, RunState
from sweeps.experiment import PlannedRun
from sweeps.workers.launcher import WorkerProcess


class Attempt:
    """A worker: a process of ours, or one that an earlier coordinator started (adopted: no process)."""

    def __init__(
        self,
        run: PlannedRun,
        folder: RunFolder,
        device: str,
        slots_then: int,
        process: WorkerProcess | None,
        now: float,
    ) -> None:
        self.run = run
        self.folder = folder
        self.device = device
        self.slots_then = slots_then  # runs that the device was allowed when this one was started
        self.process = process
        self.started = now
        self.number_before = folder.read_state().attempt if process else -1
        self.is_paused = False
        self._beat = ""
        self._beat_seen = now
        self._offset = 0

    def is_over(self) -> bool:
        """Return whether nobody works on the run any more."""
        if self.process is not None:
            if self.process.poll() is None:
                return False
            if not self.folder.is_being_trained():
                return True
            self.process = None  # a worker from before was faster to take the run: adopted
        return not self.folder.is_being_trained()

    def error(self, state: RunState) -> RunError | None:
        """Return the error that this attempt recorded; one of an earlier attempt is not its."""
        return state.error if state.attempt > self.number_before else None

    def has_hung(self, now: float, after_s: float) -> bool:
        """Return whether the training has stood still for too long, on this process's monotonic clock."""
        try:
            beat = self.folder.heartbeat.read_text(encoding="utf-8")
        except OSError:
            beat = ""
        if beat != self._beat:
            self._beat, self._beat_seen = beat, now
        if now - self._beat_seen <= after_s:
            return False
        self._beat_seen = now  # reported once: what ends it takes a moment
        return True

    def new_epochs(self) -> list[dict[str, Any]]:
        """Return the evaluations recorded since the last call."""
        lines, self._offset = self.folder.read_epochs_after(self._offset)
        return lines

    def pause(self) -> None:
        """Ask the worker to end at its next checkpoint; the run goes on later."""
        if not self.folder.stop.exists():
            self.folder.ask_to_stop("paused")
        self.is_paused = True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker and whatever it started."""
        pid = self.process.pid if self.process else self.folder.read_state().pid
        if not pid or (self.process is None and not self.folder.is_being_trained()):
            return
        with suppress(ProcessLookupError):
            if os.getpgid(int(pid)) == int(pid):  # a group of its own, as start_worker gives it
                os.killpg(int(pid), number)
            else:
                os.kill(int(pid), number)
