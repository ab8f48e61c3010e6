"""The benchmark of many runs is of runs that the commands take for finished, each beside the same of few."""

from pathlib import Path

import pytest

from benchmarks.at_size import commands
from benchmarks.at_size.finished_runs import N_EVALUATIONS, experiment_of, write_finished
from sweeps.experiment import all_runs, build_experiment
from sweeps.experiment_folder import ExperimentFolder, read_standing, runs_left


def test_its_runs_are_finished_and_sound(tmp_path: Path) -> None:
    file = write_finished(tmp_path, 40)
    experiment, root = build_experiment(experiment_of(40), str(file)), ExperimentFolder(tmp_path / "size-40")
    plan = all_runs(experiment)
    assert len(plan) == 40
    assert runs_left(experiment, root) == []
    standings = [read_standing(run, root) for run in plan]
    assert {standing.state.status for standing in standings} == {"finished"}
    assert [standing for standing in standings if standing.damage] == []
    assert len(root.run(plan[-1]).read_epochs()) == N_EVALUATIONS


def test_many_runs_are_beside_few(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(commands, "ask", lambda file, flag: asked.append((file.stem, flag)))
    plan, status = commands.rows(20, 40, 1)
    assert asked == [(f"size-{n}", flag) for flag in ("--plan", "--status") for _ in range(2) for n in (20, 40)]
    assert plan.baseline.startswith("of 20 runs: ")
    assert status.what == "run_sweep.py --status of 40 finished runs of 300 evaluations"
