"""How a job comes to its engine and is taken back: what its record says, and in which order."""

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from cvae.errors import unless_damaged
from cvae.record import RunFolder, RunState
from sweeps.experiment import PlannedRun
from sweeps.launchers import Job, Launcher, Phase, Refused, Seen, Share, Unreachable, new_token, read_job, write_job
from sweeps.workers.attempt import Attempt
from sweeps.workers.slots import Slots

#: Seconds until a job of which nobody knows whether it was submitted is submitted again, under the same token.
SUBMIT_AGAIN_S = 10.0


class Submissions:
    """Submits runs to an engine; arguments as those of `Fleet`."""

    def __init__(self, slots: Slots, threads: int, launcher: Launcher, share: Share | None) -> None:
        self._slots, self._threads, self._launcher = slots, threads, launcher
        self._share = share or Share(threads)

    def submit(self, run: PlannedRun, folder: RunFolder, device: str) -> Attempt:
        """Submit a run for a device; its token is on the disk before, its id after.

        Raises:
            Refused: the engine does not take it.
        """
        number = unless_damaged(folder.read_state, RunState(), []).attempt + 1
        before, engine = read_job(folder), self._launcher.name
        larger = before.larger if before is not None and before.engine == engine else None
        job = Job(folder, new_token(), engine, number, slots_then=self._slots.caps[device], larger=larger)
        self.write(job)
        attempt = Attempt(run, job, device, time.monotonic())
        try:
            self._submit(attempt)
        except Refused:
            self.revoke(attempt)
            raise
        return attempt

    def _submit(self, attempt: Attempt) -> None:
        job, pinned = attempt.job, {"OMP_NUM_THREADS": str(self._threads)}
        if self._launcher.is_local:
            pinned = self._slots.environment(attempt.device, self._threads)
        attempt.submitted = time.monotonic()
        with suppress(Unreachable):  # perhaps it has it, and its answer was lost: looked for, then submitted again
            known = self._launcher.submit(job, job.larger or self._share, pinned)
            attempt.job = replace(job, id=known, phase=Phase.RUNNING.value if self._launcher.is_local else "")
            self.write(attempt.job)

    def settle_doubts(self, attempts: Collection[Attempt], now: float) -> list[Attempt]:
        """Find jobs that were perhaps submitted; submit again what nobody knows after a while, as the same job.

        Returns:
            Those that the engine refuses.

        Raises:
            Unreachable: the engine does not answer.
        """
        doubtful = [attempt for attempt in attempts if attempt.job.id is None]
        found = self._launcher.find([attempt.job for attempt in doubtful]) if doubtful else {}
        refused = []
        for attempt in doubtful:
            if (known := found.get(attempt.job.token)) is not None:
                attempt.job = replace(attempt.job, id=known)
                self.write(attempt.job)
            elif now - attempt.submitted >= (0.0 if self._launcher.is_local else SUBMIT_AGAIN_S):
                try:
                    self._submit(attempt)
                except Refused as error:
                    attempt.note(Seen(Phase.ENDED, cause="never_started", said=str(error)), now)
                    refused.append(attempt)
        return refused

    def enlarge(self, attempt: Attempt) -> Share | None:
        """Let a run that ran out of memory ask for more next time; None where there is no more to ask for."""
        larger = self._launcher.enlarge(attempt.job.larger or self._share)
        if larger is not None:
            self.revoke(attempt, larger)
        return larger

    def revoke(self, attempt: Attempt, larger: Share | None = None) -> None:
        """Let a job write nothing any more, whatever its engine says of it: its token is another's from now on."""
        job = attempt.job
        self.write(replace(job, token=new_token(), id=None, phase="over", larger=larger or job.larger))

    def write(self, job: Job) -> None:
        """Replace a job's record; for a job on another machine it must outlive a power cut of this one."""
        write_job(job, is_lasting=not self._launcher.is_local)
