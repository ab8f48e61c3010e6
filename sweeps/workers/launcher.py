"""Start a worker for a run folder on this machine."""

import os
import subprocess
import sys
from pathlib import Path

from cvae.record import RunFolder

ROOT = Path(__file__).resolve().parents[2]


def start_worker(folder: RunFolder, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m sweeps.worker` in a session of its own; what it prints goes to the run's log.

    A session of its own keeps Ctrl-C for the coordinator, and lets a worker outlive a coordinator that is killed.

    Args:
        folder: the run's.
        environment: what pins the worker to its slot.
    """
    environment = (
        os.environ | environment | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    )
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sweeps.worker", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
