"""What a sweep's results come from, for its ledger: the experiment, the data, the code, the packages, the machine."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.provenance import git_commit, git_diff, package_versions
from sweeps.experiment import Experiment
from sweeps.experiment_folder.consistency.hashes import declared_hash, short_hash
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder


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
        "declared": declared_hash(experiment),
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
    before = Ledger(root.ledger).last_start()
    if before is None:
        return []
    known, versions = before.get("data"), before.get("versions")
    if isinstance(known, list) and known and known != origin["data"]:
        raise InputError(
            f"{root.path}: the data has changed since its runs began (fingerprint {', '.join(map(str, known))}, now "
            f"{', '.join(origin['data'])}): they would not be comparable; put the data back, or give another --runs"
        )
    lines = []
    if any(before.get(key) != origin[key] for key in ("git_commit", "git_changes")):
        lines.append("note: the code has changed since the last start (both are in the ledger)")
    versions = versions if isinstance(versions, dict) else {}
    moved = {name for name in origin["versions"] if versions.get(name) != origin["versions"][name]}
    if moved:
        lines.append(f"note: versions have changed since the last start: {', '.join(sorted(moved))}")
    return lines
