"""Whether a packed store still holds what was packed: a digest of each file, checked again where one has changed."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import write_json

#: Bytes hashed at a time.
BLOCK_BYTES = 1 << 22


def new_digest() -> "hashlib.blake2b":
    """Return what digests of a store's files are made with."""
    return hashlib.blake2b(digest_size=16)


def file_digest(path: Path) -> str:
    """Return the digest of a file; of an npy file its rows come first and then its header, which is written last."""
    digest = new_digest()
    with path.open("rb") as file:
        header = file.read(10)
        if path.suffix == ".npy":  # version 1.0: two bytes say how long the rest of the header is
            header += file.read(int.from_bytes(header[8:10], "little"))
        else:
            file.seek(0)
            header = b""
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    digest.update(header)
    return digest.hexdigest()


def digest_of_values(values: dict[str, Any]) -> str:
    """Return the digest of JSON values but for those under `digest`."""
    digest = new_digest()
    digest.update(json.dumps({key: value for key, value in values.items() if key != "digest"}, sort_keys=True).encode())
    return digest.hexdigest()


def require_sound(folder: Path, digests: dict[str, str], note: Path) -> None:
    """Check a store's files against the digests that they were packed with.

    It is done once: what `note` has of a file, its size and the time of its last change, holds until either differs.

    Args:
        folder: the store.
        digests: path within it -> digest.
        note: a file outside of it, where this machine remembers what it has checked.

    Raises:
        InputError: a file is missing, cannot be read, or holds something else.
    """
    known, now = _read_note(note), {}
    for name, digest in digests.items():
        path = folder / name
        try:
            now[name] = _state_of(path)
            is_sound = known.get(name) == now[name] or file_digest(path) == digest
        except OSError as error:
            raise InputError(f"{path}: the packed data is damaged ({error.strerror}); delete {folder}") from error
        if not is_sound:
            raise InputError(
                f"{path}: the packed data is damaged (it is not what was packed); delete {folder}, and the next start "
                "packs it again"
            )
    if known != now:
        remember(note, now)


def remember(note: Path, states: dict[str, list[int]]) -> None:
    """Write down what has been checked; where that cannot be, it is checked again."""
    with suppress(InputError, OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        write_json(note, states)


def _state_of(path: Path) -> list[int]:
    status = path.stat()  # the time of change, which no program can set back
    return [status.st_size, status.st_ctime_ns, status.st_ino]


def _read_note(note: Path) -> dict[str, Any]:
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk, as its files have; some file systems cannot and need not."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
