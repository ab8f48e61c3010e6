"""What is done to a sweep from another terminal: who works on it, end it, open lost runs again."""

import json
from typing import Any

from cvae.errors import InputError
from cvae.record import held
from sweeps.experiment import Experiment
from sweeps.ledger import Ledger
from sweeps.plan import ExperimentFolder, all_runs

#: Statuses that `--retry` may open again.
REOPENED = ("failed", "infeasible", "stopped")


def read_who(root: ExperimentFolder) -> dict[str, Any]:
    """Return who works, or worked last, on an experiment; empty where nobody did."""
    try:
        return dict(json.loads(root.coordinator.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def is_worked_on(root: ExperimentFolder) -> bool:
    """Return whether a live coordinator holds the experiment."""
    if not root.lock.exists():
        return False
    with held(root.lock) as free:
        return not free


def holder(root: ExperimentFolder) -> str:
    """Return who holds an experiment, in words."""
    who = read_who(root)
    return f"process {who.get('pid', '?')} on {who.get('host', '?')}"


def stop_sweep(experiment: Experiment, root: ExperimentFolder) -> str:
    """Ask a sweep to end at its runs' next checkpoints; workers without a coordinator are asked themselves.

    Returns:
        What was done, in words.

    Raises:
        InputError: the experiment was never launched.
    """
    if not root.experiment.exists():
        raise InputError(f"{root.path}: nothing was launched there")
    if is_worked_on(root):
        root.stop.touch()
        return f"asked {holder(root)} to stop: its runs end at their next checkpoint, the same command goes on"
    folders = [run.folder(root) for run in all_runs(experiment)]
    alive = [folder for folder in folders if folder.path.exists() and folder.is_being_trained()]
    for folder in alive:
        if not folder.stop.exists():
            folder.ask_to_stop("paused")
    return f"no coordinator works on {root.path}; asked {len(alive)} workers to end at their next checkpoint"


def reopen(experiment: Experiment, root: ExperimentFolder, status: str) -> int:
    """Let every run with a lost status go on from its checkpoint; return how many. The caller holds the lock.

    Raises:
        InputError: runs with that status cannot be opened again.
    """
    if status not in REOPENED:
        raise InputError(f"--retry is '{status}'; allowed: {', '.join(REOPENED)}")
    ledger, n = Ledger(root.ledger), 0
    for run in all_runs(experiment):
        folder = run.folder(root)
        state = folder.read_state()
        if state["status"] != status or folder.is_being_trained():
            continue
        folder.stop.unlink(missing_ok=True)
        ledger.append("reopened", run.place, status=status)
        folder.write_state(state | {"status": "interrupted", "error": None, "final": None})
        n += 1
    return n
