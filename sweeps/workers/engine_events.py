"""What an engine's word about the end of a job means for its run, where the run's own record says nothing.

| the engine says | counts as | then |
| --- | --- | --- |
| preempted | nothing | submitted again at once |
| its worker left, since the run was another's | nothing | submitted again once it stands still; each time later |
| never started | nothing | submitted again, each time later; where no run starts for ten minutes, the sweep stops |
| most jobs are unknown at once | nothing | the engine lost them: each goes on once its run has stood still |
| one job is unknown, or its machine was lost | in vain | the same, as the next attempt |
| time limit | in vain, without a new checkpoint | next attempt from the checkpoint |
| out of memory | memory | more is asked for, as far as the engine lets; else `infeasible` |
| cancelled, and not by us | a person's word | `stopped`: goes on with `--retry stopped` |
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cvae.record import RunError
from sweeps.launchers import NOT_OURS, Phase, Seen
from sweeps.workers.attempt import Attempt

#: The sweep stops where no run of it has started for so long and the engine says that none will.
NEVER_S = 600.0

#: Cause of an end -> class of failure (`sweeps/coordinator/failure_policy.py`).
KINDS = {"memory": "memory", "time_limit": "time limit", "node_lost": "node lost"}


@dataclass(frozen=True)
class UncountedEnd:
    """An end that is no attempt in vain."""

    event: str  # of the ledger
    why: str
    looks: int  # of the engine, until the run is submitted again for the first time


def uncounted_end(attempt: Attempt) -> UncountedEnd | None:
    """Return why a job's end counts for nothing; None where it counts. The run's record says nothing of its own."""
    seen = attempt.seen or Seen(Phase.ENDED)
    said = f": {seen.said}" if seen.said else ""
    if seen.exit_status == NOT_OURS:
        return UncountedEnd("resubmitted", "its worker found the run in another's hands", 5)
    if seen.cause == "preempted":
        return UncountedEnd("preempted", f"its place was given to another job{said}", 0)
    if seen.cause == "never_started":
        return UncountedEnd("resubmitted", f"it was never started{said}", 6)
    if seen.phase is Phase.GONE and attempt.is_spared:
        return UncountedEnd("resubmitted", f"{attempt.job.engine} does not know most of its jobs any more", 0)
    return None


def cancellation(attempt: Attempt) -> RunError | None:
    """Return what a run is stopped with whose job somebody else cancelled; None where nobody did."""
    if attempt.seen is None or attempt.seen.cause != "cancelled" or attempt.job.is_ended_by_us:
        return None
    said = f" ({attempt.seen.said})" if attempt.seen.said else ""
    job = attempt.job
    return RunError("cancelled", "Cancelled", f"its job {job.id} was cancelled in {job.engine}{said}, not by the sweep")


def failure_class(seen: Seen) -> str:
    """Return the class of failure that an engine's word stands for."""
    return "node lost" if seen.phase is Phase.GONE else KINDS.get(seen.cause, "interruption")


def is_uncertain(attempt: Attempt) -> bool:
    """Return whether a worker may live although its job is over: its token must be taken from it."""
    seen = attempt.seen
    return seen is not None and (seen.phase is Phase.GONE or seen.cause in ("node_lost", "never_started", "cancelled"))


class StartWatch:
    """Sees whether an engine starts any run of the sweep at all."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._has_started = False
        self._never: str | None = None  # why the last one never starts; None where the engine says so of none

    def hear(self, attempts: Iterable[Attempt], now: float) -> None:
        """Take note of what the engine says of all runs, where it says something new."""
        if self._has_started:
            return
        seen = [attempt.seen for attempt in attempts if attempt.seen is not None]
        self._has_started = any(s.phase is Phase.RUNNING for s in seen)
        never = [s.said for s in seen if s.cause == "never_started"]
        if self._has_started or (seen and len(never) < len(seen)):
            self._since = None
        elif never and self._since is None:
            self._since = now
        self._never = (never[-1] or "the engine does not say why") if never else None

    def verdict(self, now: float) -> str | None:
        """Return why the sweep must stop: no run has started, and the engine says for ten minutes that none will."""
        if self._never is None or self._since is None or now - self._since < NEVER_S:
            return None
        return f"no run has started for {NEVER_S / 60:.0f} minutes: {self._never}"
