from dataclasses import replace

import numpy as np
import pytest

from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import analyse
from sweeps.report.comparison.rule import Rule, decide_pairs
from sweeps.report.statistics.paired import compare_pairs
from tests.sweeps.report.planted import Planted


def pairs_of(planted, tmp_path):
    return {(pair.a, pair.b): pair for pair in analyse(planted.write(tmp_path)).pairs}


@pytest.mark.parametrize(("direction", "winner", "verdict"), [("maximize", "b", "better"), ("minimize", "a", "worse")])
def test_a_planted_effect_is_found_in_both_directions(tmp_path, direction, winner, verdict):
    analysis = analyse(Planted({"a": 0.0, "b": 0.4}, direction=direction).write(tmp_path))
    (pair,) = analysis.pairs
    assert (pair.a, pair.b, pair.verdict) == ("b", "a", verdict)
    assert pair.test.difference == pytest.approx(0.4, abs=0.1)  # b minus a in either direction
    loser, size = "ab".replace(winner, ""), f"{pair.test.difference:.2f} dB"
    assert analysis.headline.startswith(
        f"{winner} is better than {loser} by {size}, more than the declared margin of 0.1 dB (95% interval "
    )
    assert "6 paired seeds" in analysis.headline


def test_the_words_are_told_from_the_winners_side(tmp_path):
    low, high = pairs_of(Planted({"a": 0.0, "b": -0.4}), tmp_path)["b", "a"].test.interval
    headline = analyse(tmp_path / "planted").headline
    assert low < high < 0
    assert headline.startswith("a is better than b by 0.4")
    assert f"95% interval {-high:.2f} to {-low:.2f}" in headline


def test_arms_without_a_difference_are_equivalent_within_a_margin(tmp_path):
    assert pairs_of(Planted({"a": 0.0, "b": 0.0}, margin=0.2), tmp_path)["b", "a"].verdict == "equivalent"


def test_arms_without_a_difference_are_undecided_without_a_margin(tmp_path):
    assert pairs_of(Planted({"a": 0.0, "b": 0.0}, margin=None), tmp_path)["b", "a"].verdict == "undecided"


