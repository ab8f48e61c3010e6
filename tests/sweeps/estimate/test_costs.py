"""What runs cost: from those that have ended in the folder, and as people read it."""

from pathlib import Path

import pytest

from sweeps.estimate.costs import Costs, _costs_of_ended, format_span
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY

KINDS = [("a", "tune"), ("a", "confirm")]


def test_arithmetic_is_said_as_one_amount_or_a_span() -> None:
    assert format_span([2e12, 3e12]) == "2 TFLOP to 3 TFLOP"
    assert format_span([2e12, 2e12]) == "2 TFLOP"


def test_the_runs_that_have_ended_tell_once_there_are_two_of_each_phase(tmp_path: Path) -> None:
    # a pruned run took less than a whole one would, and does not count
    root = ExperimentFolder(tmp_path)
    ledger = Ledger(root.ledger)
    for name, status, wall_s in (
        ("tune-000", "finished", 100.0),
        ("tune-001", "pruned", 10.0),
        ("confirm-0-s1000", "finished", 200.0),
        ("confirm-0-s1001", "finished", 220.0),
    ):
        ledger.append("ended", f"a/{name}", status=status, wall_s=wall_s)
    assert _costs_of_ended(root, KINDS) is None
    ledger.append("ended", "a/tune-002", status="finished", wall_s=120.0)
    costs = _costs_of_ended(root, KINDS)
    assert costs is not None
    assert costs.seconds == {("a", "tune"): pytest.approx(110.0), ("a", "confirm"): pytest.approx(210.0)}


def test_the_wall_time_of_a_plan_fills_slots_as_they_fall_free() -> None:
    # four trials of 60 s and two confirm runs of 90 s: 3 x 60 s + 90 s in the slot that ends last
    runs = all_runs(build_experiment(TOY, "t"))
    costs = Costs({("a", "tune"): 60.0, ("a", "confirm"): 90.0}, {}, "given")
    assert costs.wall_s(runs, 1) == 4 * 60 + 2 * 90
    assert costs.wall_s(runs, 2) == 2 * 60 + 90
    assert costs.wall_s(runs, 9) == 90
