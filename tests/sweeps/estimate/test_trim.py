"""A budget cuts every arm alike, and nothing that exists."""

from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from cvae.record import RunState
from sweeps.estimate.costs import Costs
from sweeps.estimate.trim import describe_cut, trim
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.experiment_folder.states import runs_left
from tests.sweeps.stepping_sweep import TOY


def experiment(**changes: Any) -> Any:
    return build_experiment(
        TOY | {"arms": {"a": {}, "b": {}}, "tune": {"trials_per_arm": 20}, "confirm": {"seeds": 10}} | changes, "t"
    )


def costs(seconds: float) -> Costs:
    return Costs({(arm, phase): seconds for arm in "ab" for phase in ("tune", "confirm")}, {}, "given")


def test_a_budget_cuts_every_arm_alike_and_says_so(tmp_path: Path) -> None:
    # 60 runs of 60 s at 2 slots: half an hour; 15 minutes hold 30 of them
    root, whole = ExperimentFolder(tmp_path / "toy"), experiment()
    assert costs(60).describe(all_runs(whole), 2) == (
        "estimate for 60 runs: 1 device hours (0.017 a run), about 30 min 0 s at 2 slots (given)"
    )
    cut = trim(whole, root, costs(60), 2, 15 * 60)
    assert (cut.tune.trials_per_arm, cut.confirm.seeds) == (10, 5)
    assert {sum(run.arm == arm for run in all_runs(cut)) for arm in "ab"} == {15}
    assert (
        describe_cut(whole, cut) == "cut in every arm to fit the budget: trials an arm 20 -> 10, seeds an arm 10 -> 5"
    )
    assert trim(whole, root, costs(60), 2, 3600) == whole
    assert describe_cut(whole, whole) == "nothing had to be cut for the budget"
    with pytest.raises(InputError, match="too small: 2 seeds an arm and 1 trials take about 3 min"):
        trim(whole, root, costs(60), 2, 100)


def test_a_budget_cuts_no_run_that_exists(tmp_path: Path) -> None:
    root, whole = ExperimentFolder(tmp_path / "toy"), experiment()
    for run in all_runs(whole)[:30]:  # 15 trials an arm
        root.run(run).path.mkdir(parents=True)
    assert trim(whole, root, costs(60), 2, 35 * 60).tune.trials_per_arm >= 15
    with pytest.raises(InputError, match="15 trials"):
        trim(whole, root, costs(60), 2, 60)


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[1, 2]\n", b'{"status": 7}'])
def test_a_run_whose_state_is_damaged_is_still_to_be_made(damage: bytes, tmp_path: Path) -> None:
    # a budget is reckoned before the record is mended
    root, whole = ExperimentFolder(tmp_path / "toy"), experiment()
    first, second = (root.run(run) for run in all_runs(whole)[:2])
    for folder in (first, second):
        folder.path.mkdir(parents=True)
        folder.write_state(RunState("finished"))
    assert len(runs_left(whole, root)) == 58
    first.state.write_bytes(damage)
    left = runs_left(whole, root)
    assert (len(left), left[0]) == (59, all_runs(whole)[0])
    assert trim(whole, root, costs(60), 2, 3600) == whole


def test_a_budget_cuts_every_tuning_alike(tmp_path: Path) -> None:
    whole = experiment(tune={"trials_per_arm": 24}, confirm={"seeds": 12, "replicates": 6})
    root = ExperimentFolder(tmp_path / "toy")
    cut = trim(whole, root, costs(60), 2, 20 * 60)
    assert (cut.tune.trials_per_arm, cut.confirm.seeds, cut.confirm.replicates) == (12, 6, 6)
    for run in all_runs(whole)[:8]:  # the first tuning: trials 0, 6, 12, 18
        root.run(run).path.mkdir(parents=True)
    with pytest.raises(InputError, match="6 seeds an arm and 24 trials"):
        trim(whole, root, costs(60), 2, 60)


def test_a_budget_leaves_a_sweep_that_stops_when_sure_the_seeds_for_a_word(tmp_path: Path) -> None:
    whole = experiment(search={}, tune=None, confirm={"seeds": 20, "stop": "sure"})
    with pytest.raises(InputError, match="too small: 6 seeds an arm"):
        trim(whole, ExperimentFolder(tmp_path / "toy"), costs(60), 2, 60)
