"""One worker at work on one run, seen from outside: alive or not, how far, and how it is ended."""

import os
import signal
from contextlib import suppress
from typing import Any

from cvae.errors import InputError, unless_damaged
from cvae.record import RunError, RunFolder, RunState
from sweeps.experiment import PlannedRun
from sweeps.workers.launcher import WorkerProcess

#: Seconds between two looks that count, at most: in a longer gap this process was not there to see the worker beat.
LOOK_S = 5.0


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
        self.number_before = unless_damaged(folder.read_state, RunState(), []).attempt if process else -1
        self.is_paused = False
        self._beat = ""
        self._looked = now
        self._still_s = 0.0  # seconds that were watched and in which nothing beat
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
        """Return whether the run has stood still for too long, on this process's monotonic clock.

        Only time in which this process looked counts: a pause of the whole machine is nobody's hang. A file that is not
        there or empty says nothing.
        """
        watched_s = min(now - self._looked, LOOK_S, after_s / 4)
        self._looked = now
        try:
            beat = self.folder.heartbeat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            beat = ""
        if beat and beat != self._beat:
            self._beat, self._still_s = beat, 0.0
            return False
        self._still_s += watched_s
        if self._still_s <= after_s:
            return False
        self._still_s = 0.0  # reported once: what ends it takes a moment
        return True

    def new_epochs(self) -> list[dict[str, Any]]:
        """Return the evaluations recorded since the last call."""
        lines, self._offset = self.folder.read_epochs_after(self._offset)
        return lines

    def pause(self) -> None:
        """Ask the worker to end at its next checkpoint; the run goes on later."""
        self.ask_to_stop("paused")
        self.is_paused = True

    def ask_to_stop(self, how: str) -> bool:
        """Ask the worker to end at its next evaluation; return whether that is written down now.

        Where somebody has asked before, that stands. Where its folder is gone, the worker notices by itself.
        """
        if self.folder.stop.exists():
            return False
        with suppress(InputError):
            self.folder.ask_to_stop(how)
            return True
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker and whatever it started; to nobody where it is not certain who that is."""
        if self.process is not None and self.process.poll() is None:
            pid = self.process.pid  # of one that has ended it may be another's by now
        elif (trainer := self.folder.trainer()) is not None:
            pid = trainer.pid
        else:
            return
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == pid:  # a group of its own, as start_worker gives it
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
