"""How runs stand: one reading of a run's folder, for every screen."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cvae.files import held
from cvae.record import FINAL_STATUSES, RunState, epoch_lines
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.experiment_folder.states import final_value, read_standing, runs_left
from tests.sweeps.made_runs import begin
from tests.sweeps.stepping_sweep import TOY

EXPERIMENT = build_experiment(TOY, "t")
TUNE, CONFIRM = all_runs(EXPERIMENT)[0], all_runs(EXPERIMENT)[-1]


@pytest.fixture
def root(tmp_path: Path) -> ExperimentFolder:
    return ExperimentFolder(tmp_path / "toy")


def test_a_run_is_pending_until_a_worker_has_begun(root: ExperimentFolder) -> None:
    standing = read_standing(TUNE, root)
    assert (standing.state.status, standing.part, standing.seconds_for_all) == ("pending", 0.0, None)
    begin(root.path, TUNE.arm, TUNE.name)
    assert read_standing(TUNE, root).state.status == "pending"


def test_a_run_is_running_while_somebody_trains_it(root: ExperimentFolder) -> None:
    folder = begin(root.path, TUNE.arm, TUNE.name)
    folder.write_state(RunState("running", attempt=1, step=10, total_steps=40, seconds=5.0))
    folder.heartbeat.write_text("15")
    with held(folder.lock):
        standing = read_standing(TUNE, root)
    assert (standing.state.status, standing.part) == ("running", 15 / 40)  # the heartbeat is ahead of the checkpoint
    assert standing.seconds_for_all == 20.0  # and the seconds belong to the checkpoint
    assert read_standing(TUNE, root).state.status == "interrupted"


@pytest.mark.parametrize("status", ["finished", "pruned", "failed"])
def test_nothing_is_left_of_a_final_run_however_far_it_got(root: ExperimentFolder, status: str) -> None:
    folder = begin(root.path, TUNE.arm, TUNE.name)
    folder.write_state(RunState(status, attempt=1, step=10, total_steps=40))
    assert read_standing(TUNE, root).part == 1.0
    assert TUNE not in runs_left(EXPERIMENT, root)
    assert len(runs_left(EXPERIMENT, root)) == len(all_runs(EXPERIMENT)) - 1


def test_a_run_is_scored_on_the_split_of_its_phase() -> None:
    scored = RunState("finished", final={"val/psnr": 21, "test/psnr": 20.5})
    assert (final_value(EXPERIMENT, TUNE, scored), final_value(EXPERIMENT, CONFIRM, scored)) == (21.0, 20.5)
    assert final_value(EXPERIMENT, TUNE, replace(scored, final=None)) is None


@pytest.mark.parametrize("status", ["finished", "pruned", "failed", "interrupted", "running"])
def test_a_run_that_is_over_is_not_read_whole(
    root: ExperimentFolder, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # thousands of runs have gigabytes of evaluations, and a look at where they stand needs none of their values
    folder = begin(root.path, TUNE.arm, TUNE.name)
    folder.write_state(RunState(status, attempt=1, step=10, total_steps=40))
    for step in range(1_000):
        with folder.epochs.open("a") as file:
            file.write(json.dumps({"step": step, "val/psnr": 20.0}) + "\n")
    read, parse = [], epoch_lines.parse_epochs
    monkeypatch.setattr(epoch_lines, "parse_epochs", lambda data: read.append(len(data)) or parse(data))
    assert read_standing(TUNE, root).damage == ()
    is_over = status in FINAL_STATUSES
    assert (sum(read) <= 2 * epoch_lines.END_BYTES) == is_over
    assert (sum(read) == folder.epochs.stat().st_size) == (not is_over)


def test_a_standing_says_what_its_run_is(root: ExperimentFolder) -> None:
    assert read_standing(TUNE, root).identity is None
    folder = begin(root.path, TUNE.arm, TUNE.name)
    assert read_standing(TUNE, root).identity == folder.read_identity()
