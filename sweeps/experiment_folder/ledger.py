"""What the coordinator did, one JSON object a line: for people, and for the coordinator that goes on."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from cvae.errors import InputError
from cvae.files import parse_json
from cvae.record import finite
from sweeps.experiment_folder.disk import passing_trouble

#: How every event's line begins.
BEGINNING = b'{"time": "'


@dataclass(frozen=True)
class EndedRun:
    """The end of a run, as an event says it. A run that was opened again has several."""

    path: str  # within the experiment: `constant/tune-003`
    status: str | None
    wall_s: float | None  # over all its attempts; None where nobody knows


def ended_runs(events: Iterable[Mapping[str, Any]]) -> Iterator[EndedRun]:
    """Yield the ends of runs among some events."""
    for event in events:
        if event["event"] == "ended":
            yield EndedRun(str(event.get("run", "")), event.get("status"), finite(event.get("wall_s")) or None)


class Ledger:
    """An append-only file of events. Times in it are for people: nothing is decided by them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten: list[str] = []  # while the disk is full, or the machine has other trouble that passes

    def append(self, event: str, run: str | None = None, **facts: Any) -> None:
        """Append an event; a line that a kill tore is ended first, and what finds no room is written with the next.

        Raises:
            InputError: it cannot be written, for a reason that does not pass.
        """
        entry: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": event}
        self._unwritten.append(json.dumps(entry | ({"run": run} if run else {}) | facts) + "\n")
        try:
            with self._path.open("a+b") as file:
                file.write(self._end_of_torn_line(file) + "".join(self._unwritten).encode())
        except OSError as error:
            if passing_trouble(error, self._path.parent) is None:
                raise InputError(f"{self._path}: cannot be written ({error.strerror})") from error
            return
        self._unwritten = []

    @staticmethod
    def _end_of_torn_line(file: IO[bytes]) -> bytes:
        if not (end := file.seek(0, 2)):
            return b""
        file.seek(end - 1)
        return b"" if file.read(1) == b"\n" else b"\n"

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield every whole event, oldest first."""
        for entry in self._lines():
            if isinstance(entry, dict):
                yield entry

    def last_start(self) -> dict[str, Any] | None:
        """Return what is kept of the last start; None where nothing was started."""
        return next((event for event in reversed(list(self.read())) if event["event"] == "started"), None)

    def fault(self) -> str | None:
        """Return why it cannot be read at all, as a sentence; None where it can, or there is none."""
        try:
            with self._path.open("rb"):
                return None
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{self._path}: cannot be read ({error.strerror})"

    def damage(self) -> str | None:
        """Return what of it cannot be read, as a sentence: what that told is left out; None where all can."""
        if (fault := self.fault()) is not None:
            return fault
        n = sum(entry is None for entry in self._lines())
        lines = "a line is" if n == 1 else f"{n} lines are"
        return f"{self._path}: is damaged ({lines} not readable)" if n else None

    def _lines(self) -> Iterator[dict[str, Any] | None]:
        """Yield every event, and None for a line that is none; one that a kill tore at the end is left out."""
        with suppress(OSError), self._path.open("rb") as file:  # `fault` says it
            for line in file:
                try:
                    entry = parse_json(line)
                except ValueError:
                    entry = None
                is_event = isinstance(entry, dict) and isinstance(entry.get("event"), str)
                if is_event or not _is_torn(line):
                    yield entry if is_event else None


def _is_torn(line: bytes) -> bool:
    """Return whether a line may be the beginning of an event whose writer was killed."""
    return not line.endswith(b"\n") and (line.startswith(BEGINNING) or BEGINNING.startswith(line))
