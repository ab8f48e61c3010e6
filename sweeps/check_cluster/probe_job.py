"""The two jobs of a check, and what they have found."""

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sweeps.launchers import Job


@dataclass(frozen=True)
class ProbeJob(Job):
    """A job that looks around instead of training."""

    def worker_command(self, python: str = sys.executable) -> list[str]:
        """Return the probe's command."""
        return [python, "-m", "sweeps.check_cluster.cluster_probe", str(self.folder.path.absolute()), self.token]

    def report(self) -> dict[str, Any]:
        """Return what the probe has found so far."""
        with suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.folder.path / "report.json").read_text(encoding="utf-8"))
            return found
        return {}
