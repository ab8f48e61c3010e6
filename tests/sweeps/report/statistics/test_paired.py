import numpy as np
import pytest
import scipy.stats

from sweeps.report.statistics.bootstrap import sign_flip_p
from sweeps.report.statistics.paired import compare_pairs, half_width, holm, mean_interval, pairs_needed, sign_test


def test_interval_by_hand():
    # 1, 2, 3, 4: mean 2.5, sd 1.29099, t(.975, 3) = 3.18245, so the half width is 3.18245 * 1.29099 / 2 = 2.05426.
    mean = mean_interval([1.0, 2.0, 3.0, 4.0])
    assert mean.n == 4
    assert mean.interval == pytest.approx((0.44574, 4.55426), abs=1e-5)


def test_interval_and_p_agree_with_scipy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(21.3, 0.3, 9), rng.normal(21.0, 0.3, 9)
    ours, theirs = compare_pairs(a, b), scipy.stats.ttest_rel(a, b)
    low, high = theirs.confidence_interval(0.95)
    assert ours.interval == pytest.approx((low, high), rel=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_interval_covers_the_truth_19_times_of_20():
    rng = np.random.default_rng(0)
    n_covered, n_studies = 0, 4000
    for values in rng.normal(1.0, 2.0, (n_studies, 5)):
        low, high = mean_interval(values).interval
        n_covered += low <= 1.0 <= high
    assert n_covered / n_studies == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


@pytest.mark.parametrize("n", [0, 1])
def test_below_two_values_there_is_no_interval(n):
    single = compare_pairs([2.0] * n, [1.5] * n)
    assert (single.n, single.interval, single.p) == (n, None, None)
    assert single.difference == (0.5 if n else None)


def test_identical_arms_differ_by_nothing_with_p_1():
    same = compare_pairs([20.1, 20.4, 20.2], [20.1, 20.4, 20.2])
    assert (same.difference, same.interval, same.p, same.is_constant) == (0.0, (0.0, 0.0), 1.0, True)


def test_a_constant_difference_gets_the_exact_p_not_zero():
    # t would be infinite; the sign-flip test's smallest two-sided p at 4 pairs is 2 / 16.
    a = np.array([20.1, 20.4, 20.2, 19.9])
    constant = compare_pairs(a + 0.3, a)
    assert constant.is_constant
    assert constant.p == 0.125


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1 = .04, .06, .06, .04, then never falling: .04, .06, .06, .06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_holm_counts_a_test_that_could_not_be_made():
    assert holm([0.02, None]) == [0.04, None]


def test_sign_flip_p_is_exact():
    assert sign_flip_p(np.ones(5)) == 2 / 32  # five pairs can never reach 0.05
    assert sign_flip_p(np.ones(6)) == 2 / 64
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.1, 0.25, 0.0])
    exact = scipy.stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(differences) == pytest.approx(exact.pvalue)
    assert sign_flip_p(np.ones(17)) == pytest.approx(2 / 10_000)  # drawn, not enumerated: the smallest p of 9,999 flips
    assert sign_flip_p([]) is None


def test_sign_test_agrees_with_the_binomial():
    assert sign_test(8, 0).p == pytest.approx(scipy.stats.binomtest(8, 8).pvalue)
    assert sign_test(3, 5).p == pytest.approx(scipy.stats.binomtest(3, 8).pvalue)


def test_pairs_needed_is_the_first_number_that_suffices():
    n = pairs_needed(0.3, 0.1)
    assert half_width(0.3, n) <= 0.1 < half_width(0.3, n - 1)
    assert pairs_needed(0.3, 1e-6) is None
