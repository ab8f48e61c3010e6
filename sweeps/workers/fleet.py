"""The jobs at work: one attempt for each active run, submitted or adopted, until its end is written everywhere."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.experiment import PlannedRun
from sweeps.launchers import Job, Launcher, Phase, Seen, Share, Unreachable, write_job
from sweeps.workers.attempt import LOOK_S, Attempt
from sweeps.workers.engine_events import StartWatch
from sweeps.workers.engine_news import EngineNews, News
from sweeps.workers.slots import Slots
from sweeps.workers.submissions import Submissions

#: Seconds that a worker has to end by itself before it is killed.
GRACE_S = 60.0


class Fleet:
    """The active runs, each in a slot of a device.

    Args:
        slots: where runs may go.
        threads: CPU threads of each worker.
        launcher: starts, watches and ends their workers.
        share: what each run asks of the engine.
    """

    def __init__(self, slots: Slots, threads: int, launcher: Launcher, share: Share | None = None) -> None:
        self.active: dict[PlannedRun, Attempt] = {}
        self._begun: dict[PlannedRun, Attempt] = {}  # those that are not queued: a look costs no more for the others
        self.slots, self.threads, self.launcher = slots, threads, launcher
        self.submissions = Submissions(slots, threads, launcher, share)
        self.never_starts: str | None = None  # why the engine starts no run of these
        self._starts, self._looked = StartWatch(), -float("inf")
        self._engine = EngineNews(launcher, self.submissions)

    def launch(self, run: PlannedRun, folder: RunFolder, device: str) -> Job:
        """Submit a run in a slot that has been taken on a device; return its job.

        Raises:
            Refused: the engine does not take it.
        """
        self._engine.expect_other_jobs()
        self.active[run] = attempt = self.submissions.submit(run, folder, device)
        return attempt.job

    def adopt(self, run: PlannedRun, job: Job, device: str) -> Attempt:
        """Count a job that an earlier coordinator submitted, on its device if that is there."""
        self._engine.expect_other_jobs()
        self.active[run] = attempt = Attempt(run, job, self.slots.hold(device), time.monotonic(), is_adopted=True)
        return attempt

    def is_due(self, now: float) -> bool:
        """Return whether it is time to ask the engine."""
        return now - self._looked >= self.launcher.poll_s

    def look(self) -> None:
        """Ask the engine how every job stands: where it says nothing new, nothing is done for any.

        Raises:
            Unreachable: it does not answer. Nothing is concluded, and the time does not count.
        """
        now = self._looked = time.monotonic()
        if (news := self._engine.ask(self.active.values(), now)) is not None:
            self._take(news, now)
            self._starts.hear(self.active.values(), now)
        self.never_starts = self._starts.verdict(now)

    def _take(self, news: News, now: float) -> None:
        self._begun.update({attempt.run: attempt for attempt in news.refused})
        for attempt, seen in news.changed.items():
            self._note(attempt, seen, now)
        gone = [attempt for attempt in news.changed if attempt.job.phase == Phase.GONE.value]
        if len(gone) > max(1, news.n_jobs / 2):  # not so many machines, but what the engine knew
            for attempt in gone:
                attempt.is_spared = True
        for attempt in news.changed:
            count_slot(attempt, self.slots)

    def _note(self, attempt: Attempt, said: Seen, now: float) -> None:
        """Take note of something new about a job, in its record too."""
        attempt.note(said, now)
        self._engine.expect_other_jobs()
        if attempt.is_queued:
            self._begun.pop(attempt.run, None)
        else:
            self._begun[attempt.run] = attempt
        if not self.launcher.is_local:  # whoever looks at a worker of this machine sees its process
            with suppress(InputError):  # a full disk: it is for people
                write_job(attempt.job, is_lasting=False)

    def is_over(self, attempt: Attempt, now: float) -> bool:
        """Return whether nobody works on a run any more."""
        return attempt.is_over(now, self.launcher.lost_s, self.most_s)

    def over(self, now: float) -> Iterator[tuple[PlannedRun, Attempt]]:
        """Yield every run that nobody works on any more, for the caller to release."""
        for run, attempt in list(self._begun.items()):
            if run in self.active and self.is_over(attempt, now):
                yield run, attempt

    def running(self) -> Iterator[tuple[PlannedRun, Attempt]]:
        """Yield every run whose worker is at work: what is queued costs nothing."""
        for run, attempt in list(self._begun.items()):
            if run in self.active and attempt.is_running:
                yield run, attempt

    def end_if_hung(self, attempt: Attempt, now: float, after_s: float) -> bool:
        """Return whether a run has stood still for too long: it is asked to end, then killed if it does not."""
        if attempt.has_hung(now, after_s, self.most_s):
            self.end(attempt, now=self.launcher.is_local)
            return True
        if attempt.is_due_to_be_killed(now, GRACE_S):
            self.end(attempt, now=True)
        return False

    @property
    def most_s(self) -> float:
        """Seconds between two looks that count, at most."""
        return max(LOOK_S, 1.5 * self.launcher.poll_s)

    def release(self, run: PlannedRun) -> None:
        """Forget a job that has ended; its slot is free."""
        self._engine.expect_other_jobs()
        attempt = self.active.pop(run)
        self._begun.pop(run, None)
        if attempt.has_slot:
            self.slots.give(attempt.device)
        with suppress(Unreachable):
            self.launcher.forget(attempt.job)

    def release_ended(self) -> None:
        """Forget every job that has ended."""
        for run, _ in self.over(time.monotonic()):
            self.release(run)

    def pause(self) -> None:
        """Ask every worker to end at its next checkpoint; the runs go on later. What is queued is taken back."""
        for run, attempt in list(self.active.items()):
            attempt.pause()
            if attempt.is_queued:
                self.end(attempt, now=False)
                self.submissions.revoke(attempt)
                self.release(run)

    def end(self, attempt: Attempt, *, now: bool) -> None:
        """Ask the engine to end a job; that it was us is on the disk before."""
        if not attempt.job.is_ended_by_us and not self.launcher.is_local:
            self._engine.expect_other_jobs()
            attempt.job = replace(attempt.job, is_ended_by_us=True)
            self.submissions.write(attempt.job)
        attempt.asked_to_end(None if now else time.monotonic())
        with suppress(Unreachable):  # asked again: it still stands still
            self.launcher.end(attempt.job, now=now)

    def end_now(self, grace_s: float = 10.0) -> None:
        """End every worker at once; each run keeps its last checkpoint and goes on with the next start."""
        for is_last in (False, True) if self.launcher.is_local else (False,):
            for attempt in self.active.values():
                self.end(attempt, now=is_last)
            deadline = time.monotonic() + grace_s
            while self.launcher.is_local and time.monotonic() < deadline and not self._are_over():
                time.sleep(0.05)

    def _are_over(self) -> bool:
        self.look()
        return all(self.is_over(attempt, time.monotonic()) for attempt in self.active.values())


def count_slot(attempt: Attempt, slots: Slots) -> None:
    """Let another run have the slot of one that is waited for and that no engine holds any more."""
    needs_slot = attempt.is_spared or not attempt.may_live_on
    if attempt.has_slot and not needs_slot:
        slots.give(attempt.device)
    elif needs_slot and not attempt.has_slot:
        slots.hold(attempt.device)
    attempt.has_slot = needs_slot
