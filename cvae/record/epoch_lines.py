"""The lines of `epochs.jsonl`: those that can be read, and how many cannot."""

import errno
from pathlib import Path
from typing import Any

from cvae.files import parse_json


def bytes_from(path: Path, offset: int = 0) -> bytes:
    """Return what a file holds from an offset on; nothing where there is no file."""
    for is_last in (False, True):
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as error:
            if is_last or error.errno != errno.ESTALE:  # another machine replaced it: opened again it is the new one
                raise
    return b""


def describe_damage(path: Path) -> str | None:
    """Return how many lines of a file are no evaluations, as a sentence; None where all are."""
    n_damaged = parse_epochs(bytes_from(path))[1]
    lines = "a line is" if n_damaged == 1 else f"{n_damaged} lines are"
    return f"{path}: is damaged ({lines} not readable)" if n_damaged else None


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
        values = parse_json(line)
    except ValueError:
        return None
    is_evaluation = isinstance(values, dict) and type(values.get("step")) is int
    return values if is_evaluation else None
