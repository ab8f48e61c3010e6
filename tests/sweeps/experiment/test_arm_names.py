"""What an arm may be called."""

from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.experiment.arm_names import RESERVED, check_arm_names
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY, Sweep


@pytest.mark.parametrize("name", ["stop", "storage", "lock", "Lock", "wandb", "REPORT", "study.journal.torn-0"])
def test_a_name_of_the_programs_own_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"an arm cannot be called '{name}'"):
        build_experiment(TOY | {"arms": {name: {}}}, "t")


def test_names_that_some_disks_take_for_one_are_refused() -> None:
    with pytest.raises(InputError, match="differ in capitals alone"):
        build_experiment(TOY | {"arms": {"Beta": {}, "beta": {}}}, "t")
    check_arm_names(["beta", "stopped", "locks", "reports"])


def test_every_file_that_the_program_writes_there_is_reserved(tmp_path: Path) -> None:
    # whatever a new file is called: no arm may be
    folder = ExperimentFolder(tmp_path)
    named = [name for name, member in vars(ExperimentFolder).items() if isinstance(member, property)]
    assert len(named) > 8
    assert {getattr(folder, name).name for name in named} <= RESERVED
    sweep = Sweep(tmp_path)
    sweep.run()
    for path in sweep.root.path.iterdir():
        if path.name not in sweep.experiment.arms:
            with pytest.raises(ValueError, match="cannot be called"):
                check_arm_names([path.name])
