"""Start a worker's process for a run folder on this machine."""

import subprocess
import sys
from collections.abc import Callable
from typing import Protocol

from cvae.record import RunFolder
from sweeps.child_environment import with_project


class WorkerProcess(Protocol):
    """What a coordinator needs of a worker's process; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def returncode(self) -> int | None:
        """The exit status that `poll` found, a signal negative; None before, and where nobody knows it."""
        ...

    def poll(self) -> int | None:
        """Return its exit status once it has ended, else None."""
        ...


#: Starts a worker's process for a run folder and a token, in an environment.
Start = Callable[[RunFolder, str, dict[str, str]], WorkerProcess]


def start_worker(folder: RunFolder, token: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m sweeps.worker` in a session of its own; what it prints goes to the run's log.

    A session of its own keeps Ctrl-C for the coordinator, and lets a worker outlive a coordinator that is killed.

    Args:
        folder: the run's.
        token: of its job; empty where nobody keeps a record of one.
        environment: what pins the worker to its slot.
    """
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sweeps.worker", str(folder.path), *([token] if token else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=with_project(environment),
            start_new_session=True,
        )
