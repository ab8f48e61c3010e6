"""How the runs of an experiment stand, and who works on it."""

import json
from typing import Any

from cvae.files import held
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder.paths import ExperimentFolder


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


def runs_left(experiment: Experiment, root: ExperimentFolder) -> list[PlannedRun]:
    """Return the runs that are still to be made, or to be finished."""
    plan = all_runs(experiment)
    if not root.path.exists():
        return plan
    return [run for run in plan if not root.run(run).read_state().is_final]


def state_of(run: PlannedRun, root: ExperimentFolder) -> str:
    """Return a run's state for people: its recorded status, `pending` before it has one."""
    folder = root.run(run)
    status = folder.read_state().status
    if status == "running" and not folder.is_being_trained():
        return "interrupted"
    return status
