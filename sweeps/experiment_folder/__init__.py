"""What lies under `runs/NAME` beside the runs: paths, ledger, records, who works there, how runs stand. No optuna."""

from sweeps.experiment_folder.consistency import (
    Origin,
    as_launched,
    check_origin,
    check_unchanged,
    config_hash,
    describe_origin,
    short_hash,
)
from sweeps.experiment_folder.coordinator_record import (
    BEAT_S,
    CoordinatorRecord,
    is_worked_on,
    own_record,
    read_coordinator,
    take_over,
    write_coordinator,
)
from sweeps.experiment_folder.counts import Cell, RunCounts
from sweeps.experiment_folder.data_record import DataRecord, read_data_record, write_data_record
from sweeps.experiment_folder.disk import DISK_FULL, has_room, is_disk_full, passing_trouble, trouble_now
from sweeps.experiment_folder.layout import (
    create_folder,
    lay_out,
    pack_data,
    pin_to_machine,
    tidy,
    write_config,
    write_experiment_file,
    write_run,
)
from sweeps.experiment_folder.ledger import EndedRun, Ledger, ended_runs
from sweeps.experiment_folder.locations import relocate
from sweeps.experiment_folder.look_records import LOOK, LookRecord, describe_look, read_looks, spared_runs
from sweeps.experiment_folder.paths import ExperimentFolder, find_experiment, find_experiment_file
from sweeps.experiment_folder.states import RunStanding, final_value, read_standing, runs_left

__all__ = [
    "BEAT_S",
    "DISK_FULL",
    "LOOK",
    "Cell",
    "CoordinatorRecord",
    "DataRecord",
    "EndedRun",
    "ExperimentFolder",
    "Ledger",
    "LookRecord",
    "Origin",
    "RunCounts",
    "RunStanding",
    "as_launched",
    "check_origin",
    "check_unchanged",
    "config_hash",
    "create_folder",
    "describe_look",
    "describe_origin",
    "ended_runs",
    "final_value",
    "find_experiment",
    "find_experiment_file",
    "has_room",
    "is_disk_full",
    "is_worked_on",
    "lay_out",
    "own_record",
    "pack_data",
    "passing_trouble",
    "pin_to_machine",
    "read_coordinator",
    "read_data_record",
    "read_looks",
    "read_standing",
    "relocate",
    "runs_left",
    "short_hash",
    "spared_runs",
    "take_over",
    "tidy",
    "trouble_now",
    "write_config",
    "write_coordinator",
    "write_data_record",
    "write_experiment_file",
    "write_run",
]
