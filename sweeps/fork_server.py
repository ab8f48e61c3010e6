"""The parent of workers: `python -m sweeps.fork_server`, started by a coordinator, which talks to it by lines.

It imports what a worker needs and then forks, before any thread or device exists in it. It holds nothing of a run:
killed, it takes nothing with it, and its workers go on. It ends when its coordinator does, however that ends.

In:  {"run": FOLDER, "token": TOKEN}    fork a worker for a run folder, as the job of a token; the answer is
                        {"pid": N}, or {"refused": WHY} and the end
     {"forget": N}      its end was read: its number may become another process's
Out: {"ended": N, "status": S}    as `subprocess` has it: a signal is negative
"""

import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import torch._dynamo  # noqa: F401 - the first optimizer would import it, once in every worker

from cvae.console import accept_any_text
from cvae.record import RunFolder
from sweeps.worker import end_on_signal, leave, work

STDIN, STDOUT, STDERR = 0, 1, 2


def serve() -> None:
    """Fork a worker for every line that asks for one, and tell of each that has ended, until nobody listens."""
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, _wake_up)
    gc.freeze()  # what was imported is not looked through again, so its pages stay shared with every worker
    alive: set[int] = set()
    for line in _lines(wake):
        if line is None:
            _tell_ends(alive)
            continue
        asked = json.loads(line)
        if "forget" in asked:
            os.waitpid(asked["forget"], 0)
        elif (n := len(list(Path("/proc/self/task").iterdir()))) > 1:
            _say({"refused": f"it has {n} threads"})
            return
        else:
            alive.add(pid := _fork(Path(asked["run"]), asked["token"], (wake, waker)))
            _say({"pid": pid})


def _lines(wake: int) -> Iterator[str | None]:
    """Yield every line that comes in, and None where a child may have ended, until the other end is closed."""
    rest = b""
    while True:
        ready, _, _ = select.select([STDIN, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            yield None
        if STDIN in ready:
            if not (read := os.read(STDIN, 65536)):
                return
            *whole, rest = (rest + read).split(b"\n")
            yield from (line.decode() for line in whole)


def _wake_up(signum: int, frame: FrameType | None) -> None:
    """Let the wake-up descriptor be written: without a handler it is not."""


def _tell_ends(alive: set[int]) -> None:
    """Tell of workers that have ended. They stay unreaped, so that no other process gets their numbers yet."""
    for pid in sorted(alive):
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if end is not None:
            status = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
            alive.remove(pid)
            _say({"ended": pid, "status": status})


def _fork(run: Path, token: str, ours: tuple[int, ...]) -> int:
    """Fork a worker; return its process number."""
    if (pid := os.fork()) == 0:
        _become_worker(run, token, ours)
    return pid


def _become_worker(run: Path, token: str, ours: tuple[int, ...]) -> NoReturn:
    """Be `python -m sweeps.worker RUN TOKEN` in a session of its own, whatever happens."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, end_on_signal)
        log = os.open(RunFolder(run).log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, STDIN), (log, STDOUT), (log, STDERR)):
            os.dup2(source, target)
        for descriptor in (log, nothing, *ours):
            os.close(descriptor)
        sys.argv = ["sweeps.worker", str(run), token]
        status = work(run, token)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        leave(status)


def _say(message: dict[str, object]) -> None:
    os.write(STDOUT, (json.dumps(message) + "\n").encode())


if __name__ == "__main__":
    accept_any_text()
    serve()
