"""Start the mirror of an experiment as a process of its own. Knows no wandb, so a sweep starts at once."""

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from cvae.files import held
from sweeps.child_environment import with_project

Mode = Literal["offline", "online", "disabled"]

MODES: tuple[Mode, ...] = ("offline", "online", "disabled")

#: How long the end of a sweep waits for its mirror; what is missing then, the next start or --sync adds.
PATIENCE_S = 60.0

#: The same where everything is to end at once.
HURRIED_S = 1.0

#: How often a mirror that has died is started again, and the seconds between two starts at first; each time double.
AGAIN, AGAIN_S = 5, 1.0


class MirrorProcess:
    """`python -m sweeps.tracking`, which ends when this process does, however that ends; started again if it dies."""

    def __init__(self, experiment: Path, mode: Mode, command: Sequence[str] | None = None) -> None:
        self._experiment = experiment
        self._printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._command = [*(command or mirror_command(experiment)), *(["--online"] if mode == "online" else [])]
        self._process: subprocess.Popen[str] | None = None
        self._n_deaths = 0
        self._due = 0.0  # when a dead one is started again
        if mode != "disabled":
            self._start()

    def _start(self) -> None:
        with log_of(self._experiment).open("ab") as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,  # closes when we end, even by kill -9
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
                env=with_project(),
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True, name="mirror")
        self._listener.start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._printed.put(line.rstrip())

    def lines(self) -> Iterator[str]:
        """Yield what the mirror has printed since the last look; one that has died is started again, and said once."""
        self._look_after()
        while not self._printed.empty():
            yield self._printed.get()

    def _look_after(self) -> None:
        """A mirror lives until its standard input closes: one that has ended before has died."""
        if self._process is None or (status := self._process.poll()) is None:
            return
        if not self._due:
            self._n_deaths += 1
            self._close_input()
            self._due = time.monotonic() + AGAIN_S * 2.0 ** (self._n_deaths - 1)
            if self._n_deaths == 1:
                self._printed.put(
                    f"warning: the wandb mirror has died (status {status}, see {log_of(self._experiment)}): it is "
                    f"started again; whatever stays missing, {self._make_up()}"
                )
        if self._n_deaths <= AGAIN and time.monotonic() >= self._due:
            self._due = 0.0
            with suppress(OSError):  # no process to be had now: at the next look
                self._start()

    def _close_input(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):  # what it has not read is for nobody
            self._process.stdin.close()

    def _make_up(self) -> str:
        return f"`python run_sweep.py {self._experiment} --sync` makes up for it"

    def close(self, patience_s: float = PATIENCE_S) -> list[str]:
        """Let the mirror finish and return its last words; one that does not finish in time is ended."""
        if self._process is None:
            return []
        self._close_input()
        try:
            status = self._process.wait(patience_s)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.kill()
            self._process.wait()
            self._printed.put(f"warning: the wandb mirror did not finish in time; {self._make_up()}")
        else:
            if status and not self._n_deaths:
                self._printed.put(f"warning: the wandb mirror has died (status {status}); {self._make_up()}")
        self._listener.join(1.0)  # what it had started may keep its output open
        return [self._printed.get() for _ in range(self._printed.qsize())]


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
