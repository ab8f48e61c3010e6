"""What the coordinator does, as it does it: events to the ledger, lines to people."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sweeps.experiment import PlannedRun
from sweeps.experiment_folder import ExperimentFolder, Ledger
from sweeps.workers import CPU

#: Facts of the ledger that are not printed.
QUIET = ("git_commit", "data_fingerprint", "trains", "wall_s", "attempts")


class EventLog:
    """The ledger of an experiment, and its events as people read them."""

    def __init__(self, root: ExperimentFolder) -> None:
        self._ledger = Ledger(root.ledger)

    def past(self) -> Iterator[dict[str, Any]]:
        """Yield every event so far, of earlier coordinators too."""
        return self._ledger.read()

    def devices(self) -> dict[str, str]:
        """Return the device that each run was last launched on; the CPU where nothing says it."""
        launched = (e for e in self.past() if e["event"] == "launched")
        return defaultdict(lambda: CPU, {str(e.get("run")): str(e.get("device", CPU)) for e in launched})

    def note(self, event: str, **facts: Any) -> None:
        """Append an event that concerns no single run."""
        self._ledger.append(event, **facts)

    def record(self, event: str, run: PlannedRun, **facts: Any) -> str:
        """Append an event of a run and return it as a line for people."""
        self._ledger.append(event, run.path, **facts)
        shown = {k: v for k, v in facts.items() if v is not None and k not in QUIET and v != CPU}
        if event == "launched" and shown.get("attempt") == 1:
            del shown["attempt"]
        details = ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items())
        return f"{run.path} {event}" + (f": {details}" if details else "")
