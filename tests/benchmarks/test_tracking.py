"""What the mirror is measured beside is one training that can be launched."""

from pathlib import Path

import pytest

from benchmarks.tracking import SIZES, one_training
from sweeps.experiment import all_runs, build_experiment


@pytest.mark.parametrize("size", SIZES)
def test_the_training_beside_it_is_one_run(size: str) -> None:
    steps = SIZES[size][0]
    experiment = build_experiment(one_training(Path("store"), steps), "benchmark")
    assert [run.phase for run in all_runs(experiment)] == ["confirm"]
    assert experiment.config("cyclical", {}, 0, "validate").train.steps == steps
