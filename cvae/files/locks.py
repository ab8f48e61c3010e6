"""How one process at a time works on something."""

import errno
import fcntl
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from cvae.errors import InputError, NoLocks
from cvae.files.whole_files import parse_json
from cvae.processes import ProcessMark, mark_of

#: What a file system says that has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def held(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold an exclusive lock on a file for the block; yields False when another process keeps it for `wait_s`.

    The kernel lets go when the process ends, however it ends, so a lock cannot be left behind. The file stays: removing
    it would let two processes hold locks on two files of one name. It says who holds it (`holder_of`).

    Args:
        path: the lock file.
        wait_s: seconds to wait for another holder; `math.inf` for as long as it takes.

    Raises:
        NoLocks: the file system has none.
        InputError: the file may not be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}), so who holds it is not known") from error
    try:
        while not (is_ours := _try_lock(descriptor, path, is_patient=wait_s == math.inf)):
            if time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        if is_ours:
            _say_who(descriptor)
        yield is_ours
    finally:
        os.close(descriptor)  # releases the lock


def _say_who(descriptor: int) -> None:
    with suppress(OSError):  # a full disk, or one that can no longer be written: the lock counts
        os.ftruncate(descriptor, 0)
        if (mark := mark_of(os.getpid())) is not None:
            os.pwrite(descriptor, json.dumps(asdict(mark)).encode(), 0)


def _try_lock(descriptor: int, path: Path, *, is_patient: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if is_patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise NoLocks(f"{path}: this file system has no file locks; choose a folder on one that has") from error
        raise
    return True


def is_locked(path: Path) -> bool:
    """Return whether a live process holds a lock file. Looking writes nothing and needs no right to write."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # none, or not ours to read: who holds it is not ours to know; or no file at all
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    finally:
        os.close(descriptor)
    return False


def holder_of(path: Path) -> ProcessMark | None:
    """Return the live process that took a lock file last; None where there is none or the file does not say."""
    try:
        mark = ProcessMark(**parse_json(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return mark if mark.is_alive else None
