"""The workers at work: one attempt for each active run, started or adopted, until its end is written everywhere."""

import signal
import time

from cvae.record import RunFolder
from sweeps.experiment import PlannedRun
from sweeps.launchers import Start, start_worker
from sweeps.workers.attempt import Attempt
from sweeps.workers.slots import Slots


class Fleet:
    """The active runs, each in a slot of a device.

    Args:
        slots: where runs may go.
        threads: CPU threads of each worker.
        start: starts a worker for a run folder, in an environment.
    """

    def __init__(self, slots: Slots, threads: int, start: Start = start_worker) -> None:
        self.active: dict[PlannedRun, Attempt] = {}
        self._slots = slots
        self._threads = threads
        self._start = start

    def launch(self, run: PlannedRun, folder: RunFolder, device: str) -> None:
        """Start a worker in a slot that has been taken on a device."""
        process = self._start(folder, "", self._slots.environment(device, self._threads))
        self.active[run] = Attempt(run, folder, device, self._slots.caps[device], process, time.monotonic())

    def adopt(self, run: PlannedRun, folder: RunFolder, device: str) -> None:
        """Count a worker that an earlier coordinator started, on its device if that is there."""
        device = self._slots.hold(device)
        self.active[run] = Attempt(run, folder, device, self._slots.caps[device], None, time.monotonic())

    def release(self, run: PlannedRun) -> None:
        """Forget a worker that has ended; its slot is free."""
        self._slots.give(self.active.pop(run).device)

    def release_ended(self) -> None:
        """Forget every worker that has ended."""
        for run in [run for run, attempt in self.active.items() if attempt.is_over()]:
            self.release(run)

    def pause(self) -> None:
        """Ask every worker to end at its next checkpoint; the runs go on later."""
        for attempt in self.active.values():
            attempt.pause()

    def end_now(self, grace_s: float = 10.0) -> None:
        """End every worker at once; each run keeps its last checkpoint and goes on with the next start."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for attempt in self.active.values():
                attempt.signal(number)
            deadline = time.monotonic() + grace_s
            while time.monotonic() < deadline and not all(a.is_over() for a in self.active.values()):
                time.sleep(0.05)
