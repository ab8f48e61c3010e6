"""Optuna's journal with a checksum in every line: what a kill tore or a disk changed is found, and only that is lost.

A journal whose bit has flipped may still be JSON. Optuna passes over keys that it does not know, so the checksum lies
within the line; journals of before there was one are read as they are.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from cvae.files import parse_json, write_atomically

#: Key of an operation's checksum.
CHECKSUM = "crc32"


class WholeLines(JournalFileBackend):
    """Optuna's journal file, where an append that fails leaves nothing behind: half a line would spoil the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._journal = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations whole, or not at all."""
        size = self._journal.stat().st_size
        try:
            super().append_logs([log | {CHECKSUM: checksum_of(log)} for log in logs])
        except OSError:
            os.truncate(self._journal, size)
            raise


def checksum_of(log: dict[str, Any]) -> int:
    """Return an operation's checksum: of its values as JSON holds them."""
    return zlib.crc32(json.dumps(json.loads(json.dumps(log)), sort_keys=True).encode())


def open_whole_journal(path: Path) -> tuple[JournalStorage, Path | None]:
    """Open a journal, repaired; what Optuna cannot replay is put aside whole.

    Returns:
        The storage, and the file that holds what was cut off; None where the journal was whole.
    """
    torn = repair_journal(path)
    try:
        return JournalStorage(WholeLines(path)), torn
    except Exception:  # Optuna's replay raises whatever a value that makes no sense leads to
        kept = _quarantine(path)
        write_atomically(kept, path.read_bytes())
        path.unlink()
        return JournalStorage(WholeLines(path)), kept


def repair_journal(path: Path) -> Path | None:
    """Cut a journal where it ceases to be readable, and drop a lock that a killed coordinator left behind.

    Optuna can read neither past. The caller holds the experiment's own lock, so nobody else writes here. What is cut
    off is kept beside the journal; the trials and outcomes in it are restored from the run folders.

    Returns:
        The file that holds what was cut off; None where the journal was whole.
    """
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    if not path.exists():
        return None
    data = path.read_bytes()
    whole = readable_bytes(data)
    if whole == len(data):
        return None
    kept = _quarantine(path)
    write_atomically(kept, data[whole:])
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return kept


def _quarantine(path: Path) -> Path:
    n = len(list(path.parent.glob(f"{path.name}.torn-*")))
    return path.with_name(f"{path.name}.torn-{n}")


def readable_bytes(data: bytes) -> int:
    """Return the length of the leading whole lines that are operations as they were written."""
    end, is_summed = 0, False
    for line in data.split(b"\n")[:-1]:
        try:
            log = parse_json(line)
        except ValueError:
            break
        if not isinstance(log, dict):
            break
        is_summed = is_summed or _is_summed(log)
        if is_summed and not _is_as_written(line, log):
            break
        end += len(line) + 1
    return end


def _is_summed(log: dict[str, Any]) -> bool:
    """Whether an operation was written with its checksum, be it that the checksum's own key has changed since."""
    if CHECKSUM in log or not log:
        return CHECKSUM in log
    *_, last = log
    return bool(log[last] == checksum_of({key: log[key] for key in log if key != last}))


def _is_as_written(line: bytes, log: dict[str, Any]) -> bool:
    """Whether a line is its operation's own spelling, with the checksum of its values: a flip may hide in either.

    Two decimal numbers may be one float, and then no checksum of values tells them apart.
    """
    values = {key: value for key, value in log.items() if key != CHECKSUM}
    return line == _spelt(log).encode() and log.get(CHECKSUM) == checksum_of(values)


def _spelt(log: dict[str, Any]) -> str:
    """Return an operation as Optuna writes it."""
    return json.dumps(log, separators=(",", ":"))
