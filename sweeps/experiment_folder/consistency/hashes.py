"""What stands for a configuration and for a declared experiment, and which keys of them may differ."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.experiment import Experiment
from sweeps.experiment_folder.locations import is_location

#: Keys that may differ when an experiment is started again: words, totals that may grow, and what decides nothing.
MAY_CHANGE = ("question", "also", "confirm.seeds", "tune.trials_per_arm")

#: Set for the machine at hand when a run is made, or made again.
THREADS = "runtime.threads"


def short_hash(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def config_hash(config: Mapping[str, Any]) -> str:
    """Return what stands for a run's configuration in the ledger: what is trained, wherever it is trained."""
    values = [(path, value) for path, value in flatten(config) if not is_location(path) and path != THREADS]
    return short_hash(json.dumps(sorted(values, key=str), default=str))


def declared_hash(experiment: Experiment) -> str:
    """Return what stands for what an experiment declared: its file, but for what may change."""
    leaves = [(path, value) for path, value in flatten(experiment.written()) if not may_differ(path, value, value)]
    return short_hash(json.dumps(sorted(leaves, key=str), default=str))


def may_differ(path: str, before: object, now: object) -> bool:
    """Return whether a key may have another value than at the launch; a location that is added or left out may not."""
    return path in MAY_CHANGE or (is_location(path) and before is not None and now is not None)


def flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of nested mappings with its dotted path."""
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from flatten(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, values
