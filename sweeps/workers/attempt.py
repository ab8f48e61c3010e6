"""One job at work on one run, seen from outside: queued or running, how far, hung, lost, over."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvae.errors import InputError, unless_damaged
from cvae.files import read_current
from cvae.record import RunError, RunState
from sweeps.experiment import PlannedRun
from sweeps.launchers import NOT_OURS, Job, Phase, Seen

#: Seconds between two looks that count, at most: in a longer gap this process was not there to see the worker beat.
LOOK_S = 5.0


class Stillness:
    """For how long something has not changed, in time in which this process looked.

    A pause of the whole machine, or an engine that does not answer, counts for nothing.
    """

    def __init__(self, now: float) -> None:
        self.seconds = 0.0
        self._seen = b""
        self._looked = now

    def look(self, now: float, content: bytes, most_s: float) -> float:
        """Return the seconds for which the content has stood still; empty content says nothing.

        Args:
            now: monotonic clock, seconds.
            content: what changes while work goes on.
            most_s: what the time since the last look counts for at most.
        """
        watched_s, self._looked = min(now - self._looked, most_s), now
        if content and content != self._seen:
            self._seen, self.seconds = content, 0.0
        else:
            self.seconds += watched_s
        return self.seconds

    def skip(self, now: float) -> None:
        """Let the time since the last look count for nothing."""
        self._looked = now


class Attempt:
    """A job: one that this process submitted, or one of an earlier coordinator's (adopted)."""

    def __init__(self, run: PlannedRun, job: Job, device: str, now: float, *, is_adopted: bool = False) -> None:
        self.run, self.folder, self.job, self.device = run, job.folder, job, device
        self.is_adopted = is_adopted
        self.started = now  # when it was first seen running, once it was
        self.submitted = now
        self.number_before = -1 if is_adopted else job.attempt - 1
        self.seen: Seen | None = None  # None before the first look
        self.is_paused = False
        self.is_spared = False  # lost with most of the others: the engine's fault, and nobody's attempt in vain
        self.has_slot = True
        self._beating, self._lost = Stillness(now), Stillness(now)
        self._end_asked: float | None = None
        self._offset = 0

    @property
    def place(self) -> str:
        """Where it works, for people: the device, or the machine that its engine chose."""
        return self.device if self.job.engine == "local" or not self.job.where else self.job.where

    @property
    def is_running(self) -> bool:
        """Whether its worker is at work, as far as the engine knows."""
        return self.seen is not None and self.seen.phase is Phase.RUNNING

    @property
    def is_queued(self) -> bool:
        """Whether the engine has it and has not started it."""
        return self.seen is not None and self.seen.phase is Phase.QUEUED

    @property
    def may_live_on(self) -> bool:
        """Whether the engine holds no job of the run any more, and a worker may train it all the same."""
        if self.seen is None or self.seen.phase in (Phase.QUEUED, Phase.RUNNING):
            return False
        # on one machine the lock has said already that nobody is at work
        is_anothers = self.seen.exit_status == NOT_OURS and self.job.engine != "local"
        return self.seen.phase is Phase.GONE or self.seen.cause == "node_lost" or is_anothers

    def note(self, seen: Seen, now: float) -> None:
        """Take note of something new that the engine says."""
        if seen.phase is Phase.RUNNING and not self.is_running:  # a run that waits in a queue cannot hang
            self.started = now
            self._beating = Stillness(now)
        if not self.may_live_on:
            self._lost = Stillness(now)
        self.seen = seen
        is_new = seen.phase.value != self.job.phase
        since = datetime.now(UTC).isoformat(timespec="seconds") if is_new else self.job.since
        where = seen.where or self.job.where
        self.job = replace(self.job, phase=seen.phase.value, where=where, said=seen.said, since=since)

    def skip(self, now: float) -> None:
        """Let the time since the last look count for nothing: nobody could see anything."""
        self._beating.skip(now)
        self._lost.skip(now)

    def is_over(self, now: float, lost_s: float, most_s: float = LOOK_S) -> bool:
        """Return whether nobody works on the run any more.

        A run may be trained on whose job its engine lost, or whose machine was lost, or whose worker found another at
        work: it is over once its record has stood still for `lost_s`, or is final.
        """
        if self.seen is None or self.seen.phase in (Phase.QUEUED, Phase.RUNNING):
            return False
        if not self.may_live_on:
            return True
        if unless_damaged(self.folder.read_state, RunState(), []).is_final:
            return True
        content = _content(self.folder.heartbeat) + b"/" + _content(self.folder.state)
        return self._lost.look(now, content, most_s) >= lost_s

    def error(self, state: RunState) -> RunError | None:
        """Return the error that this attempt recorded; one of an earlier attempt is not its."""
        return state.error if state.attempt > self.number_before else None

    def has_hung(self, now: float, after_s: float, most_s: float = LOOK_S) -> bool:
        """Return whether the run has stood still for too long, on this process's monotonic clock; once for each time.

        Only time in which this process looked counts: a pause of the whole machine is nobody's hang. A file that is not
        there or empty says nothing.
        """
        if self._beating.look(now, _content(self.folder.heartbeat), min(most_s, after_s / 4)) <= after_s:
            return False
        self._beating.seconds = 0.0  # reported once: what ends it takes a moment
        return True

    def is_due_to_be_killed(self, now: float, after_s: float) -> bool:
        """Return whether a worker that was asked to end has had its time; asks for none where nobody asked."""
        return self._end_asked is not None and now - self._end_asked >= after_s

    def asked_to_end(self, now: float | None) -> None:
        """Take note that the engine was asked to end it; None once it was asked to kill it."""
        self._end_asked = now

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


def _content(path: Path) -> bytes:
    try:
        return read_current(path)
    except OSError:
        return b""
