"""The disk below a sweep, and other trouble of the machine that passes: is there any, and may a journal lie on it."""

import errno
import shutil
import tempfile
from pathlib import Path

MEBIBYTE = 2**20

#: Written and removed again before a run is started.
QUOTA_BYTES = 2**16

#: Why nothing is launched.
DISK_FULL = "the disk of {} is full"

FULL = (errno.ENOSPC, errno.EDQUOT)

#: Why nothing is launched where the machine says so.
PASSING = {
    errno.EROFS: "the disk of {} can only be read",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "this machine has no memory left",
    errno.EAGAIN: "this machine starts no more processes",
    errno.ESTALE: "the disk of {} has gone away",
    errno.ETIMEDOUT: "the disk of {} does not answer",
}


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error comes from a full disk or a used-up quota, however it was wrapped."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if "disk is full" in str(error) or "No space left on device" in str(error):  # SQLite's, PostgreSQL's words
            return True
        error = error.__cause__ or error.__context__
    return False


def passing_trouble(error: BaseException | None, folder: Path) -> str | None:
    """Return what is the matter with the machine, in words, if an error comes from something that passes."""
    if is_disk_full(error):
        return DISK_FULL.format(folder)
    while error is not None:
        if isinstance(error, OSError) and error.errno in PASSING:
            return PASSING[error.errno].format(folder)
        error = error.__cause__ or error.__context__
    return None


def trouble_now(folder: Path, checkpoint_bytes: int = 0) -> str | None:
    """Return why no run could be started now: too little room, or a file that cannot be made; None where one could."""
    try:
        if not has_room(folder, checkpoint_bytes):
            return DISK_FULL.format(folder)
        with tempfile.NamedTemporaryFile(prefix=".room.", suffix=".tmp", dir=folder) as file:
            file.write(b"\0" * QUOTA_BYTES)  # a quota shows nowhere but here
            file.flush()
    except OSError as error:
        return passing_trouble(error, folder)
    return None


def has_room(folder: Path, checkpoint_bytes: int = 0) -> bool:
    """Return whether a run may be started: two checkpoints and 64 MiB are free, or a tenth of a small disk."""
    usage = shutil.disk_usage(folder)
    return usage.free >= min(max(64 * MEBIBYTE, 2 * checkpoint_bytes), usage.total // 10)
