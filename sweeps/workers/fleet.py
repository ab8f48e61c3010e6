"""The jobs at work: one attempt for each active run, submitted or adopted, until its end is written everywhere."""

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.experiment import PlannedRun
from sweeps.launchers import Job, Launcher, Phase, Seen, Share, Unreachable, new_token, read_job, write_job
from sweeps.workers.attempt import LOOK_S, Attempt
from sweeps.workers.slots import Slots

#: Seconds until a job of which nobody knows whether it was submitted is submitted again, under the same token.
SUBMIT_AGAIN_S = 10.0

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
        self.launcher = launcher
        self._slots, self._threads = slots, threads
        self._share = share or Share(threads)
        self._looked = -float("inf")

    def launch(self, run: PlannedRun, folder: RunFolder, device: str, attempt: int) -> None:
        """Submit a run in a slot that has been taken on a device. Its token is on the disk before.

        Raises:
            Refused: the engine does not take it.
        """
        before, engine = read_job(folder), self.launcher.name
        larger = before.larger if before is not None and before.engine == engine else None
        job = Job(folder, new_token(), engine, attempt, slots_then=self._slots.caps[device], larger=larger)
        self._write(job)
        started = Attempt(run, job, device, time.monotonic())
        self._submit(started)
        self.active[run] = started

    def _submit(self, attempt: Attempt) -> None:
        job, pinned = attempt.job, {"OMP_NUM_THREADS": str(self._threads)}
        if self.launcher.is_local:
            pinned = self._slots.environment(attempt.device, self._threads)
        attempt.submitted = time.monotonic()
        with suppress(Unreachable):  # perhaps it has it, and its answer was lost: looked for, then submitted again
            known = self.launcher.submit(job, job.larger or self._share, pinned)
            attempt.job = replace(job, id=known, phase=Phase.RUNNING.value if self.launcher.is_local else "")
            self._write(attempt.job)

    def adopt(self, run: PlannedRun, job: Job, device: str) -> Attempt:
        """Count a job that an earlier coordinator submitted, on its device if that is there."""
        device = self._slots.hold(device)
        self.active[run] = attempt = Attempt(run, job, device, time.monotonic(), is_adopted=True)
        return attempt

    def look_at(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Return token -> how it stands, of jobs that are not active yet.

        Raises:
            Unreachable: the engine does not answer.
        """
        doubtful = [job for job in jobs if job.id is None]
        found = self.launcher.find(doubtful) if doubtful else {}
        known = [replace(job, id=found.get(job.token, job.id)) for job in jobs]
        asked = [job for job in known if job.id is not None or self.launcher.is_local]
        return {job.token: Seen(Phase.GONE) for job in jobs} | (self.launcher.look(asked) if asked else {})

    def is_due(self, now: float) -> bool:
        """Return whether it is time to ask the engine."""
        return now - self._looked >= self.launcher.poll_s

    def look(self) -> None:
        """Ask the engine how every job stands: one call for all, and one more where a submission is in doubt.

        Raises:
            Unreachable: it does not answer. Nothing is concluded, and the time does not count.
        """
        now = self._looked = time.monotonic()
        try:
            self._settle_doubts(now)
            jobs = [attempt.job for attempt in self.active.values() if attempt.job.id is not None]
            seen = self.launcher.look(jobs) if jobs else {}
        except Unreachable:
            for attempt in self.active.values():
                attempt.skip(now)
            raise
        gone = [attempt for attempt in self.active.values() if self._note(attempt, seen, now)]
        if len(gone) > max(1, len(jobs) / 2):  # not so many machines, but what the engine knew
            for attempt in gone:
                attempt.is_spared = True

    def _settle_doubts(self, now: float) -> None:
        """Find jobs that were perhaps submitted; submit again what nobody knows after a while, as the same job."""
        doubtful = [attempt for attempt in self.active.values() if attempt.job.id is None]
        found = self.launcher.find([attempt.job for attempt in doubtful]) if doubtful else {}
        for attempt in doubtful:
            if (known := found.get(attempt.job.token)) is not None:
                attempt.job = replace(attempt.job, id=known)
                self._write(attempt.job)
            elif now - attempt.submitted >= (0.0 if self.launcher.is_local else SUBMIT_AGAIN_S):
                self._submit(attempt)

    def _note(self, attempt: Attempt, seen: Mapping[str, Seen], now: float) -> bool:
        """Take note of how a job stands, in its record too; return whether it has just been lost."""
        said = seen.get(attempt.job.token)
        was_gone = attempt.seen is not None and attempt.seen.phase is Phase.GONE
        if said is None or not attempt.note(said, now):
            return False
        is_new = said.phase.value != attempt.job.phase
        since = datetime.now(UTC).isoformat(timespec="seconds") if is_new else attempt.job.since
        where = said.where or attempt.job.where
        attempt.job = replace(attempt.job, phase=said.phase.value, where=where, said=said.said, since=since)
        if not self.launcher.is_local:  # whoever looks at a worker of this machine sees its process
            with suppress(InputError):  # a full disk: it is for people
                write_job(attempt.job, is_lasting=False)
        return said.phase is Phase.GONE and not was_gone

    def _write(self, job: Job) -> None:
        write_job(job, is_lasting=not self.launcher.is_local)

    def is_over(self, attempt: Attempt, now: float) -> bool:
        """Return whether nobody works on a run any more."""
        return attempt.is_over(now, self.launcher.lost_s, self.most_s)

    @property
    def most_s(self) -> float:
        """Seconds between two looks that count, at most."""
        return max(LOOK_S, 1.5 * self.launcher.poll_s)

    def release(self, run: PlannedRun) -> None:
        """Forget a job that has ended; its slot is free."""
        attempt = self.active.pop(run)
        self._slots.give(attempt.device)
        with suppress(Unreachable):
            self.launcher.forget(attempt.job)

    def release_ended(self) -> None:
        """Forget every job that has ended."""
        for run in [run for run, attempt in self.active.items() if self.is_over(attempt, time.monotonic())]:
            self.release(run)

    def pause(self) -> None:
        """Ask every worker to end at its next checkpoint; the runs go on later. What is queued is taken back."""
        for run, attempt in list(self.active.items()):
            attempt.pause()
            if attempt.is_queued:
                self.end(attempt, now=False)
                self.revoke(attempt)
                self.release(run)

    def end(self, attempt: Attempt, *, now: bool) -> None:
        """Ask the engine to end a job; that it was us is on the disk before."""
        if not attempt.job.is_ended_by_us and not self.launcher.is_local:
            attempt.job = replace(attempt.job, is_ended_by_us=True)
            self._write(attempt.job)
        attempt.asked_to_end(None if now else time.monotonic())
        with suppress(Unreachable):  # asked again: it still stands still
            self.launcher.end(attempt.job, now=now)

    def revoke(self, attempt: Attempt, larger: Share | None = None) -> None:
        """Let a job write nothing any more, whatever its engine says of it: its token is another's from now on."""
        job = attempt.job
        self._write(replace(job, token=new_token(), id=None, phase="over", larger=larger or job.larger))

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
