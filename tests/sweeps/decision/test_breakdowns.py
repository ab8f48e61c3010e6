"""Breakdowns in exact terms."""

import pytest
from scipy.stats import binomtest

from sweeps.decision.breakdowns import Breakdowns, binomial_p, share_interval


def test_three_of_sixteen_against_none() -> None:
    of_both = Breakdowns.count({1, 2, 3}, set(), set(range(16)))
    assert (of_both.n, of_both.a, of_both.b, of_both.p) == (16, 3, 0, 0.25)


def test_a_seed_at_which_both_broke_down_says_nothing_of_either() -> None:
    assert Breakdowns.count({1, 2}, {2}, {1, 2, 3}) == Breakdowns(3, 2, 1, 1.0)
    assert Breakdowns.count({1, 9}, set(), {1, 2}).a == 1  # 9 has not ended in the other arm


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 6), (6, 6), (3, 16)])
def test_shares_are_clopper_and_pearsons(k: int, n: int) -> None:
    level = 0.9 if k in (0, n) else 0.95  # one-sided 95% where none or all are
    expected = binomtest(k, n).proportion_ci(level, "exact")
    assert share_interval(k, n) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_none_of_ten_may_be_a_quarter() -> None:
    assert [round(share_interval(0, n)[1], 2) for n in (6, 10, 20)] == [0.39, 0.26, 0.14]


@pytest.mark.parametrize(("a", "b"), [(0, 0), (3, 0), (9, 1), (6, 4), (5, 5)])
def test_the_binomial_p_is_exact(a: int, b: int) -> None:
    expected = binomtest(a, a + b).pvalue if a + b else 1.0
    assert binomial_p(a, b) == pytest.approx(expected)
