"""What a sweep's results come from, for its ledger: the experiment, the data, the code, the packages, the machine."""

import hashlib
import json
import socket
from collections.abc import Mapping
from typing import Any

from cvae.errors import InputError
from cvae.provenance import git_commit, git_diff, package_versions
from cvae.record import write_atomically
from sweeps.experiment import Experiment
from sweeps.ledger import Ledger
from sweeps.plan import ExperimentFolder


def short_hash(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def describe_origin(experiment: Experiment, root: ExperimentFolder, data: Mapping[str, str]) -> dict[str, Any]:
    """Return what is recorded at every start; uncommitted changes are kept whole in a file of their own.

    Args:
        experiment: as it is launched.
        root: its folder.
        data: line about a data set -> its fingerprint.
    """
    commit, is_dirty = git_commit()
    diff = git_diff() if is_dirty else ""
    if diff:
        write_atomically(root.path / f"changes-{short_hash(diff)}.diff", diff.encode())
    return {
        "experiment": short_hash(json.dumps(experiment.written(), sort_keys=True)),
        "data": sorted(set(data.values())),
        "git_commit": commit,
        "git_changes": short_hash(diff) if diff else None,
        "versions": package_versions(),
        "host": socket.gethostname(),
    }


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