def test_noise_wins_5_percent_of_the_time_at_most():
    # Three identical arms, 400 studies: Holm holds the chance of any false verdict at 5%.
    rng, rule, n_false = np.random.default_rng(1), Rule("planned", 8, 8, 3, None, 1), 0
    for _ in range(400):
        arms = rng.normal(20, 0.3, (3, 8))
        pairs = [(arms[i], arms[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        decisions = decide_pairs(rule, [compare_pairs(a, b) for a, b in pairs], [list(a - b) for a, b in pairs])
        n_false += any(decision.verdict != "undecided" for decision in decisions)
    assert 0 < n_false / 400 < 0.075


def test_one_seed_shows_a_difference_and_decides_nothing(tmp_path):
    pair = pairs_of(Planted({"a": 0.0, "b": 3.0}, n_seeds=1), tmp_path)["b", "a"]
    assert (pair.test.n, pair.test.interval, pair.verdict) == (1, None, "undecided")
    assert pair.test.difference == pytest.approx(3.0, abs=0.3)


def test_identical_scores_do_not_divide_by_zero(tmp_path):
    pair = pairs_of(Planted({"a": 0.0, "b": 0.0}, noise_sd=0.0), tmp_path)["b", "a"]
    assert (pair.test.difference, pair.test.interval, pair.verdict) == (0.0, (0.0, 0.0), "equivalent")


def test_a_constant_difference_needs_six_seeds(tmp_path):
    few = pairs_of(Planted({"a": 0.0, "b": 0.5}, n_seeds=5, noise_sd=0.0), tmp_path / "few")["b", "a"]
    six = pairs_of(Planted({"a": 0.0, "b": 0.5}, n_seeds=6, noise_sd=0.0), tmp_path / "six")["b", "a"]
    assert (few.verdict, six.verdict) == ("undecided", "better")


def test_a_lost_run_takes_its_pair_with_it_and_is_listed(tmp_path):
    planted = Planted({"a": 0.0, "b": 0.4, "c": 0.0}, statuses={("a", 2): "diverged"}, absent=frozenset({("b", 4)}))
    pairs = pairs_of(planted, tmp_path)
    assert {names: pair.test.n for names, pair in pairs.items()} == {("b", "a"): 4, ("c", "a"): 5, ("c", "b"): 5}
    assert pairs["b", "a"].left_out == ("seed 1002: a diverged", "seed 1004: b not started")
    assert pairs["c", "a"].left_out == ("seed 1002: a diverged",)


def test_a_score_left_behind_by_a_run_that_did_not_finish_is_no_score(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.4}).write(tmp_path)
    run = RunFolder(folder / "a" / "confirm-0-s1002")
    run.write_state(replace(run.read_state(), status="diverged"))
    (pair,) = analyse(folder).pairs
    assert pair.left_out == ("seed 1002: a diverged",)


def test_lost_runs_counted_as_worst_can_only_help_the_other_arm(tmp_path):
    planted = Planted({"a": 0.0, "b": 0.4}, n_seeds=8, statuses={("b", i): "failed" for i in range(2)})
    with_lost = pairs_of(planted, tmp_path)["b", "a"].with_lost
    assert (with_lost.n_a, with_lost.n_b) == (6, 2)


def test_configurations_are_averaged_within_a_seed(tmp_path):
    pair = pairs_of(Planted({"a": 0.0, "b": 0.4}, n_configs=2), tmp_path)["b", "a"]
    assert pair.test.n == 6  # seeds, not runs


def test_a_seed_with_one_of_two_configurations_leaves(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.4}, n_configs=2).write(tmp_path)
    (folder / "a" / "confirm-1-s1003" / "state.json").unlink()
    (pair,) = analyse(folder).pairs
    assert pair.test.n == 5
    assert pair.left_out == ("seed 1003: a pending",)


def test_tune_runs_never_enter_the_verdict(tmp_path):
    few = analyse(Planted({"a": 0.0, "b": 0.3}, n_trials=2).write(tmp_path / "few"))
    folder = Planted({"a": 0.0, "b": 0.3}, n_trials=2).write(tmp_path / "fewer")
    for path in folder.glob("*/tune-*/state.json"):
        path.unlink()
    assert analyse(folder).headline == few.headline


def test_a_difference_below_the_margin_is_called_small(tmp_path):
    headline = analyse(Planted({"a": 0.0, "b": 0.1}, noise_sd=0.01, margin=0.5).write(tmp_path)).headline
    assert "less than the declared margin of 0.5 dB" in headline


def test_shrinkage_is_what_confirmation_takes_off_the_tune_score(tmp_path):
    arm = analyse(Planted({"a": 0.0}).write(tmp_path)).arms[0]
    assert arm.shrinkage == pytest.approx(arm.tune_score - arm.confirmed.mean)


def test_pairs_are_made_by_seed_not_by_position(tmp_path):
    # The seeds differ by 2 dB, the arms by 0.3: only the right pairs show it, whichever runs were lost.
    statuses = {("a", 0): "failed", ("b", 7): "failed"}
    planted = Planted({"a": 0.0, "b": 0.3}, n_seeds=10, seed_sd=2.0, statuses=statuses)
    pair = pairs_of(planted, tmp_path)["b", "a"]
    assert pair.verdict == "better"
    assert pair.test.correlation > 0.9


def test_a_small_difference_with_a_wide_interval_is_not_equivalence(tmp_path):
    pair = pairs_of(Planted({"a": 0.0, "b": 0.0}, noise_sd=0.4, margin=0.2), tmp_path)["b", "a"]
    assert abs(pair.test.difference) < 0.2 < max(map(abs, pair.test.interval))
    assert pair.verdict == "undecided"
