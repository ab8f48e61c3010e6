"""Samplers by name: restarted they go on, and no configuration is made twice."""

from pathlib import Path
from typing import Any

import pytest

from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.search_space.distributions import parse_dimension
from sweeps.search_space.points import grid
from sweeps.study.arm_study import ArmStudy
from sweeps.study.storage import open_storage
from tests.sweeps.stepping_sweep import TOY

SEARCH = {"optim.lr": {"float": [1e-4, 1e-1], "log": True}, "optim.beta1": {"float": [0.1, 0.9]}}
FEW = {"model.g_dim": {"choice": [16, 32, 64]}, "model.predictor_layers": {"int": [1, 2]}}
STARTUP = {"tpe": {"n_startup_trials": 4}, "gp": {"n_startup_trials": 4}, "cmaes": {"n_startup_trials": 2}}


def study(path: Path, sampler: str, search: dict[str, Any], trials: int) -> ArmStudy:
    tune = {"trials_per_arm": trials, "sampler": sampler, "sampler_options": STARTUP.get(sampler, {})}
    path.mkdir(exist_ok=True)
    storage, _ = open_storage(ExperimentFolder(path), None)
    return ArmStudy(build_experiment(TOY | {"search": search, "tune": tune}, "t"), "a", storage)


def value(params: dict[str, Any]) -> float:
    return -sum(float(v) ** 2 for v in params.values())


def proposals(path: Path, sampler: str, search: dict[str, Any], trials: int, restart_at: tuple[int, ...]) -> list[Any]:
    """Ask for trials one by one, opening the study anew before some of them."""
    opened, found = study(path, sampler, search, trials), []
    for k in range(trials):
        if k in restart_at:
            opened = study(path, sampler, search, trials)
        found.append(opened.params_of(k))
        opened.tell(k, "finished", value(found[-1]), {})
    return found


@pytest.mark.parametrize("sampler", ["qmc", "random", "tpe", "cmaes", pytest.param("gp", marks=pytest.mark.slow)])
def test_a_restart_changes_no_proposal(sampler: str, tmp_path: Path) -> None:
    straight = proposals(tmp_path / "straight", sampler, SEARCH, 9, ())
    assert proposals(tmp_path / "restarted", sampler, SEARCH, 9, (1, 3, 6)) == straight
    assert len({repr(params) for params in straight}) == 9


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid"])
def test_a_small_space_is_exhausted_before_anything_is_repeated(sampler: str, tmp_path: Path) -> None:
    found = proposals(tmp_path / "a", sampler, FEW, 6, (2, 4))
    assert len({repr(sorted(params.items())) for params in found}) == 6


@pytest.mark.parametrize("sampler", ["qmc", "random", "tpe", "grid", "cmaes"])
def test_null_is_a_value_before_and_after_a_restart(sampler: str, tmp_path: Path) -> None:
    search = {"optim.clip": {"choice": [None, 1.0]}, "model.g_dim": {"choice": [16, 32]}}
    tune = {"trials_per_arm": 4, "sampler": sampler}
    experiment = build_experiment(TOY | {"search": search, "tune": tune}, "t")
    asked = []
    for k in range(4):
        storage, _ = open_storage(ExperimentFolder(tmp_path), None)
        opened = ArmStudy(experiment, "a", storage)
        asked.append(opened.params_of(k))
        opened.tell(k, "finished", float(k), {})
    storage, _ = open_storage(ExperimentFolder(tmp_path), None)
    assert [ArmStudy(experiment, "a", storage).params_of(k) for k in range(4)] == asked
    assert {params["optim.clip"] for params in asked} == {None, 1.0}


def test_a_grid_has_each_combination_once() -> None:
    space = {
        "kl_anneal": parse_dimension(
            {
                "choice": {
                    "constant": {"mode": "constant"},
                    "cyclical": {"mode": "cyclical", "search": {"n_cycles": {"int": [2, 4]}}},
                }
            }
        ),
        "optim.lr": parse_dimension({"float": [1e-4, 1e-2], "log": True}),
    }
    points = grid(space, 3, 0)
    assert len(points) == (1 + 3) * 3  # n_cycles varies where the schedule is cyclical alone
    assert len({repr(sorted(point.items())) for point in points}) == 12
    assert sorted({point["optim.lr"] for point in points}) == pytest.approx([1e-4, 1e-3, 1e-2])
    assert grid(space, 3, 0) == points
    assert grid(space, 3, 1) != points


def test_a_trial_that_a_kill_left_in_part_gets_the_rest(tmp_path: Path) -> None:
    whole = study(tmp_path / "a", "qmc", SEARCH, 2).params_of(0)
    opened = study(tmp_path / "b", "qmc", SEARCH, 2)
    opened._create(0)
    opened._trials.add_params(0, {"optim.lr": whole["optim.lr"]}, opened._distributions)
    assert study(tmp_path / "b", "qmc", SEARCH, 2).params_of(0) == whole
