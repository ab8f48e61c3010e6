"""The jobs that an earlier coordinator submitted: which of them have to be waited for."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace

from cvae.errors import unless_damaged
from cvae.record import RunFolder, RunState
from sweeps.experiment import PlannedRun
from sweeps.launchers import Job, Launcher, Phase, Seen, Unreachable, new_token, read_job
from sweeps.workers.fleet import Fleet


class JobsFromBefore:
    """Asks the engine once how all of them stand, and says which are open.

    Open is what is queued or runs, and what ended in a way that the run folder does not tell of: lost, cancelled,
    preempted. Where the engine does not answer, all are: they are looked at again.
    """

    def __init__(self, folders: Mapping[PlannedRun, RunFolder], fleet: Fleet) -> None:
        jobs = {run: job_from_before(folder, fleet.launcher) for run, folder in folders.items() if folder.path.exists()}
        self._jobs = {run: job for run, job in jobs.items() if job is not None}
        self._seen: dict[str, Seen] | None = None  # None: the engine does not answer
        with suppress(Unreachable):
            self._seen = _look_at(list(self._jobs.values()), fleet.launcher)

    def open(self, run: PlannedRun) -> Job | None:
        """Return a run's job where it is to be adopted; None where nobody works on the run."""
        job = self._jobs.get(run)
        if job is None or self._seen is None:
            return job
        seen = self._seen[job.token]
        if seen.phase in (Phase.QUEUED, Phase.RUNNING):
            return job
        is_final = unless_damaged(job.folder.read_state, RunState(), []).is_final
        is_known = seen.phase is Phase.ENDED and (seen.cause in ("", "exit") or job.is_ended_by_us)
        return None if is_final or is_known else job


def job_from_before(folder: RunFolder, launcher: Launcher) -> Job | None:
    """Return the job that may be at work on a run; None where none is.

    Where its record was lost, the state says what it knows, and a lock who holds it.
    """
    job, state = read_job(folder), unless_damaged(folder.read_state, RunState(), [])
    if job is not None and job.phase not in ("over", Phase.ENDED.value):
        return None if state.is_final and job.engine == "local" and not folder.is_being_trained() else job
    if folder.is_being_trained() or (job is None and state.status == "running"):
        found = Job(folder, state.token or new_token(), launcher.name, state.attempt)
        is_known = launcher.is_local and state.host is not None
        return replace(found, id=f"{state.host} {state.pid} {state.birth}") if is_known else found
    return None


def _look_at(jobs: Collection[Job], launcher: Launcher) -> dict[str, Seen]:
    doubtful = [job for job in jobs if job.id is None]
    found = launcher.find(doubtful) if doubtful else {}
    known = [replace(job, id=found.get(job.token, job.id)) for job in jobs]
    asked = [job for job in known if job.id is not None or launcher.is_local]
    return {job.token: Seen(Phase.GONE) for job in jobs} | (launcher.look(asked) if asked else {})
