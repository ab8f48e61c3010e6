"""What starts, watches and ends workers: the one door between a coordinator and an engine.

A launcher is a module of this package with `make_launcher`, named in `sweeps.launchers.registry`. It knows no trial and
no study; the run folder says how a run went, the engine only whether its job is still there.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from sweeps.launchers.job_record import Job, Share

#: Exit status of a worker that wrote nothing, because the run is another's.
NOT_OURS = 3


class Phase(Enum):
    """How a job stands in its engine. An engine that does not answer is no phase: `Unreachable` is raised."""

    QUEUED = "queued"  # known, not started
    RUNNING = "running"
    ENDED = "ended"  # known, and over: how is in the run folder, why perhaps in `Seen.cause`
    GONE = "gone"  # the engine answers and does not know it, or gave its id to another job


#: Why a job ended, where the engine knows; "exit": its process ended by itself, or was killed on its machine.
Cause = Literal["", "exit", "cancelled", "preempted", "node_lost", "memory", "time_limit", "never_started"]


class Seen(NamedTuple):
    """What an engine says of a job; a tuple, since thousands of them are made and compared at each look."""

    phase: Phase
    where: str = ""  # the machine
    cause: Cause = ""
    exit_status: int | None = None  # of the worker's process, a signal negative; None where nobody knows
    said: str = ""  # the engine's own words, for people: what a queued job waits for, why one ended


class Unreachable(Exception):
    """An engine does not answer: nothing may be concluded, of any job. The message is for people."""


class Refused(Exception):
    """An engine does not take a job. The message is the engine's words.

    Args:
        said: the engine's words.
        is_limit: it has as many jobs of this user as it takes, and takes more once some have ended.
    """

    def __init__(self, said: str, *, is_limit: bool = False) -> None:
        super().__init__(said)
        self.is_limit = is_limit


class Launcher(Protocol):
    """An engine that runs workers. Each method may raise `Unreachable`; none waits for a worker.

    A job is known by its token, which is ours and stands in the run's folder before the job is submitted; the engine's
    id alone is no identity, since an engine may give it out twice.
    """

    name: str  # as in the registry: what `job.json` says as `engine`
    poll_s: float  # seconds between two looks
    lost_s: float  # seconds that a run must stand still before one whose job is GONE or whose node is lost goes on
    is_local: bool  # its workers are processes of this machine, pinned to the devices that the coordinator chose

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Submit a worker for a run's folder (`worker_command`); return the engine's id.

        Args:
            job: its token is the job's name in the engine.
            share: what it asks for.
            environment: variables that the worker must have beside those of its machine.

        Raises:
            Refused: the engine does not take it.
        """
        ...

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        """Return token -> id of those jobs that the engine knows, over ones too: some were submitted by who died."""
        ...

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Return token -> how it stands, of every job asked for, in one call for all.

        Where nothing has changed since the last call, and the jobs are the same tuple, it may be the same mapping: the
        caller does nothing then. Nobody changes it.
        """
        ...

    def end(self, job: Job, *, now: bool) -> None:
        """End a job, queued or running: SIGTERM, or SIGKILL `now`. Nothing happens where it is over."""
        ...

    def forget(self, job: Job) -> None:
        """Take note that a job's end was taken note of: the engine may drop what it keeps of it."""
        ...

    def enlarge(self, share: Share) -> Share | None:
        """Return what a run asks for after it ran out of memory; None where there is no more to ask for."""
        ...

    def close(self) -> None:
        """Let go of what belongs to this process; jobs go on."""
        ...
