"""What follows when a worker has ended: its run is settled and told, or goes on by the policy."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cvae.config import load_yaml_mapping
from cvae.errors import InputError
from cvae.record import RunError, RunState, flags_by_record
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import FailurePolicy, read_death
from sweeps.coordinator.mending import Mending
from sweeps.coordinator.run_queue import RunQueue
from sweeps.experiment import Experiment, PlannedRun
from sweeps.experiment_folder import ExperimentFolder, RunCounts, config_hash, ended_runs, final_value, trouble_now
from sweeps.study.trials import Trials
from sweeps.workers import Attempt, Fleet, cancellation, is_uncertain, uncounted_end


@dataclass(frozen=True)
class Outcome:
    """What came of a worker's end."""

    lines: tuple[str, ...]  # for people
    trouble: str | None = None  # why nothing can be launched just now
    stop_because: str | None = None  # why the sweep must stop


class Outcomes:
    """Brings runs that have ended into studies, counts, queue and ledger."""

    def __init__(
        self,
        experiment: Experiment,
        root: ExperimentFolder,
        trials: Trials,
        counts: RunCounts,
        queue: RunQueue,
        fleet: Fleet,
        log: EventLog,
        policy: FailurePolicy,
    ) -> None:
        self._experiment = experiment
        self._root = root
        self._trials = trials
        self._counts = counts
        self._queue = queue
        self._fleet = fleet
        self._log = log
        self._policy = policy
        self.mending = Mending(experiment, root, trials, log, fleet.threads)
        self._checkpoint_bytes = 0

    def trouble(self) -> str | None:
        """Return why no run can be started just now, in words; None where one can."""
        return trouble_now(self._root.path, self._checkpoint_bytes)

    def learn(self, past: Sequence[Mapping[str, Any]]) -> None:
        """Take note of what earlier coordinators did: attempts in vain, and how long runs took."""
        self._policy.learn(past)
        self._counts.durations_s += [end.wall_s for end in ended_runs(past) if end.wall_s]

    def take_up(self, run: PlannedRun, *, is_open: bool) -> list[str]:
        """Settle a run that is final from before, or let it wait for its turn, unless a job of it is open.

        Returns:
            What of its record was mended, a line each.
        """
        folder = self._root.run(run)
        lines = list(self.mending.folder(run)) if os.path.lexists(folder.path) else []
        if not folder.path.exists():
            self._queue.add(run)
            return lines
        self._trials.take_back(run, folder)
        if is_open:
            return lines
        lines += self.mending.state(run)
        if (state := folder.read_state()).is_final:
            self._settle(run, state)
        else:
            self._queue.add(run)
        return lines

    def end(self, run: PlannedRun, attempt: Attempt) -> Outcome:
        """Take note that a worker has ended; done again if trouble came between."""
        if is_uncertain(attempt):
            self._fleet.submissions.revoke(attempt)
        mended = tuple(self.mending.state(run))
        before = attempt.folder.read_state()
        died = None if before.is_final else self._note_death(run, attempt, before)
        state = attempt.folder.read_state()
        if state.is_final:
            self._settle(run, state)
            ended = self._log.record("ended", run, **self._facts(run, state, attempt))
            lines = (*mended, *(died.lines if died else ()), ended)
            return Outcome(lines, stop_because=self._policy.note_end(state, attempt))
        if died is None:  # paused: it goes on as it was
            self._queue.add(run)
            return Outcome(mended)
        return replace(died, lines=(*mended, *died.lines))

    def _note_death(self, run: PlannedRun, attempt: Attempt, state: RunState) -> Outcome | None:
        """Deal with a worker that left no result; None where it was asked to end."""
        death = read_death(attempt, state)
        if attempt.error(state) is None:
            if (person := cancellation(attempt)) is not None:
                attempt.folder.write_state(replace(state, status="stopped", error=person))
                return Outcome((self._log.record("cancelled", run, job=attempt.job.id),))
            if (end := uncounted_end(attempt)) is not None:
                wait_s = self._policy.looks_to_wait(attempt, end) * self._fleet.launcher.poll_s
                self._queue.add(run, time.monotonic() + wait_s)
                return Outcome((self._log.record(end.event, run, why=end.why),))
            if attempt.is_paused:
                return None
        if death.kind in ("io", "interruption") and (trouble := self.trouble()) is not None:
            line = self._log.record("died", run, **death.facts | {"kind": "disk full"})
            self._queue.add(run)
            return Outcome((line,), trouble)
        if death.kind == "place":  # no run's fault, and the next would find the same
            line = self._log.record("died", run, **death.facts)
            self._queue.add(run)
            return Outcome((line,), stop_because=str(death.message))
        lines = [self._log.record("died", run, **death.facts)]
        action, wait_s, message = self._policy.judge(attempt, death)
        if death.kind == "memory" and not self._fleet.launcher.is_local:  # it has no neighbours of ours to be rid of
            if (share := self._fleet.submissions.enlarge(attempt)) is not None:
                lines.append(self._log.record("enlarged", run, gpus=share.gpus or None, memory_gb=share.memory_gb))
                self._queue.add(run)
                return Outcome(tuple(lines))
            action = "infeasible"
        is_there = attempt.folder.path.exists()  # else it is made anew, since nobody could see that it has failed
        if is_there and action in ("failed", "infeasible"):
            flags = flags_by_record(attempt.folder.read_epochs(), diverged=False)
            error = RunError(death.kind, death.error_type, message)
            attempt.folder.write_state(replace(state, status=action, error=error, flags=flags))
            return Outcome(tuple(lines))
        if action == "halve" and self._fleet.slots.caps[attempt.device] >= attempt.job.slots_then:
            left = self._fleet.slots.halve(attempt.device)
            lines.append(self._log.record("halved", run, device=attempt.device, slots=left))
        self._queue.add(run, time.monotonic() + wait_s)
        return Outcome(tuple(lines))

    def _settle(self, run: PlannedRun, state: RunState) -> None:
        """Take note of a final run; a trial is told, once."""
        if run.phase == "tune":
            self._trials.tell(run, state)
            self._queue.tuned(run)
        self._counts.settle(run, state.status, final_value(self._experiment, run, state))

    def _facts(self, run: PlannedRun, state: RunState, attempt: Attempt) -> dict[str, Any]:
        with suppress(OSError):
            self._checkpoint_bytes = max(self._checkpoint_bytes, attempt.folder.checkpoint.stat().st_size)
        origin = {"git_commit": state.git_commit, "data_fingerprint": state.data_fingerprint}
        # the last attempt, or where there were several or it was adopted, what the training says of all
        this_s = 0.0 if attempt.is_adopted else time.monotonic() - attempt.started
        wall_s = round(max(this_s, state.seconds or 0.0), 3)
        if wall_s:
            self._counts.durations_s.append(wall_s)
        trains = None
        with suppress(InputError):  # damaged since: its worker had read it
            trains = config_hash(load_yaml_mapping(attempt.folder.config))
        return {key: value for key, value in origin.items() if value} | {
            "trains": trains,
            "status": state.status,
            "value": self._counts.values.get(run),
            "error": state.error.message if state.error else None,
            "attempts": state.attempt,
            "wall_s": wall_s or None,
            "device": attempt.place,
        }
