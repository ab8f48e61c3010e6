"""The one process that opens the studies: it asks, launches workers, watches their folders, tells.

Everything it knows is on the disk. Killed at any instant and started again, it finds finished runs, adopts workers
that are still alive and gives dead ones their next attempt. What becomes of a failed attempt is
`sweeps/coordinator/failure_policy.py`.
"""

import errno
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from cvae.errors import InputError
from cvae.record import FINAL_STATUSES, RunFolder
from sweeps.coordinator.counts import RunCounts
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import Failures
from sweeps.coordinator.outcomes import Outcomes
from sweeps.coordinator.run_queue import RunQueue
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import DISK_FULL, ExperimentFolder, is_disk_full, pin_to_machine, write_run
from sweeps.study.storage import open_storage
from sweeps.study.trials import Trials
from sweeps.workers import CPU, Attempt, Slots, start_worker

POLL_S = 0.2

#: A worker whose training stands still for so long is ended and given another attempt.
HANG_S = 1800.0

Start = Callable[[RunFolder, dict[str, str]], "subprocess.Popen[bytes]"]


class Coordinator:
    """Brings an experiment to its end, some runs at a time."""

    def __init__(
        self,
        experiment: Experiment,
        root: ExperimentFolder,
        slots: Slots,
        threads: int,
        *,
        start: Start = start_worker,
        storage: str | None = None,
        hang_s: float = HANG_S,
        backoff_first_s: float = 1.0,
        poll_s: float = POLL_S,
        provenance: dict[str, Any] | None = None,
    ) -> None:
        self.experiment = experiment
        self.root = root
        self.slots = slots
        self.plan = all_runs(experiment)
        self.tally = RunCounts(self.plan)
        self.active: dict[PlannedRun, Attempt] = {}
        self.waits_for: str | None = None  # why nothing is launched
        self.stopping: str | None = None  # why the sweep ends before its runs do
        self.is_broken = False
        self.signals: list[int] = []  # that came; one is a request to end gracefully
        self._threads = threads
        self._start = start
        self._hang_s = hang_s
        self._poll_s = poll_s
        self._provenance = provenance or {}
        self._chronicle = EventLog(root)
        self._failures = Failures(backoff_first_s)
        self._queue = RunQueue(self.plan)
        self._devices: dict[str, str] = {}  # of the last launch of a run
        opened = open_storage(root, storage) if experiment.tune else None
        self._torn = opened[1] if opened else None
        self._trials = Trials(experiment, root, opened[0] if opened else None)
        self._endings = Outcomes(root, self._trials, self.tally, self._queue, slots, self._chronicle, self._failures)

    def run(self) -> Iterator[str]:
        """Work until every planned run is settled, yielding a line for each thing that happens, or an empty one."""
        yield from self._take_up()
        if not self._is_over():
            self._chronicle.note("started", slots=self.slots.caps, threads=self._threads, **self._provenance)
            self._say_who()
        while not self._is_over():
            happened = False
            for line in self._turn():
                happened = True
                yield line
            yield ""
            if not happened:
                time.sleep(self._poll_s)
        self.root.stop.unlink(missing_ok=True)

    def _is_over(self) -> bool:
        return not self.active if self.stopping else len(self.tally.settled) == len(self.plan)

    def _turn(self) -> Iterator[str]:
        """Look at everything once. A full disk stops nothing but launches: what could not be written is due again."""
        try:
            yield from self._obey()
            yield from self._watch()
            yield from self._fill_slots()
        except (OSError, InputError, RuntimeError) as error:
            if not is_disk_full(error):
                raise
            yield from self._wait_for_disk()

    def _take_up(self) -> Iterator[str]:
        """Settle what was finished, adopt what is alive from before, and let the rest wait for its turn."""
        if self._torn is not None:
            self._chronicle.note("journal repaired", torn=self._torn.name)
            yield f"the journal's end was torn: kept as {self._torn}, restored from the run folders"
        self._read_ledger()
        for run in self.plan:
            folder = self.root.run(run)
            if not folder.path.exists():
                self._queue.add(run)
                continue
            self._trials.take_back(run, folder)
            if folder.is_being_trained():
                self._adopt(run, folder)
                yield self._chronicle.record("adopted", run)
            elif folder.read_state()["status"] in FINAL_STATUSES:
                self._endings.settle(run, folder.read_state())
            else:
                self._queue.add(run)
        if self.tally.settled or self.active:
            yield f"going on: {len(self.tally.settled)} of {len(self.plan)} runs done, {len(self.active)} alive"

    def _read_ledger(self) -> None:
        """Learn from the ledger where runs were and which attempts of them were in vain."""
        past = list(self._chronicle.past())
        self._failures.learn(past)
        launched = (event for event in past if event["event"] == "launched")
        self._devices = {str(event["run"]): str(event.get("device", CPU)) for event in launched}

    def _adopt(self, run: PlannedRun, folder: RunFolder) -> None:
        device = self.slots.hold(self._devices.get(run.path, CPU))
        self.active[run] = Attempt(run, folder, device, self.slots.caps[device], None, time.monotonic())

    def _obey(self) -> Iterator[str]:
        """Do what was asked from another terminal."""
        if not self.stopping and self.signals:
            yield self.end_gracefully("interrupted; once more to end at once")
        if not self.stopping and self.root.stop.exists():
            yield self.end_gracefully("asked by --stop")

    def end_gracefully(self, why: str) -> str:
        """Launch nothing more, and let every active run end at its next checkpoint."""
        self.stopping = why
        for attempt in self.active.values():
            attempt.pause()
        self._chronicle.note("stopping", why=why)
        self._say_who()
        return f"stopping ({why}): {len(self.active)} runs end at their next checkpoint"

    def _watch(self) -> Iterator[str]:
        now = time.monotonic()
        for run, attempt in list(self.active.items()):
            if attempt.is_over():
                yield from self._end(run, attempt)
            elif attempt.has_hung(now, self._hang_s):
                yield self._chronicle.record("hung", run, step=attempt.folder.read_heartbeat())
                attempt.signal(signal.SIGKILL)
            elif self._trials.is_hopeless(attempt) and not attempt.folder.stop.exists():
                attempt.folder.ask_to_stop("pruned")
                yield self._chronicle.record("pruning", run)

    def _end(self, run: PlannedRun, attempt: Attempt) -> Iterator[str]:
        """Forget a worker once its end is written everywhere."""
        lines = list(self._endings.end(run, attempt))
        del self.active[run]
        yield from lines
        if self._endings.found_disk_full:
            self._endings.found_disk_full = False
            yield from self._wait_for_disk()
        if self._endings.report is not None and not self.stopping:
            self.is_broken = True
            yield self.end_gracefully(self._endings.report)

    def _fill_slots(self) -> Iterator[str]:
        if self.waits_for and self._endings.has_room():
            self.waits_for = None
            self._chronicle.note("resumed")
            self._say_who()
            yield "the disk has room again: going on"
        while not self.stopping and not self.waits_for and (device := self.slots.take()):
            run = self._queue.next(time.monotonic())
            if run is None:
                self.slots.give(device)
                return
            try:
                yield from self._launch(run, device)
            except BaseException:
                self.slots.give(device)
                self._queue.add(run)
                raise

    def _launch(self, run: PlannedRun, device: str) -> Iterator[str]:
        if not self._endings.has_room():
            raise OSError(errno.ENOSPC, "No space left on device", str(self.root.path))
        folder = self.root.run(run)
        if not folder.path.exists() and not self._create(run):
            self.slots.give(device)
            self.tally.settle(run, "unconfirmable", None)
            yield self._chronicle.record("unconfirmable", run)
            return
        if folder.asked_status() == "interrupted":
            folder.stop.unlink()
        environment = self.slots.environment(device, self._threads)
        process = self._start(folder, environment)
        self.active[run] = Attempt(run, folder, device, self.slots.caps[device], process, time.monotonic())
        number = int(folder.read_state().get("attempt", 0)) + 1
        yield self._chronicle.record("launched", run, attempt=number, device=device)

    def _create(self, run: PlannedRun) -> bool:
        """Write a run's folder; False for a confirm run that has no configuration to confirm."""
        choice = self._trials.choose(run)
        if choice is None:
            return False
        trial, params = choice
        split = "validate" if run.phase == "tune" else self.experiment.confirm.split
        config = self.experiment.config(run.arm, params, run.seed, split, full=run.phase == "confirm")
        write_run(run, self.root, pin_to_machine(config, self._threads), params, trial)
        return True

    def _wait_for_disk(self) -> Iterator[str]:
        """Launch nothing until there is room; what is trained goes on from its checkpoint."""
        if self.waits_for:
            return
        self.waits_for = DISK_FULL.format(self.root.path)
        self._chronicle.note("waiting", why=self.waits_for)
        self._say_who()
        yield f"{self.waits_for}: nothing is launched until there is room; nothing is lost"

    def _say_who(self) -> None:
        self._chronicle.say_who(
            {
                "slots": self.slots.caps,
                "threads": self._threads,
                "waits_for": self.waits_for,
                "stopping": self.stopping,
                "is_broken": self.is_broken,
            }
        )

    def end_now(self, grace_s: float = 10.0) -> None:
        """End every active worker at once; each run keeps its last checkpoint and goes on with the next start."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for attempt in self.active.values():
                attempt.signal(number)
            deadline = time.monotonic() + grace_s
            while time.monotonic() < deadline and not all(a.is_over() for a in self.active.values()):
                time.sleep(0.05)
