"""Past against now: is what is launched what a folder holds, by its file or its ledger, and where results come from."""

from sweeps.experiment_folder.consistency.declared import as_launched, check_unchanged
from sweeps.experiment_folder.consistency.hashes import config_hash, declared_hash, flatten, short_hash
from sweeps.experiment_folder.consistency.origin import Origin, check_origin, describe_origin

__all__ = [
    "Origin",
    "as_launched",
    "check_origin",
    "check_unchanged",
    "config_hash",
    "declared_hash",
    "describe_origin",
    "flatten",
    "short_hash",
]
