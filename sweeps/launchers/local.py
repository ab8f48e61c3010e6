"""Workers that are processes of this machine: forked from one parent that has PyTorch, or started by themselves.

An id is the process as others find it again: machine, number, birth. A lock that a live process holds counts beside it,
where the disk is this machine's own: it says who is at work even where a record was lost.
"""

import os
import signal
import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from cvae.files import network_type
from cvae.processes import mark_of
from sweeps.launchers.forked_worker import ForkServer
from sweeps.launchers.job_record import Job, Share
from sweeps.launchers.launcher import Launcher, Phase, Seen
from sweeps.launchers.worker_process import Start, WorkerProcess


class LocalLauncher:
    """Starts workers on this machine, and finds those that an earlier coordinator started.

    Args:
        start: starts a worker's process for a run folder and a token, in an environment; None: a fork server.
        poll_s: seconds between two looks.
    """

    name, poll_s, lost_s, is_local = "local", 0.2, 120.0, True

    def __init__(self, start: Start | None = None, poll_s: float = poll_s) -> None:
        self.poll_s = poll_s
        self._server = ForkServer() if start is None else None
        self.start: Start = start if self._server is None else self._server.start  # type: ignore[assignment]
        self._processes: dict[str, WorkerProcess] = {}  # token -> a process of ours

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Start the worker's process."""
        process = self.start(job.folder, job.token, dict(environment))
        self._processes[job.token] = process
        return id_of(process.pid)

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        """Return the ids of those whose run a live process of this machine trains."""
        trainers = {job.token: job.folder.trainer() for job in jobs}
        return {token: id_of(mark.pid) for token, mark in trainers.items() if mark is not None}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Return how each stands."""
        return {job.token: self._seen(job) for job in jobs}

    def _seen(self, job: Job) -> Seen:
        process = self._processes.get(job.token)
        if process is None:
            return seen_here(job)
        if process.poll() is None:
            return Seen(Phase.RUNNING, socket.gethostname())
        if job.folder.is_being_trained():
            del self._processes[job.token]  # a worker from before was faster to take the run
            return seen_here(job)
        return Seen(Phase.ENDED, socket.gethostname(), "exit", process.returncode)

    def end(self, job: Job, *, now: bool) -> None:
        """Send a signal to the worker and whatever it started; to nobody where it is not certain who that is."""
        number = signal.SIGKILL if now else signal.SIGTERM
        process = self._processes.get(job.token)
        is_at_work = process is not None and process.poll() is None  # else its number may be another's by now
        pid = process.pid if process is not None and is_at_work else _pid_of(job)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == pid:  # a group of its own, as start_worker gives it
                os.killpg(pid, number)
            else:
                os.kill(pid, number)

    def forget(self, job: Job) -> None:
        """Drop the process."""
        self._processes.pop(job.token, None)

    def enlarge(self, share: Share) -> Share | None:
        """Return None: fewer neighbours are all that this machine can give."""
        return None

    def close(self) -> None:
        """Let the fork server end; workers go on."""
        if self._server is not None:
            self._server.close()


def id_of(pid: int) -> str:
    """Return what a process of this machine is found by."""
    mark = mark_of(pid)
    return f"{socket.gethostname()} {pid} {mark.birth if mark else ''}"


def seen_here(job: Job) -> Seen:
    """Return how a job stands as this machine sees it, whoever started it.

    Whether a process of another machine lives cannot be known here, but where the disk is this machine's own: then
    nobody works on the run whose lock is free.
    """
    here, (host, _, _) = socket.gethostname(), _process_of(job)
    if job.folder.is_being_trained() or _pid_of(job) is not None:
        return Seen(Phase.RUNNING, here)
    if job.engine == LocalLauncher.name and (host in ("", here) or network_type(job.folder.path) is None):
        return Seen(Phase.ENDED, here, "exit")
    return Seen(Phase.GONE, host)


def _process_of(job: Job) -> tuple[str, int, str]:
    """Return machine, number and birth of a job's process, by its id."""
    parts = (job.id or "").split()
    return (parts[0], int(parts[1]), parts[2]) if len(parts) == 3 and parts[1].isdecimal() else ("", 0, "")


def _pid_of(job: Job) -> int | None:
    """Return the number of the live process that is a job, or trains its run; None where that is not certain."""
    if (trainer := job.folder.trainer()) is not None:
        return trainer.pid
    host, pid, birth = _process_of(job)
    mark = mark_of(pid) if host == socket.gethostname() else None
    return pid if mark is not None and mark.birth == birth else None


def make_launcher(settings: Any = None) -> Launcher:
    """Return the launcher of this machine."""
    return LocalLauncher()
