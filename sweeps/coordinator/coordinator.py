"""The one process that opens the studies: it asks, launches workers, watches their folders, tells.

Everything it knows is on the disk. Killed at any instant and started again, it finds finished runs, adopts workers
that are still alive and gives dead ones their next attempt. What becomes of a failed attempt is
`sweeps/coordinator/failure_policy.py`.
"""

import errno
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any

from cvae.errors import InputError
from sweeps.coordinator.creation import create_run
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import FailurePolicy
from sweeps.coordinator.outcomes import Outcomes
from sweeps.coordinator.run_queue import RunQueue
from sweeps.coordinator.standing import Standing
from sweeps.coordinator.stopping_rule import StoppingRule
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import ExperimentFolder, RunCounts, ended_runs, is_disk_full
from sweeps.study.trials import open_trials
from sweeps.workers import CPU, Attempt, Fleet, Slots, Start, start_worker

POLL_S = 0.2

#: A worker whose training stands still for so long is ended and given another attempt.
HANG_S = 1800.0


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
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.experiment, self.root = experiment, root
        self.plan = all_runs(experiment)
        self.counts = RunCounts(self.plan)
        self.signals: list[int] = []  # that came; one is a request to end gracefully
        self.fleet = Fleet(slots, threads, start)
        self._log = EventLog(root)
        self.standing = Standing(root, self._log, slots, threads)
        self.slots = slots
        self._threads, self._hang_s, self._poll_s = threads, hang_s, poll_s
        self._provenance = provenance or {}
        self._policy, self._queue = FailurePolicy(backoff_first_s), RunQueue(experiment)
        self._trials, self._torn = open_trials(experiment, root, storage)
        self._outcomes = Outcomes(
            experiment, root, self._trials, self.counts, self._queue, slots, self._log, self._policy
        )
        self.rule = StoppingRule(experiment, root, self.counts, self._queue, self._log, slots.total)

    @property
    def active(self) -> dict[PlannedRun, Attempt]:
        """The runs that are training."""
        return self.fleet.active

    def run(self) -> Iterator[str]:
        """Work until every planned run is settled, yielding a line for each thing that happens, or an empty one."""
        yield from self._take_up()
        if not self._is_over():
            self.standing.start(self._provenance)
        while not self._is_over():
            happened = False
            for line in self._turn():
                happened = True
                yield line
            yield ""
            if not happened:
                time.sleep(self._poll_s)
        yield from self.rule.look()  # at what the last turn settled
        self.root.stop.unlink(missing_ok=True)

    def _is_over(self) -> bool:
        return not self.active if self.standing.stopping else len(self.counts.settled) >= self.counts.n_planned

    def _turn(self) -> Iterator[str]:
        """Look at everything once. A full disk stops nothing but launches: what could not be written is due again."""
        try:
            yield from self._obey()
            yield from self._watch()
            yield from self.rule.look()
            yield from self._fill_slots()
        except (OSError, InputError, RuntimeError) as error:
            if not is_disk_full(error):
                raise
            yield from self.standing.wait_for_disk()

    def _take_up(self) -> Iterator[str]:
        """Settle what was finished, adopt what is alive from before, and let the rest wait for its turn."""
        if self._torn is not None:
            self._log.note("journal repaired", torn=self._torn.name)
            yield f"the journal's end was torn: kept as {self._torn}, restored from the run folders"
        past = list(self._log.past())
        self._policy.learn(past)
        self.counts.durations_s += [end.wall_s for end in ended_runs(past) if end.wall_s]
        devices = {str(e["run"]): str(e.get("device", CPU)) for e in past if e["event"] == "launched"}
        for run in self.plan:
            if self._outcomes.take_up(run):
                self.fleet.adopt(run, self.root.run(run), devices.get(run.path, CPU))
                yield self._log.record("adopted", run)
        yield from self.rule.look()
        if self.counts.settled or self.active:
            yield f"going on: {len(self.counts.settled)} of {self.counts.n_planned} runs done, {len(self.active)} alive"

    def _obey(self) -> Iterator[str]:
        """Do what was asked from another terminal."""
        if not self.standing.stopping and self.signals:
            yield self.end_gracefully("interrupted; once more to end at once")
        if not self.standing.stopping and self.root.stop.exists():
            yield self.end_gracefully("asked by --stop")

    def end_gracefully(self, why: str, *, is_broken: bool = False) -> str:
        """Launch nothing more, and let every active run end at its next checkpoint."""
        self.fleet.pause()
        self.standing.stop(why, is_broken=is_broken)
        return f"stopping ({why}): {len(self.active)} runs end at their next checkpoint"

    def _watch(self) -> Iterator[str]:
        now = time.monotonic()
        for run, attempt in list(self.active.items()):
            if attempt.is_over():
                yield from self._end(run, attempt)
            elif attempt.has_hung(now, self._hang_s):
                yield self._log.record("hung", run, step=attempt.folder.read_heartbeat())
                attempt.signal(signal.SIGKILL)
            elif self._trials.is_hopeless(run, attempt.new_epochs) and not attempt.folder.stop.exists():
                attempt.folder.ask_to_stop("pruned")
                yield self._log.record("pruning", run)

    def _end(self, run: PlannedRun, attempt: Attempt) -> Iterator[str]:
        """Forget a worker once its end is written everywhere."""
        outcome = self._outcomes.end(run, attempt)
        self.fleet.release(run)
        yield from outcome.lines
        if outcome.disk_is_full:
            yield from self.standing.wait_for_disk()
        if outcome.stop_because is not None and not self.standing.stopping:
            yield self.end_gracefully(outcome.stop_because, is_broken=True)

    def _fill_slots(self) -> Iterator[str]:
        if self.standing.waits_for and self._outcomes.has_room():
            yield self.standing.resume()
        while not self.standing.stopping and not self.standing.waits_for and (device := self.slots.take()):
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
        if not self._outcomes.has_room():
            raise OSError(errno.ENOSPC, "No space left on device", str(self.root.path))
        folder = self.root.run(run)
        if not folder.path.exists() and not create_run(run, self.experiment, self.root, self._trials, self._threads):
            self.slots.give(device)
            self.counts.settle(run, "unconfirmable", None)
            yield self._log.record("unconfirmable", run)
            return
        if folder.asked_status() == "interrupted":
            folder.stop.unlink()
        self.fleet.launch(run, folder, device)
        yield self._log.record("launched", run, attempt=folder.read_state().attempt + 1, device=device)
