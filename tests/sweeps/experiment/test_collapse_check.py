"""The weights of an experiment beside its data's threshold: printed, recorded, and warned of."""

from pathlib import Path
from typing import Any, get_args

import pytest

from cvae.config.overrides import merge
from cvae.schedules.kl import SETS_OWN_WEIGHT, KLControl
from sweeps.experiment.collapse_check import ArmWeights, measure_arms, weight_lines
from sweeps.experiment.experiment import build_experiment, load_experiment
from tests.conftest import TINY

ROOT = Path(__file__).parents[3]
ROBOT = ROOT.parent / "shared" / "data" / "robot_episodes"


def measured(cache: Path, **changes: Any) -> dict[str, ArmWeights]:
    values = {"name": "toy", "base": TINY | {"store": str(cache)}, "arms": {"a": {}}, "confirm": {"seeds": 1}}
    return measure_arms(build_experiment(merge(values, changes), "t"))


def test_modes_that_set_their_own_weight_are_those_that_are_no_function_of_progress() -> None:
    modes = {option.model_fields["mode"].default: callable(option()) for option in get_args(get_args(KLControl)[0])}
    assert {mode for mode, is_scheduled in modes.items() if not is_scheduled} == set(SETS_OWN_WEIGHT)


def test_an_arm_reaches_what_its_search_reaches(cache: Path) -> None:
    # the base's beta is no run's where beta is searched
    search = {"beta": {"float": [1e-6, 1e-4], "log": True}, "optim.lr": {"float": [1e-3, 1e-2]}}
    weights = measured(cache, search=search, tune={"trials_per_arm": 1})["a"]
    assert (weights.low, weights.high) == (1e-6, 1e-4)
    alone = measured(cache)["a"]
    assert (alone.low, alone.high) == (1e-3, 1e-3)
    assert alone.threshold == weights.threshold


def test_a_weight_that_the_training_sets_is_not_compared(cache: Path) -> None:
    arms = {"a": {"kl_anneal": {"mode": "control"}}, "b": {"beta": 5.0}}
    weights = measured(cache, arms=arms)
    assert (weights["a"].low, weights["a"].high) == (None, None)
    compared = {line.rpartition("(")[2]: "warning" in line for line in weight_lines(weights)}
    assert compared == {"a)": False, "b)": True}
    # a choice among schedules: beta counts where some option uses it
    kl = {"choice": {"control": {"mode": "control"}, "constant": {"mode": "constant"}}}
    both = measured(cache, search={"kl_anneal": kl, "beta": {"float": [1e-4, 1e-3]}}, tune={"trials_per_arm": 1})["a"]
    assert (both.low, both.high) == (1e-4, 1e-3)


@pytest.mark.parametrize(("times", "warned"), [(2.9, False), (3.1, True)])
def test_a_top_far_above_the_threshold_is_warned_of(cache: Path, times: float, warned: bool) -> None:
    threshold = measured(cache)["a"].threshold
    assert threshold is not None
    weights = measured(cache, base={"beta": times * threshold.beta_c})
    assert ("warning" in weight_lines(weights)[0]) is warned
    assert ("can be too low" in weight_lines(weights)[0]) is warned  # it is an estimate, and says so


@pytest.mark.parametrize(("low", "warned"), [(0.01, False), (2.9, False), (3.1, True)])
def test_a_search_that_begins_below_the_threshold_is_told_and_not_warned(cache: Path, low: float, warned: bool) -> None:
    threshold = measured(cache)["a"].threshold
    assert threshold is not None
    span = [low * threshold.beta_c, 10 * threshold.beta_c]
    (line,) = weight_lines(measured(cache, search={"beta": {"float": span}}, tune={"trials_per_arm": 1}))
    assert ("warning" in line) is warned
    assert ("the search reaches 10 times that" in line) is not warned


def test_arms_that_agree_share_a_line(cache: Path) -> None:
    # 1e-3 in the mean convention at 32 pixels: beta_sum 3.07, sigma 1.24
    arms = {"a": {}, "b": {"kl_anneal": {"mode": "monotonic"}}, "c": {"kl_anneal": {"mode": "optimal_sigma"}}}
    lines = weight_lines(measured(cache, arms=arms))
    assert len(lines) == 2
    assert "0.001, beta_sum 3.07, sigma 1.24; collapse expected above beta_c, about " in lines[0]
    assert lines[0].endswith("(a, b)")
    assert "set by the training" in lines[1]


@pytest.mark.skipif(not ROBOT.exists(), reason="the real frames are not here")
def test_the_experiment_on_robot_episodes_does_not_warn_of_itself(tmp_path: Path) -> None:
    here = [f"base.store={tmp_path}", f"base.data.root={ROBOT}"]
    lines = weight_lines(measure_arms(load_experiment(ROOT / "experiments" / "episodes.yaml", here)))
    assert "beta_c" in lines[0]
    assert "warning" not in lines[0]
