"""Start the mirror of an experiment as a process of its own. Knows no wandb, so a sweep starts at once."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from cvae.files import held
from sweeps.workers import with_project

Mode = Literal["offline", "online", "disabled"]

MODES: tuple[Mode, ...] = ("offline", "online", "disabled")

#: How long the end of a sweep waits for its mirror; what is missing then, the next start or --sync adds.
PATIENCE_S = 60.0


class MirrorProcess:
    """`python -m sweeps.tracking`, which ends when this process does, however that ends."""

    def __init__(self, experiment: Path, mode: Mode) -> None:
        self._printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        if mode != "disabled":
            self._process = self._start(experiment, online=mode == "online")
            self._listener = threading.Thread(target=self._listen, daemon=True, name="mirror")
            self._listener.start()

    def _start(self, experiment: Path, *, online: bool) -> "subprocess.Popen[str]":
        with log_of(experiment).open("ab") as errors:
            return subprocess.Popen(
                mirror_command(experiment) + (["--online"] if online else []),
                stdin=subprocess.PIPE,  # closes when we end, even by kill -9
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=with_project(),
                start_new_session=True,
            )

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._printed.put(line.rstrip())

    def lines(self) -> Iterator[str]:
        """Yield what the mirror has printed since the last look."""
        while not self._printed.empty():
            yield self._printed.get()

    def close(self) -> list[str]:
        """Let the mirror finish and return its last words; one that does not finish is ended."""
        if self._process is None:
            return []
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._printed.put("warning: the wandb mirror did not finish in time; --sync makes up for it")
        self._listener.join()
        return list(self.lines())


def mirror_now(experiment: Path) -> bool:
    """Bring an experiment's mirror up to date and wait for it; False where another process mirrors it just now."""
    with held(lock_of(experiment), 1.0) as is_free:
        if not is_free:
            return False
    with log_of(experiment).open("ab") as errors:
        command = mirror_command(experiment)
        subprocess.run(command, stdin=subprocess.DEVNULL, stderr=errors, env=with_project(), check=False)
    return True


def mirror_command(experiment: Path) -> list[str]:
    """Return the command that mirrors an experiment until its standard input closes."""
    return [sys.executable, "-m", "sweeps.tracking", str(experiment.resolve())]


def lock_of(experiment: Path) -> Path:
    """Return the file that whoever mirrors an experiment holds locked."""
    return experiment / "wandb" / "lock"


def log_of(experiment: Path) -> Path:
    """Return the file that takes a mirror's errors; its folder exists then."""
    path = experiment / "wandb" / "mirror.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
