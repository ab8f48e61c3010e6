"""How a file appears whole, how JSON is read from one, and how one process at a time works on something."""

import errno
import fcntl
import json
import math
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvae.errors import InputError, NoLocks
from cvae.processes import ProcessMark, mark_of

#: What a file system says that has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def write_atomically(path: Path, data: bytes, *, is_lasting: bool = True) -> None:
    """Replace a file so that a reader, or a kill at any instant, sees the old bytes or the new, never a mixture.

    Args:
        path: the file.
        data: its new content.
        is_lasting: wait until it is on the disk, so that a power cut loses it neither.

    Raises:
        InputError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def write_json(path: Path, values: object) -> None:
    """Replace a file with a value as JSON, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(path, (json.dumps(values, indent=2) + "\n").encode())


def require_folder(path: Path, option: str) -> Path:
    """Return a path that is a folder, or can become one.

    Raises:
        InputError: it, or something on the way to it, is a file; names the option that it was given by.
    """
    found = next((step for step in (path, *path.parents) if os.path.lexists(step)), None)
    if found is not None and not found.is_dir():
        what = "is a link that leads nowhere" if found.is_symlink() and not found.exists() else "is a file"
        raise InputError(f"{option} is {path}: {found} {what}; expected a folder, or a new name for one")
    return path


def lies_within(path: Path, folder: Path) -> bool:
    """Return whether a path is a regular file of a folder and no link that leads out of it."""
    try:
        return path.is_file() and path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError):  # a loop of links, a folder that may not be searched
        return False


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is no JSON, no UTF-8, or nested deeper than any record.
    """
    try:
        return json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def sweep_up(folder: Path) -> None:
    """Remove what writers that were killed have left unfinished; the caller is the only writer."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_file():
            leftover.unlink(missing_ok=True)


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
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
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
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:  # it is not ours to read: who holds it is not ours to know
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
