"""The one process that opens the studies: it asks, launches workers, watches their folders, tells.

Everything it knows is on the disk. Killed at any instant and started again, it finds finished runs, adopts workers
that are still alive and gives dead ones their next attempt. What becomes of a failed attempt is
`sweeps/coordinator/failure_policy.py`.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeps.coordinator.creation import make_ready
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import FailurePolicy
from sweeps.coordinator.lock_guard import LockGuard
from sweeps.coordinator.outcomes import Outcomes
from sweeps.coordinator.run_queue import RunQueue
from sweeps.coordinator.standing import Standing
from sweeps.coordinator.stopping_rule import StoppingRule
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import ExperimentFolder, RunCounts
from sweeps.launchers import Launcher, Share
from sweeps.study.ownership import facts_of
from sweeps.study.trials import open_trials
from sweeps.workers import Attempt, Fleet, JobsFromBefore, Slots

#: Seconds between two turns, at most: how long a request from another terminal waits.
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
        launcher: Launcher,
        share: Share | None = None,
        storage: str | Path | None = None,
        hang_s: float = HANG_S,
        backoff_first_s: float = 1.0,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.experiment, self.root, self.plan = experiment, root, all_runs(experiment)
        self.counts = RunCounts(self.plan)
        self.signals: list[int] = []  # that came; one is a request to end gracefully
        self.slots, self.fleet = slots, Fleet(slots, threads, launcher, share)
        self.active: Mapping[PlannedRun, Attempt] = self.fleet.active  # the runs that are training
        self._log = EventLog(root)
        self.standing = Standing(root, self._log, slots, threads)
        self._threads, self._hang_s, self._poll_s = threads, hang_s, min(POLL_S, launcher.poll_s)
        self._provenance, self._guard = provenance or {}, LockGuard(root.lock)
        self._queue = RunQueue(experiment)
        self._trials, self._torn = open_trials(experiment, root, storage)
        policy = FailurePolicy(backoff_first_s)
        self._outcomes = Outcomes(
            experiment, root, self._trials, self.counts, self._queue, self.fleet, self._log, policy
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
        self.standing.end()

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
        except Exception as error:  # databases, their drivers and engines have exceptions of their own
            yield from self.standing.wait_out(error)
            if self.standing.stopping:
                self.fleet.release_ended()  # the next start takes note of what they left

    def _take_up(self) -> Iterator[str]:
        """Settle what was finished, adopt what is alive from before, and let the rest wait for its turn."""
        if self._torn is not None:
            self._log.note("journal repaired", torn=self._torn.name)
            yield f"the journal's end was torn: kept as {self._torn}, restored from the run folders"
        self._outcomes.learn(list(self._log.past()))
        jobs, devices = JobsFromBefore({run: self.root.run(run) for run in self.plan}, self.fleet), self._log.devices()
        for run in self.plan:
            job = jobs.open(run)
            yield from self._outcomes.take_up(run, is_open=job is not None)
            if job is not None:
                self.fleet.adopt(run, job, devices[run.path])
                yield self._log.record("adopted", run)
        yield from self.rule.look()
        if self.counts.settled or self.active:
            yield f"going on: {len(self.counts.settled)} of {self.counts.n_planned} runs done, {len(self.active)} alive"

    def _obey(self) -> Iterator[str]:
        """Do what was asked from another terminal."""
        self.standing.beat()
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
        if not self.fleet.is_due(now := time.monotonic()):
            return
        self.fleet.look()
        if self.fleet.never_starts and not self.standing.stopping:
            yield self.end_gracefully(self.fleet.never_starts, is_broken=True)
        for run, attempt in self.fleet.over(now):
            yield from self._end(run, attempt)
        for run, attempt in self.fleet.running():
            if self.fleet.end_if_hung(attempt, now, self._hang_s):
                yield self._log.record("hung", run, step=attempt.folder.read_heartbeat())
            elif self._trials.is_hopeless(run, attempt.new_epochs) and attempt.prune():
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
        yield from self._outcomes.mending.before_launch(run)
        if not make_ready(run, self.experiment, self.root, self._trials, self._threads, self._log):
            self.slots.give(device)
            self.counts.settle(run, "unconfirmable", None)
            yield self._log.record("unconfirmable", run)
            return
        job = self.fleet.launch(run, self.root.run(run), device)
        yield self._log.record("launched", run, attempt=job.attempt, device=device)
