"""How a file appears whole, and how one process at a time works on something."""

import errno
import fcntl
import json
import math
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cvae.errors import InputError, NoLocks

#: What a file system says that has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that a reader, or a kill at any instant, sees the old bytes or the new, never a mixture.

    Raises:
        InputError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
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


@contextmanager
def held(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold an exclusive lock on a file for the block; yields False when another process keeps it for `wait_s`.

    The kernel lets go when the process ends, however it ends, so a lock cannot be left behind. The file stays: removing
    it would let two processes hold locks on two files of one name.

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
        yield is_ours
    finally:
        os.close(descriptor)  # releases the lock


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
