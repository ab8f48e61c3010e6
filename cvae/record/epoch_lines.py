"""The lines of `epochs.jsonl`: those that can be read, and how many cannot."""

import os
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from cvae.errors import InputError
from cvae.files import parse_json, read_current

#: Bytes at either end of a file that are looked at where not all of it is: some evaluations.
END_BYTES = 4096


def bytes_from(path: Path, offset: int = 0) -> bytes:
    """Return what a file holds from an offset on; nothing where there is no file.

    Raises:
        InputError: there is one, and it cannot be read.
    """
    try:
        return read_current(path, offset)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def describe_damage(path: Path, *, only_ends: bool = False) -> str | None:
    """Return what of a file of evaluations cannot be read, as a sentence; None where all can.

    Args:
        path: the file.
        only_ends: look at its first and last `END_BYTES` alone, where those hold whole lines.
    """
    try:
        n_damaged = parse_epochs(_ends_of(path) if only_ends else bytes_from(path))[1]
    except InputError as error:
        return str(error)
    lines = "a line is" if n_damaged == 1 else f"{n_damaged} lines are"
    return f"{path}: is damaged ({lines} not readable)" if n_damaged else None


def _ends_of(path: Path) -> bytes:
    """Return the whole lines in a file's first and last bytes, and what follows the last; all of a short file."""
    try:
        with path.open("rb") as file:
            first = file.read(END_BYTES)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - END_BYTES, 0))
            last = file.read()
    except OSError:
        return bytes_from(path)  # says what is the matter, or tries again
    begin, end = first.rfind(b"\n") + 1, last.find(b"\n") + 1
    if size <= 2 * END_BYTES or not begin or not end:
        return bytes_from(path)
    return first[:begin] + last[end:]


def parse_epochs(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return the evaluations in order, and how many lines are none.

    What follows the last newline is empty or the beginning of an evaluation that a kill tore: it is neither.
    """
    lines = []
    *whole, last = data.split(b"\n")
    n_damaged = int(last[:1] not in (b"", b"{"))
    for line in whole:
        values = _parse_line(line)
        if values is None:
            n_damaged += 1
        else:
            lines.append(values)
    return lines, n_damaged


def _parse_line(line: bytes) -> dict[str, Any] | None:
    try:
        values = from_json(line)  # a fifth of the time: thousands of runs have millions of evaluations
    except ValueError:
        try:
            values = parse_json(line)  # half of a surrogate pair alone is one thing that only Python's parser takes
        except ValueError:
            return None
    is_evaluation = isinstance(values, dict) and type(values.get("step")) is int
    return values if is_evaluation else None
