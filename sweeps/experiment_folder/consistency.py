"""What a sweep's results come from, for its ledger: the experiment, the data, the code, the packages, the machine."""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cvae.config import load_yaml_mapping, merge
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.provenance import git_commit, git_diff, package_versions
from sweeps.experiment import Experiment, build_experiment
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder

#: Keys that may differ when an experiment is started again: words, totals that may grow, and what decides nothing.
MAY_CHANGE = ("question", "also", "confirm.seeds", "tune.trials_per_arm")


def check_unchanged(experiment: Experiment, root: ExperimentFolder) -> None:
    """Check that a folder in which an experiment was launched holds this one, but for what may change.

    Raises:
        InputError: it was launched with other values; names each.
    """
    if not root.experiment.exists():
        return
    launched = dict(_flatten(_written_at_launch(root)))
    now = dict(_flatten(experiment.written()))
    paths = list(dict.fromkeys([*launched, *now]))
    moved = [path for path in paths if launched.get(path) != now.get(path) and path not in MAY_CHANGE]
    if moved == ["metric.margin"]:
        raise InputError(
            f"{root.path} was launched with metric.margin = {launched.get(moved[0])!r}, not {now.get(moved[0])!r}: "
            "what counts as equivalent is declared before there are results; put it back, or launch the changed "
            "experiment anew under another name (--set name=...)"
        )
    if moved:
        changes = "; ".join(f"{path} = {launched.get(path)!r}, not {now.get(path)!r}" for path in moved)
        raise InputError(
            f"{root.path} was launched with {changes}: its runs would not be comparable; put it back, or "
            "give the changed experiment another name (--set name=...) or another folder (--runs)"
        )
    if now.get("tune.trials_per_arm") != launched.get("tune.trials_per_arm") and list(root.path.glob("*/confirm-*")):
        n = launched["tune.trials_per_arm"]
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
        InputError: the folder's experiment file cannot be read, or the numbers do not fit the file's.
    """
    if not root.experiment.exists():
        return experiment
    launched = _confirm_at_launch(load_yaml_mapping(root.experiment))
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


def _written_at_launch(root: ExperimentFolder) -> dict[str, Any]:
    """Return the experiment of a folder, with the defaults of keys that its launch did not know yet."""
    values = load_yaml_mapping(root.experiment)
    values |= {"confirm": _confirm_at_launch(values)}
    try:
        return build_experiment(values, str(root.experiment)).written()
    except InputError:
        return values  # of another version: compared as it stands


def _flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of nested mappings with its dotted path."""
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from _flatten(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, values


def short_hash(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Origin:
    """What the results of one start come from."""

    facts: Mapping[str, Any]  # for the ledger
    changes: str  # of the code, uncommitted: a diff

    def keep_changes(self, root: ExperimentFolder) -> None:
        """Keep uncommitted changes whole, in a file that is named after their hash as the ledger has it."""
        if self.changes:
            write_atomically(root.path / f"changes-{self.facts['git_changes']}.diff", self.changes.encode())


def describe_origin(experiment: Experiment, data: Mapping[str, str]) -> Origin:
    """Return what is recorded at every start.

    Args:
        experiment: as it is launched.
        data: line about a data set -> its fingerprint.
    """
    commit, is_dirty = git_commit()
    changes = git_diff() if is_dirty else ""
    facts = {
        "experiment": short_hash(json.dumps(experiment.written(), sort_keys=True)),
        "data": sorted(set(data.values())),
        "git_commit": commit,
        "git_changes": short_hash(changes) if changes else None,
        "versions": package_versions(),
        "host": socket.gethostname(),
    }
    return Origin(facts, changes)


def check_origin(origin: Mapping[str, Any], root: ExperimentFolder) -> list[str]:
    """Compare with the last start: other data is refused, other code is said.

    Returns:
        Lines for people.

    Raises:
        InputError: the data is not what the runs there were trained on.
    """
    before = next((e for e in reversed(list(Ledger(root.ledger).read())) if e["event"] == "started"), None)
    if before is None:
        return []
    if before.get("data") and before["data"] != origin["data"]:
        raise InputError(
            f"{root.path}: the data has changed since its runs began (fingerprint {', '.join(before['data'])}, now "
            f"{', '.join(origin['data'])}): they would not be comparable; put the data back, or give another --runs"
        )
    lines = []
    if any(before.get(key) != origin[key] for key in ("git_commit", "git_changes")):
        lines.append("note: the code has changed since the last start (both are in the ledger)")
    moved = {name for name in origin["versions"] if before.get("versions", {}).get(name) != origin["versions"][name]}
    if moved:
        lines.append(f"note: versions have changed since the last start: {', '.join(sorted(moved))}")
    return lines
