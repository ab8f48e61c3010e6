"""What is not as the sweep wrote it: configurations and parameters that were edited, run folders that were copied.

The ledger says what each run was created with. Runs of before it did, and imported ones, cannot be checked by it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeps.experiment_folder import ExperimentFolder, Ledger, config_hash
from sweeps.report.reading.records import RunRecord


def find_edited(folder: Path, runs: Sequence[RunRecord]) -> tuple[list[str], list[RunRecord]]:
    """Return what is not as the sweep wrote it, a sentence each, and the runs that are copies of others."""
    created: dict[str, dict[str, Any]] = {}
    for event in Ledger(ExperimentFolder(folder).ledger).read():
        if event["event"] in ("created", "ended"):
            created[str(event.get("run"))] = created.get(str(event.get("run")), {}) | event
    edited, copies = [], _copies(runs)
    for run in runs:
        path = _path_of(run)
        if any(run is copy for copy in copies):
            edited.append(f"{path} is a copy: by its run.json it is {run.own_name}; it does not count")
            continue
        event = created.get(path, {})
        if run.config and event.get("trains") not in (None, config_hash(run.config)):
            edited.append(f"{path}: config.yaml is not what the run was created with")
        if run.own_name is not None and event.get("params", run.params) != run.params:
            edited.append(f"{path}: the parameters in run.json are not those of its trial")
    return edited, copies


def _copies(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs that say of themselves what another is, or what their folder is not called.

    An arm's folder may have a name of its own: imported arms may be called what no folder can.
    """
    copies, originals = [], dict[str, RunRecord]()
    for run in sorted(runs, key=lambda run: _path_of(run) != run.own_name):
        if run.own_name is None:
            continue
        if run.name != run.own_name.rpartition("/")[2] or run.own_name in originals:
            copies.append(run)
        else:
            originals[run.own_name] = run
    return copies


def _path_of(run: RunRecord) -> str:
    return f"{run.folder.parent.name}/{run.name}"
