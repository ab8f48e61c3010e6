"""How trials and seeds are divided among tunings, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment.phases import RESERVED, check_arm_names
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY, Sweep


def build(tune: dict[str, Any] | None, confirm: dict[str, Any], arms: str = "ab") -> Experiment:
    values = TOY | {"arms": {arm: {} for arm in arms}, "tune": tune, "confirm": confirm}
    return build_experiment(values if tune else values | {"search": {}}, "t")


@pytest.mark.parametrize(
    ("tune", "confirm", "n_tunings"),
    [
        ({"trials_per_arm": 24}, {}, 6),
        ({"trials_per_arm": 12}, {"seeds": 6}, 6),
        ({"trials_per_arm": 6}, {}, 1),  # a tuning would look at one point
        ({"trials_per_arm": 20}, {}, 1),
        ({"trials_per_arm": 24}, {"seeds": 10}, 1),
        ({"trials_per_arm": 24}, {"configs_per_arm": 2}, 1),
        ({"trials_per_arm": 24}, {"stop": "sure"}, 1),
        ({"trials_per_arm": 24, "sampler": "tpe"}, {}, 1),
        ({"trials_per_arm": 24, "pruner": "median"}, {}, 1),
        ({"trials_per_arm": 24, "sampler": "tpe"}, {"replicates": 4}, 4),
        ({"trials_per_arm": 24}, {"replicates": 1}, 1),
        (None, {}, 1),
    ],
)
def test_six_tunings_where_the_numbers_allow_it_and_nothing_else_is_said(
    tune: dict[str, Any] | None, confirm: dict[str, Any], n_tunings: int
) -> None:
    experiment = build(tune, confirm)
    assert experiment.n_tunings == n_tunings
    assert experiment.n_blocks == (n_tunings if n_tunings > 1 else experiment.confirm.seeds)
    assert experiment.written()["confirm"]["replicates"] == n_tunings
    assert ("replicates" in experiment.confirm.model_fields_set) == ("replicates" in confirm)


@pytest.mark.parametrize(
    ("tune", "confirm", "arms", "message"),
    [
        ({"trials_per_arm": 10}, {"replicates": 4}, "ab", "a multiple of 4, such as 8 or 12"),
        ({"trials_per_arm": 3}, {"replicates": 4, "seeds": 4}, "ab", "tune.trials_per_arm is 3 .* such as 4"),
        ({"trials_per_arm": 12}, {"replicates": 4, "seeds": 10}, "ab", "confirm.seeds is 10 and confirm.repl"),
        ({"trials_per_arm": 12}, {"replicates": 4, "configs_per_arm": 2}, "ab", "with replicates: configs_per_arm 1"),
        (None, {"replicates": 4}, "ab", "no `tune` section; allowed without one: 1"),
        ({"trials_per_arm": 12}, {"replicates": 0}, "ab", "replicates"),
        (None, {"seeds": 5, "stop": "sure"}, "ab", "confirm.seeds is 5; allowed with it: 6 to 100"),
        (None, {"seeds": 101, "stop": "sure"}, "ab", "confirm.seeds is 101; allowed"),
        ({"trials_per_arm": 12}, {"replicates": 4, "stop": "sure"}, "ab", "replicates is 4; allowed with it: 6"),
        (None, {"seeds": 20, "stop": "sure"}, "a", "there is one arm"),
        (None, {"stop": "surely"}, "ab", "stop"),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_or_never_be_sure_is_refused(
    tune: dict[str, Any] | None, confirm: dict[str, Any], arms: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build(tune, confirm, arms)


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
