"""How a file appears whole, and how JSON is read from one."""

import errno
import json
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files.file_systems import network_type

#: How often a file is opened that is replaced, on a network disk, whenever it is read.
ESTALE_TRIES = 5

#: Seconds after which a network disk shows a replaced file whole, and between two looks until then.
SETTLES_S, LOOK_S = 5.0, 0.2


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


def read_json(path: Path) -> Any:
    """Return the value in a JSON file.

    On a network disk a file that another machine replaced is cut off for a moment where its old size is still
    remembered: what looks damaged there is read again before it is called so.

    Args:
        path: the file.

    Raises:
        OSError: it is not there, or cannot be read.
        ValueError: it is no JSON, no UTF-8, or nested deeper than any record.
    """
    begun: float | None = None
    while True:
        try:
            return parse_json(read_current(path))
        except ValueError:
            now = time.monotonic()
            begun = now if begun is None else begun
            if now - begun >= SETTLES_S or network_type(path) is None:
                raise
        time.sleep(LOOK_S)


def read_current(path: Path, offset: int = 0) -> bytes:
    """Return what a file holds now: it is opened again where another machine replaced it while it was read.

    Opening is also what makes a network disk ask its server; whether a file is there, it may answer from memory.

    Args:
        path: the file.
        offset: bytes that are left out.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    for is_last in (*[False] * (ESTALE_TRIES - 1), True):
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read()
        except OSError as error:
            if is_last or error.errno != errno.ESTALE:
                raise
    raise AssertionError("the last try returns or raises")


def readable_text(path: Path) -> str | None:
    """Return what a text file says, as far as it is UTF-8; None where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def sweep_up(folder: Path) -> None:
    """Remove what writers that were killed have left unfinished; the caller is the only writer."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_file():
            leftover.unlink(missing_ok=True)
