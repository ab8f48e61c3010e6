"""Every estimand against a closed form, by hand, or scipy."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from sweeps.report.analysis import analyse
from sweeps.report.comparison.clip_effect import clustered_interval, two_way_interval
from sweeps.report.comparison.expected_best import budget_curve, expected_best
from sweeps.report.statistics.bootstrap import bca_interval
from sweeps.report.statistics.power import pairs_for_effect, power_of
from sweeps.report.statistics.robust import interquartile_mean, probability_of_improvement, wilson_interval, worst_tenth
from tests.sweeps.report.planted import Planted


def test_bca_interval_is_scipys_and_comes_again():
    values = np.random.default_rng(2).gamma(2.0, 1.0, 12)
    rng = np.random.default_rng(20260101)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, method="BCa", rng=rng).confidence_interval
    assert bca_interval(values) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert bca_interval(values) == bca_interval(values.tolist())


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0], [2.0] * 8])
def test_where_a_bootstrap_says_nothing_there_is_none(values):
    assert bca_interval(values) is None


@pytest.mark.parametrize("n", [1, 3, 4, 6, 10, 11])
def test_the_interquartile_mean_is_scipys_trimmed_mean(n):
    values = np.random.default_rng(n).normal(20, 1, n)
    ordered = np.sort(values)
    assert interquartile_mean(values) == pytest.approx(ordered[n // 4 : n - n // 4].mean())
    assert interquartile_mean(values) == pytest.approx(scipy.stats.trim_mean(values, 0.25))


def test_the_worst_tenth_by_hand():
    # Of 25 values the worst 2.5: the two lowest and half of the third.
    values = list(map(float, range(25)))
    assert worst_tenth(values, 1) == pytest.approx((0 + 1 + 0.5 * 2) / 2.5)
    assert worst_tenth(values, -1) == pytest.approx((24 + 23 + 0.5 * 22) / 2.5)
    assert worst_tenth([3.0, 1.0, 2.0], 1) == 1.0  # up to ten values, the worst


def test_the_probability_of_improvement_counts_a_tie_half():
    better = probability_of_improvement([0.3, -0.1, 0.0, 0.2], 1)
    assert better.probability == (2 + 0.5) / 4
    assert probability_of_improvement([0.3, -0.1, 0.0, 0.2], -1).probability == (1 + 0.5) / 4
    assert probability_of_improvement([], 1) is None


def test_the_wilson_interval_is_scipys():
    for k, n in ((0, 6), (4, 6), (10, 10)):
        theirs = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        assert wilson_interval(k / n, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("correlation", "power"), [(0.0, 0.26), (0.3, 0.35), (0.6, 0.55), (0.8, 0.85)])
def test_the_power_of_10_pairs_is_that_of_the_science_notes(correlation, power):
    sd = 0.3 * np.sqrt(2 * (1 - correlation))
    assert power_of(0.2, sd, 10) == pytest.approx(power, abs=0.015)


def test_power_is_the_noncentral_ts():
    for effect, sd, n in ((0.2, 0.3, 6), (0.05, 0.3, 20), (1.0, 0.1, 5), (0.0, 1.0, 8)):
        t = scipy.stats.t(n - 1).ppf(0.975)
        nct = scipy.stats.nct(n - 1, effect / sd * np.sqrt(n))
        assert power_of(effect, sd, n) == pytest.approx(nct.sf(t) + nct.cdf(-t), abs=2e-4)


def test_the_pairs_for_an_effect_are_the_first_that_suffice():
    n = pairs_for_effect(0.2, 0.3)
    assert power_of(0.2, 0.3, n - 1) < 0.8 <= power_of(0.2, 0.3, n)
    assert pairs_for_effect(0.001, 0.3) is None


def test_the_expected_best_is_the_mean_over_all_draws():
    values = [20.1, 19.0, 21.5, 20.4, 18.8]
    for point in expected_best(values, 1):
        draws = list(itertools.combinations(values, point.n))
        assert point.expected == pytest.approx(np.mean([max(draw) for draw in draws]))
    assert [p.expected for p in expected_best(values, -1)][-1] == pytest.approx(18.8)  # least is best


def test_a_lost_trial_costs_budget(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.0}, n_trials=6).write(tmp_path)
    whole = budget_curve(analyse(folder).experiment, "a")
    state = folder / "a" / "tune-003" / "state.json"
    state.write_text('{"status": "diverged"}')
    cut = budget_curve(analyse(folder).experiment, "a")
    assert len(cut) == len(whole) == 6
    assert cut[0].expected < whole[0].expected


def test_clusters_by_hand():
    # Clips' means 0 and 2: mean 1, sd sqrt(2), so the half width is 12.7062 * sqrt(2) / sqrt(2).
    d = np.array([[0.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    assert clustered_interval(d) == pytest.approx((1 - 12.7062, 1 + 12.7062), abs=1e-3)


def test_two_way_intervals_cover_crossed_seeds_and_clips():
    rng = np.random.default_rng(0)
    n_covered = {"clips": 0, "both": 0}
    for _ in range(800):
        d = rng.normal(0, 0.3, (8, 1)) + rng.normal(0, 0.3, (1, 40)) + rng.normal(0, 0.2, (8, 40))
        for name, (low, high) in (("clips", clustered_interval(d)), ("both", two_way_interval(d))):
            n_covered[name] += low <= 0 <= high
    assert n_covered["both"] / 800 > 0.93
    assert n_covered["clips"] / 800 < 0.7  # over clips alone, other seeds are not covered: the page says so


def test_the_effect_over_the_search_space_is_paired_by_point(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.4}, n_trials=12).write(tmp_path / "qmc")
    (pair,) = analyse(folder).pairs
    scores = {arm: [analyse(folder).experiment.score(run) for run in _tuned(folder, arm)] for arm in "ab"}
    assert pair.space.n == 12
    assert pair.space.difference == pytest.approx(np.mean(np.subtract(scores["b"], scores["a"])))
    low, high = pair.space.interval
    assert low < pair.space.difference < high
    adaptive = Planted({"a": 0.0, "b": 0.4}, n_trials=12, sampler="tpe").write(tmp_path / "tpe")
    assert analyse(adaptive).pairs[0].space is None


def _tuned(folder, arm):
    return analyse(folder).experiment.of(arm, "tune")


def test_the_variance_split_finds_what_was_planted(tmp_path):
    planted = Planted({"a": 0.0, "b": 0.0}, n_seeds=40, n_trials=40, seed_sd=0.3, noise_sd=0.0, n_evals=1)
    split = analyse(planted.write(tmp_path)).variance
    assert split.seed == pytest.approx(0.3, rel=0.25)  # 2.2 standard errors: the arms share their seeds
    assert split.configuration == pytest.approx(np.sqrt(0.6**2 - 0.3**2), rel=0.3)


def test_what_clips_add_to_a_score_falls_with_their_number(tmp_path):
    split = analyse(Planted({"a": 0.0}, n_seeds=2, measured=True).write(tmp_path)).variance
    assert split.clip == pytest.approx(1.5, rel=0.4)
    assert split.clip_in_score == pytest.approx(split.clip / np.sqrt(24))


def test_per_clip_effects_are_those_of_the_clips(tmp_path):
    (pair,) = analyse(Planted({"a": 0.0, "b": 0.5}, measured=True).write(tmp_path)).pairs
    assert (pair.clips.n_clips, pair.clips.n_seeds) == (24, 6)
    assert pair.clips.difference == pytest.approx(0.5, abs=0.1)
    assert pair.clips.share == 1.0
    assert set(pair.clips.by_clip) == {f"clip{i}@0" for i in range(24)}


def test_thousands_of_trials_have_two_hundred_points_of_the_same_curve():
    values = np.random.default_rng(0).normal(20, 1, 1001).tolist()
    curve = expected_best(values, 1)
    assert [curve[0].n, curve[-1].n, len(curve)] == [1, 1001, 200]
    assert curve[0].expected == pytest.approx(np.mean(values))
    assert curve[-1].expected == pytest.approx(max(values))
    # n draws without replacement, of a point in the middle
    ordered, point = sorted(values), curve[100]
    chances = [math.comb(i - 1, point.n - 1) / math.comb(1001, point.n) for i in range(1, 1002)]
    assert point.expected == pytest.approx(sum(p * y for p, y in zip(chances, ordered, strict=True)), abs=1e-9)
