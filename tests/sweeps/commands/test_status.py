"""A sweep seen from another terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cvae.config.yaml_file import dump_yaml
from cvae.record import RunState
from sweeps.commands.status import SweepStatus
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.made_runs import begin
from tests.sweeps.stepping_sweep import TOY, Sweep

ROOT = Path(__file__).parents[3]


def test_the_status_tells_the_best_trial_and_the_time_left(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for _ in sweep.coordinator.run():
        if len(sweep.coordinator.counts.settled) == 5:
            break
    text = sweep.seen()
    best = max((v, k) for k, (_, v) in enumerate(sweep.told()) if v is not None)
    assert "5 of 6 runs done" in text
    assert f"{best[0]:.2f}  tune-{best[1]:03d}" in text
    assert "nobody works on it" in text


def test_of_a_run_half_done_half_is_left(tmp_path: Path) -> None:
    # six runs of 100 s, of one of them half, and of another all but its end: 4.5 x 100 s
    experiment, root = build_experiment(TOY, "t"), ExperimentFolder(tmp_path / "toy")
    lay_out(experiment, root)
    for name in ("x", "y"):
        Ledger(root.ledger).append("ended", f"a/{name}", status="finished", wall_s=100.0)
    for run, step in zip(all_runs(experiment), (20, 40), strict=False):
        folder = begin(root.path, run.arm, run.name)
        folder.write_state(RunState("interrupted", attempt=1, step=step, total_steps=40))
    assert "0 of 6 runs done" in SweepStatus(experiment, root).headline()
    assert "about 7 min 30 s left at 1 slots" in SweepStatus(experiment, root).headline()


LONG = ["beta-1e-4-linear", "beta-1e-4-cosine", f"{'x' * 60}-a", f"{'x' * 60}-b"]


@pytest.mark.parametrize("columns", [None, "80", "40"])
def test_names_are_never_cut_until_they_are_the_same(tmp_path: Path, columns: str | None) -> None:
    # whatever the width: folded they are whole, and in a pipe they stand in one line
    values = {
        "name": "toy",
        "question": "Does beta [/kl] matter? [see notes] :smile:",
        "arms": {arm: {} for arm in LONG},
    }
    file = tmp_path / "experiment.yaml"
    file.write_text(dump_yaml(values | {"confirm": {"seeds": 1}}))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | ({"COLUMNS": columns} if columns else {})
    for option in (["--status"], ["--plan", "--no-probe"]):
        command = [sys.executable, "run_sweep.py", str(file), "--runs", str(tmp_path / "runs"), *option]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert "\u2026" not in done.stdout  # an ellipsis
        if columns is None:
            assert [sum(arm in line for line in done.stdout.splitlines()) for arm in LONG] == [1, 1, 1, 1]
        if option[0] == "--plan":
            asked = re.sub(r"\s+", "", done.stdout)
            assert "[/kl]matter?[seenotes]:smile:" in asked
