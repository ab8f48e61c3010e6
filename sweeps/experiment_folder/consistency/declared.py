"""What was declared when a folder was launched, against what is launched now: runs of both would not be comparable."""

import json
from collections.abc import Mapping
from typing import Any

from cvae.config import load_yaml_mapping, merge
from cvae.errors import InputError
from sweeps.experiment import Experiment, build_experiment
from sweeps.experiment_folder.consistency.hashes import declared_hash, flatten, may_differ, short_hash
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder


def check_unchanged(experiment: Experiment, root: ExperimentFolder) -> None:
    """Check that a folder in which an experiment was launched holds this one, but for what may change.

    Raises:
        InputError: it was launched with other values; names each. Or what its sweep did so far may not be read.
    """
    if root.ledger.is_file() and (fault := Ledger(root.ledger).fault()) is not None:
        raise InputError(f"{fault}; a sweep goes on by what it says: make it readable, or give another --runs")
    values = _written_at_launch(root)
    if values is None:
        _check_by_ledger(experiment, root)
        return
    launched = dict(flatten(values))
    now = dict(flatten(experiment.written()))
    paths = list(dict.fromkeys([*launched, *now]))
    moved = [
        path
        for path in paths
        if launched.get(path) != now.get(path) and not may_differ(path, launched.get(path), now.get(path))
    ]
    if moved == ["metric.margin"]:
        raise InputError(
            f"{root.path} was launched with metric.margin = {launched.get(moved[0])!r}, not {now.get(moved[0])!r}: "
            "what counts as equivalent is declared before there are results; put it back, or launch the changed "
            "experiment anew under another name (--set name=...)"
        )
    if moved:
        changes = "; ".join(f"{path} = {launched.get(path)!r}, not {now.get(path)!r}" for path in moved)
        raise InputError(
            f"{root.path} was launched with {changes}, says its {root.experiment.name}: its runs would not be "
            "comparable; put it back, or give the changed experiment another name (--set name=...) or another "
            "folder (--runs)"
        )
    if now.get("tune.trials_per_arm") != launched.get("tune.trials_per_arm") and list(root.path.glob("*/confirm-*")):
        n = launched.get("tune.trials_per_arm")
        raise InputError(
            f"{root.path} has begun to confirm the best of {n} trials an arm; tune.trials_per_arm can no longer "
            f"change; give --set tune.trials_per_arm={n}"
        )
    n = launched.get("confirm.seeds")
    if experiment.n_tunings > 1 and now.get("confirm.seeds") != n and list(root.path.glob("*/confirm-*")):
        raise InputError(
            f"{root.path} has begun to confirm with {n} seeds an arm in {experiment.n_tunings} tunings; confirm.seeds "
            f"can no longer change, because it would change what may have been looked at; give --set confirm.seeds={n}"
        )


def as_launched(experiment: Experiment, root: ExperimentFolder) -> Experiment:
    """Return an experiment that goes on in a folder: numbers of confirm that its file does not name are the folder's.

    Raises:
        InputError: the numbers do not fit the file's.
    """
    if not root.experiment.exists():
        return experiment
    try:
        launched = _confirm_at_launch(load_yaml_mapping(root.experiment))
    except InputError:
        return experiment  # damaged: whether it is the folder's, the ledger says (`check_unchanged`)
    named = experiment.confirm.model_fields_set
    left = {key: launched[key] for key in ("replicates", "seeds") if key in launched and key not in named}
    if all(getattr(experiment.confirm, key) == value for key, value in left.items()):
        return experiment
    return build_experiment(
        merge(experiment.written(), {"confirm": left}), f"{experiment.name}, going on in {root.path}"
    )


def _confirm_at_launch(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the confirm section of a folder's experiment; one written before there were replicates has one tuning."""
    confirm = values.get("confirm")
    return {"replicates": 1, **confirm} if isinstance(confirm, dict) else {"replicates": 1}


def _written_at_launch(root: ExperimentFolder) -> dict[str, Any] | None:
    """Return the experiment of a folder, with the defaults of keys unknown at its launch; None without one."""
    try:
        values = load_yaml_mapping(root.experiment)
    except InputError:
        return None  # missing or damaged
    values |= {"confirm": _confirm_at_launch(values)}
    try:
        return build_experiment(values, str(root.experiment)).written()
    except InputError:
        return values  # of another version: compared as it stands


def _check_by_ledger(experiment: Experiment, root: ExperimentFolder) -> None:
    """Check by the ledger what the missing or damaged experiment file would tell.

    Raises:
        InputError: runs were made there, and nothing says that it was by this experiment.
    """
    before = Ledger(root.ledger).last_start()
    if before is None:
        if any(root.path.glob("*/*/run.json")):
            raise InputError(
                f"{root.experiment}: cannot be read, nor does {root.ledger.name} say which experiment was launched: "
                "runs there may be of another; put one of the files back, or give another --runs"
            )
        return
    whole = short_hash(json.dumps(experiment.written(), sort_keys=True))  # all that older ledgers say
    is_declared = "declared" in before
    then, now = (before["declared"], declared_hash(experiment)) if is_declared else (before.get("experiment"), whole)
    if then != now:
        raise InputError(
            f"{root.experiment}: cannot be read, and by {root.ledger.name} (hash {then}, now {now}) the folder was "
            "launched with another experiment; put the file back, give what was launched, or another --runs"
        )
