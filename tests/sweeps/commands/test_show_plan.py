"""What a plan says of tunings and looks."""

from pathlib import Path
from typing import Any

import pytest

from sweeps.commands.show_plan import design_lines, print_plan
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY


def build(trials: int, **confirm: Any) -> Any:
    values = {"arms": {"a": {}, "b": {}}, "tune": {"trials_per_arm": trials}, "confirm": confirm}
    return build_experiment(TOY | values, "t")


def test_what_the_verdict_will_speak_of_is_said_before_launch() -> None:
    (line,) = design_lines(build(24))
    assert line.startswith("6 tunings of every arm with 4 trials each, confirmed with 2 seeds each")
    (line,) = design_lines(build(20))
    assert line.startswith("one tuning of every arm with 20 trials: the verdict is about the configurations")


def test_a_sweep_that_may_end_early_says_at_least_and_at_most() -> None:
    _, line = design_lines(build(4, seeds=20, stop="sure"))
    assert line.startswith("looked at after each seed from number 6: at least 20, at most 48 runs")
    _, line = design_lines(build(24, seeds=24, replicates=12, stop="sure"))
    assert line.startswith("looked at after each tuning from number 6: at least 48, at most 96 runs")


def test_the_plan_shows_each_run_in_its_tuning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(build(4, replicates=2, seeds=2), ExperimentFolder(tmp_path / "toy"))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    order = [(row[1], row[5]) for row in rows if len(row) > 5 and row[5].startswith(("tune-", "confirm-"))]
    assert order == [
        (str(tuning), name)
        for tuning in (0, 1)
        for name in (f"tune-00{tuning}", f"tune-00{tuning + 2}", f"confirm-{tuning}-s{1000 + tuning}")
        for _ in "ab"
    ]


def test_a_plan_of_thousands_of_runs_has_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(build(1000, seeds=6), ExperimentFolder(tmp_path / "toy"))
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith(("a ", "b "))]
    assert [row[1] for row in rows[:2]] == ["tune-000", "tune-000"]
    assert len(rows) == 2 * (1000 + 6)
    assert lines[-1].startswith("0 of 2012 runs done")
