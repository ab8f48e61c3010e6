"""What follows when a worker has ended: its run is settled and told, or goes on by the policy."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cvae.record import FINAL_STATUSES, flags_by_record
from sweeps.coordinator.counts import RunCounts
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.failure_policy import Failures, read_death
from sweeps.coordinator.run_queue import RunQueue
from sweeps.experiment import PlannedRun
from sweeps.experiment_folder import ExperimentFolder, has_room, short_hash
from sweeps.study.trials import Trials
from sweeps.workers import Attempt, Slots


class Outcomes:
    """Brings the ends of workers into studies, counts, queue and ledger."""

    def __init__(
        self,
        root: ExperimentFolder,
        trials: Trials,
        tally: RunCounts,
        queue: RunQueue,
        slots: Slots,
        chronicle: EventLog,
        failures: Failures,
    ) -> None:
        self.report: str | None = None  # why the sweep must stop
        self.found_disk_full = False
        self._root = root
        self._trials = trials
        self._tally = tally
        self._queue = queue
        self._slots = slots
        self._chronicle = chronicle
        self._failures = failures
        self._checkpoint_bytes = 0

    def has_room(self) -> bool:
        """Return whether the disk has room for another run."""
        return has_room(self._root.path, self._checkpoint_bytes)

    def end(self, run: PlannedRun, attempt: Attempt) -> Iterator[str]:
        """Take note that a worker has ended, yielding what is to be said; done again if the disk was full."""
        lines = list(self._note_death(run, attempt))
        state = attempt.folder.read_state()
        is_final = state["status"] in FINAL_STATUSES
        if is_final:
            self.settle(run, state)
        self._slots.give(attempt.device)
        yield from lines
        if is_final:
            yield self._chronicle.record("ended", run, **self._outcome(run, state, attempt))
            self.report = self._failures.note_end(state, attempt) or self.report
        elif not lines:  # paused: it goes on as it was
            self._queue.add(run)

    def _note_death(self, run: PlannedRun, attempt: Attempt) -> Iterator[str]:
        """Deal with a worker that left no result; nothing to say where it did, or where it was asked to end."""
        state = attempt.folder.read_state()
        death = read_death(attempt, state)
        if state["status"] in FINAL_STATUSES or (attempt.is_paused and death.kind == "interruption"):
            return
        if death.kind in ("io", "interruption") and not self.has_room():
            self.found_disk_full = True
            yield self._chronicle.record("died", run, **death.facts | {"kind": "disk full"})
            self._queue.add(run)
            return
        yield self._chronicle.record("died", run, **death.facts)
        action, wait_s, words = self._failures.judge(attempt, death)
        if action in ("failed", "infeasible"):
            facts = {"kind": death.kind, "type": death.error_type, "message": words}
            flags = flags_by_record(attempt.folder.read_epochs(), diverged=False)
            attempt.folder.write_state(state | {"status": action, "error": facts, "flags": flags})
            return
        if action == "halve" and self._slots.caps[attempt.device] >= attempt.slots_then:
            left = self._slots.halve(attempt.device)
            yield self._chronicle.record("halved", run, device=attempt.device, slots=left)
        self._queue.add(run, time.monotonic() + wait_s)

    def settle(self, run: PlannedRun, state: dict[str, Any]) -> None:
        """Take note of a final run; a trial is told, once."""
        if run.phase == "tune":
            self._trials.tell(run, state)
            self._queue.tuned(run)
        self._tally.settle(run, state["status"], self._trials.final_value(run, state))

    def _outcome(self, run: PlannedRun, state: dict[str, Any], attempt: Attempt) -> dict[str, Any]:
        with suppress(OSError):
            self._checkpoint_bytes = max(self._checkpoint_bytes, attempt.folder.checkpoint.stat().st_size)
        facts = {key: state.get(key) for key in ("git_commit", "data_fingerprint") if state.get(key)}
        # the last attempt, or where there were several or it was adopted, what the training says of all
        this_s = time.monotonic() - attempt.started if attempt.process else 0.0
        wall_s = max(this_s, float(state.get("seconds") or 0.0))
        return facts | {
            "config": short_hash(attempt.folder.config.read_text()),
            "status": state["status"],
            "value": self._tally.values.get(run),
            "error": (state.get("error") or {}).get("message"),
            "attempts": state.get("attempt"),
            "wall_s": round(wall_s, 3) or None,
            "device": attempt.device,
        }
