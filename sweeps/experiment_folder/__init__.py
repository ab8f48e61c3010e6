"""What lies under `runs/NAME` beside the runs: paths, ledger, lock, who works there, how runs stand. No optuna."""

from sweeps.experiment_folder.consistency import check_origin, describe_origin, short_hash
from sweeps.experiment_folder.disk import DISK_FULL, has_room, is_disk_full, network_type
from sweeps.experiment_folder.layout import lay_out, pack_data, pin_to_machine, record_weights, write_run
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder, find_experiment
from sweeps.experiment_folder.states import holder, is_worked_on, read_who, runs_left, state_of

__all__ = [
    "DISK_FULL",
    "ExperimentFolder",
    "Ledger",
    "check_origin",
    "describe_origin",
    "find_experiment",
    "has_room",
    "holder",
    "is_disk_full",
    "is_worked_on",
    "lay_out",
    "network_type",
    "pack_data",
    "pin_to_machine",
    "read_who",
    "record_weights",
    "runs_left",
    "short_hash",
    "state_of",
    "write_run",
]
