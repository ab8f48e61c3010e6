"""The door of `run_sweep.py`: names where files are, a plan that says what a launch would refuse or cut."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cvae.config.yaml_file import dump_yaml
from cvae.errors import InputError
from sweeps.doors.sweep_command import app
from sweeps.estimate.costs import Costs
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "a_toy.yaml").write_text(dump_yaml(TOY))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    error = asked(*arguments).exception
    assert isinstance(error, InputError), error
    return str(error)


@pytest.mark.usefixtures("here")
def test_an_experiment_is_found_by_its_name() -> None:
    for name in ("a_toy", "a-toy", "experiments/a_toy.yaml", "quickstart"):  # the last comes with the project
        assert asked(name, "--plan", "--no-probe").exit_code == 0, name
    assert "did you mean 'a_toy'?" in refused("a_toi", "--status")
    assert "did you mean 'experiments/a_toy.yaml'?" in refused("experiments/atoy.yaml", "--status")


def test_a_plan_says_why_a_launch_would_be_refused(here: Path) -> None:
    lay_out(build_experiment(TOY, "t"), ExperimentFolder(here / "runs" / "toy"))
    moved = refused("a_toy", "--plan", "--no-probe", "--set", "base.beta=0.5")
    assert moved.startswith("a launch would be refused: ")
    assert "base.beta" in moved
    margin = refused("a_toy", "--plan", "--no-probe", "--set", "metric.margin=0.3")
    assert "what counts as equivalent is declared before there are results" in margin
    assert "comparable" not in margin
    absent = ["--set", "name=other", "--set", "base.data.root=nowhere", "--set", "base.data.source=episodes"]
    assert "nowhere: the data folder does not exist" in refused("a_toy", "--plan", "--no-probe", *absent)


@pytest.mark.usefixtures("here")
def test_a_plan_with_a_budget_says_what_would_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def costs(experiment: Any, *_: Any) -> Costs:
        return Costs({(arm, phase): 60.0 for arm in experiment.arms for phase in ("tune", "confirm")}, {}, "given")

    monkeypatch.setattr("sweeps.estimate.trim.find_costs", costs)
    monkeypatch.setattr("sweeps.estimate.costs.find_costs", costs)
    arguments = ["a_toy", "--plan", "--slots", "1", "--set", "tune.trials_per_arm=8", "--set", "confirm.seeds=8"]
    cut = asked(*arguments, "--budget", "10m")
    assert cut.exit_code == 0, cut.output
    assert "cut in every arm to fit the budget: trials an arm 8 -> " in cut.output
    assert "nothing had to be cut" in asked(*arguments, "--budget", "9h").output
    assert "is too small" in refused(*arguments, "--budget", "1m")
    assert not Path("runs").exists()


def test_it_knows_its_version() -> None:
    assert asked("--version").output.startswith("cvae-sweeps ")
