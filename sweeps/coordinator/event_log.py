"""What the coordinator says: events to the ledger, lines to people, and who works here to other terminals."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from cvae.errors import InputError
from cvae.files import write_json
from sweeps.experiment import PlannedRun
from sweeps.experiment_folder import ExperimentFolder, Ledger
from sweeps.workers import CPU

#: Facts of the ledger that are not printed.
QUIET = ("git_commit", "data_fingerprint", "config", "wall_s", "attempts")


class EventLog:
    """The words of one coordinator."""

    def __init__(self, root: ExperimentFolder) -> None:
        self._root = root
        self._ledger = Ledger(root.ledger)

    def past(self) -> Iterator[dict[str, Any]]:
        """Yield every event so far, of earlier coordinators too."""
        return self._ledger.read()

    def note(self, event: str, **facts: Any) -> None:
        """Append an event that concerns no single run."""
        self._ledger.append(event, **facts)

    def record(self, event: str, run: PlannedRun, **facts: Any) -> str:
        """Append an event of a run and return it as a line for people."""
        self._ledger.append(event, run.path, **facts)
        said = {k: v for k, v in facts.items() if v is not None and k not in QUIET and v != CPU}
        if event == "launched" and said.get("attempt") == 1:
            del said["attempt"]
        words = ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in said.items())
        return f"{run.path} {event}" + (f": {words}" if words else "")

    def say_who(self, facts: Mapping[str, Any]) -> None:
        """Write who works here and how it stands; a full disk leaves the old words."""
        who = {"pid": os.getpid(), "host": socket.gethostname(), **facts}
        with suppress(InputError):
            write_json(self._root.coordinator, who)
