"""The one process that opens the studies: it asks, launches workers, watches their folders, tells.

Everything it knows is on the disk. Killed at any instant and started again, it finds finished runs, adopts workers
that are still alive and gives dead ones their next attempt. What becomes of a failed attempt is
`sweeps/coordinator/failure_policy.py`.
"""

import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.coordinator.creation import make_ready
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import FailurePolicy
from sweeps.coordinator.lock_guard import LockGuard
from sweeps.coordinator.mending import Mending
from sweeps.coordinator.outcomes import Outcomes
from sweeps.coordinator.run_queue import RunQueue
from sweeps.coordinator.standing import Standing
from sweeps.coordinator.stopping_rule import StoppingRule
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import ExperimentFolder, RunCounts, ended_runs
from sweeps.study.ownership import facts_of
from sweeps.study.trials import open_trials
from sweeps.workers import Attempt, Fleet, Slots, Start, start_worker

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
        self.slots, self.fleet = slots, Fleet(slots, threads, start)
        self.active: Mapping[PlannedRun, Attempt] = self.fleet.active  # the runs that are training
        self._log = EventLog(root)
        self.standing = Standing(root, self._log, slots, threads)
        self._threads, self._hang_s, self._poll_s = threads, hang_s, poll_s
        self._provenance, self._guard = provenance or {}, LockGuard(root.lock)
        self._policy, self._queue = FailurePolicy(backoff_first_s), RunQueue(experiment)
        self._trials, self._torn = open_trials(experiment, root, storage)
        self._mending = Mending(experiment, root, self._trials, self._log, threads)
        self._outcomes = Outcomes(
            experiment, root, self._trials, self.counts, self._queue, slots, self._log, self._policy, self._mending
        )
        self.rule = StoppingRule(experiment, root, self.counts, self._queue, self._log, slots.total)

    def run(self) -> Iterator[str]:
        """Work until every planned run is settled, yielding a line for each thing that happens, or an empty one."""
        yield from self._take_up()
        if not self._is_over():
            self.standing.start({**self._provenance, **facts_of(self.root)})
        while not self._is_over():
            n_lines = 0
            for n_lines, line in enumerate(self._turn(), 1):  # noqa: B007 # each as it happens
                yield line
            yield ""
            if not n_lines:
                time.sleep(self._poll_s)
        yield from self.rule.look()  # at what the last turn settled
        self.root.stop.unlink(missing_ok=True)

    def _is_over(self) -> bool:
        return not self.active if self.standing.stopping else len(self.counts.settled) >= self.counts.n_planned

    def _turn(self) -> Iterator[str]:
        """Look at everything once. Trouble that passes stops nothing but launches: what it kept back is due again."""
        yield from self._obey()
        if self.standing.is_waiting and not self.standing.stopping:
            return
        try:
            yield from self._watch()
            yield from self.rule.look()
            yield from self._fill_slots()
        except Exception as error:  # databases and their drivers have exceptions of their own
            yield from self.standing.wait_out(error)
            if self.standing.stopping:
                self.fleet.release_ended()  # the next start takes note of what they left

    def _take_up(self) -> Iterator[str]:
        """Settle what was finished, adopt what is alive from before, and let the rest wait for its turn."""
        if self._torn is not None:
            self._log.note("journal repaired", torn=self._torn.name)
            yield f"the journal's end was torn: kept as {self._torn}, restored from the run folders"
        past, devices = list(self._log.past()), self._log.devices()
        self._policy.learn(past)
        self.counts.durations_s += [end.wall_s for end in ended_runs(past) if end.wall_s]
        for run in self.plan:
            lines, is_alive = self._outcomes.take_up(run)
            yield from lines
            if is_alive:
                self.fleet.adopt(run, self.root.run(run), devices[run.path])
                yield self._log.record("adopted", run)
        yield from self.rule.look()
        if self.counts.settled or self.active:
            yield f"going on: {len(self.counts.settled)} of {self.counts.n_planned} runs done, {len(self.active)} alive"

    def _obey(self) -> Iterator[str]:
        """Do what was asked from another terminal."""
        if (why := self._guard.look()) is not None:
            yield f"warning: {why}" if self._guard.is_ours else self.end_gracefully(why, is_broken=True)
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
            elif self._trials.is_hopeless(run, attempt.new_epochs) and attempt.ask_to_stop("pruned"):
                yield self._log.record("pruning", run)

    def _end(self, run: PlannedRun, attempt: Attempt) -> Iterator[str]:
        """Forget a worker once its end is written everywhere."""
        outcome = self._outcomes.end(run, attempt)
        self.fleet.release(run)
        yield from outcome.lines
        if outcome.trouble is not None:
            yield from self.standing.wait_for(outcome.trouble)
        if outcome.stop_because is not None and not self.standing.stopping:
            yield self.end_gracefully(outcome.stop_because, is_broken=True)

    def _fill_slots(self) -> Iterator[str]:
        while not self.standing.stopping and (device := self.slots.take()):
            now = time.monotonic()
            why = self._outcomes.trouble() if self.standing.waits_for or self._queue.is_due(now) else None
            run = None if why else self._queue.next(now)
            if run is None:
                self.slots.give(device)
                yield from self.standing.wait_for(why) if why else self.standing.resume()
                return
            try:
                yield from self._launch(run, device)
            except BaseException:
                self.slots.give(device)
                self._queue.add(run)
                raise
        yield from self.standing.resume()

    def _launch(self, run: PlannedRun, device: str) -> Iterator[str]:
        yield from self._mending.before_launch(run)
        if not make_ready(run, self.experiment, self.root, self._trials, self._threads, self._log):
            self.slots.give(device)
            self.counts.settle(run, "unconfirmable", None)
            yield self._log.record("unconfirmable", run)
            return
        folder = self.root.run(run)
        attempt = folder.read_state().attempt + 1
        self.fleet.launch(run, folder, device)
        yield self._log.record("launched", run, attempt=attempt, device=device)
