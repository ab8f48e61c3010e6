"""The coordinator's end of a fork server: workers that look like processes of ours."""

import json
import os
import subprocess
import sys
from contextlib import suppress

from cvae.record import RunFolder
from sweeps.child_environment import with_project
from sweeps.launchers.worker_process import WorkerProcess, start_worker

#: What `poll` says of a worker whose parent was killed: it is nobody's, and its run folder says whether it goes on.
UNKNOWN = -255


class ForkServer:
    """Starts workers that have PyTorch already: each is forked from one parent, which is started with the first.

    A worker that may use a GPU is started by itself, because CUDA does not survive a fork; so is every worker where the
    system has no `/proc`, and where the parent was refused or killed in the moment of asking.
    """

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}  # of every worker of this parent
        self._rest = b""
        self._ended: dict[int, int] = {}  # process number -> exit status, of workers that nobody asked about yet
        self._is_refused = not sys.platform.startswith("linux")

    def start(self, folder: RunFolder, token: str, environment: dict[str, str]) -> WorkerProcess:
        """Start a worker for a run folder in the environment that pins it to its slot."""
        if self._is_refused or "CUDA_VISIBLE_DEVICES" in environment:
            return start_worker(folder, token, environment)
        if self.is_gone() or environment != self._environment:
            self._begin(environment)
        if (pid := self._ask_for(folder, token)) is None:
            return start_worker(folder, token, environment)
        return ForkedWorker(self, pid)

    def _begin(self, environment: dict[str, str]) -> None:
        """Start the parent anew; workers of one before go on, and are found by their run folders."""
        self.close()
        self._environment, self._rest, self._ended = dict(environment), b"", {}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "sweeps.fork_server"],
            stdin=subprocess.PIPE,  # closes when we end, even by kill -9
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what cannot be imported there, a worker by itself says in its run's log
            env=with_project(environment) | {"OPENBLAS_NUM_THREADS": "1"},  # else NumPy starts threads when imported
            start_new_session=True,
        )

    def _ask_for(self, folder: RunFolder, token: str) -> int | None:
        """Return the process number of a new worker; None where the parent has none."""
        assert self._server is not None
        pid: int | None = None
        with suppress(OSError):
            self._send({"run": str(folder.path), "token": token})
            while pid is None and not self._is_refused:
                message = self._next(is_waiting=True)
                if message is None:
                    break
                pid = message.get("pid")
                self._is_refused = "refused" in message
        return pid

    def status_of(self, pid: int) -> int | None:
        """Return a worker's exit status; None while it works, UNKNOWN where its parent is gone."""
        while self._next(is_waiting=False) is not None:
            pass
        if pid in self._ended:
            with suppress(OSError):
                self._send({"forget": pid})
            return self._ended.pop(pid)
        return UNKNOWN if self.is_gone() else None

    def is_gone(self) -> bool:
        """Return whether no parent is there to fork from."""
        return self._server is None or self._server.poll() is not None

    @property
    def pid(self) -> int | None:
        """The parent's process number."""
        return None if self._server is None else self._server.pid

    def close(self) -> None:
        """Let the parent end; workers that are at work go on."""
        if self._server is None:
            return
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._server.wait()
        self._server = None

    def _send(self, message: dict[str, object]) -> None:
        assert self._server is not None
        assert self._server.stdin is not None
        self._server.stdin.write((json.dumps(message) + "\n").encode())
        self._server.stdin.flush()

    def _next(self, *, is_waiting: bool) -> dict[str, int] | None:
        """Return the parent's next message, noting an end that it tells of; None where there is none, or no parent."""
        if self._server is None or self._server.stdout is None:
            return None
        descriptor = self._server.stdout.fileno()
        os.set_blocking(descriptor, is_waiting)
        while b"\n" not in self._rest:
            try:
                read = os.read(descriptor, 65536)
            except BlockingIOError:
                return None
            if not read:
                return None
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, int] = json.loads(line)
        if "ended" in message:
            self._ended[message["ended"]] = message["status"]
        return message


class ForkedWorker:
    """A worker that a fork server's parent started, with the part of `subprocess.Popen` that a coordinator needs."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None  # None also where the parent was killed: nobody knows
        self._server, self._parent, self._is_over = server, server.pid, False

    def poll(self) -> int | None:
        """Return the exit status once the worker has ended, UNKNOWN once its parent has; else None."""
        if self._is_over:
            return UNKNOWN if self.returncode is None else self.returncode
        status = self._server.status_of(self.pid) if self._server.pid == self._parent else UNKNOWN
        if status is not None:
            self._is_over, self.returncode = True, None if status == UNKNOWN else status
        return status
