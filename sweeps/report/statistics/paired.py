"""The report's arithmetic: pure functions of arrays of numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

Array = npt.NDArray[np.float64]

Interval = tuple[float, float]

LEVEL = 0.95

#: Two-sided significance level of every test.
ALPHA = 0.05


@dataclass(frozen=True)
class Mean:
    """A mean over n independent values; `sd` and `interval` (95%, Student t) are None below two values."""

    n: int
    mean: float | None
    sd: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Paired:
    """a minus b over n pairs: the mean difference, its Student t interval and what chance would do.

    `p` is the two-sided paired t test's (Student 1908); `correlation` that of a with b; `is_constant` says that the
    differences do not vary at all, which leaves a t test without meaning.
    """

    n: int
    difference: float | None
    sd: float | None
    interval: Interval | None
    p: float | None
    correlation: float | None
    is_constant: bool


@dataclass(frozen=True)
class SignTest:
    """At how many pairs a was better, and b; `p` is the exact two-sided binomial test's. Ties are left out."""

    n_a: int
    n_b: int
    p: float


def sign_test(n_a: int, n_b: int) -> SignTest:
    """Test that either arm is as likely to be the better one of a pair."""
    n = n_a + n_b
    tail = sum(math.comb(n, k) for k in range(max(n_a, n_b), n + 1)) / 2**n
    return SignTest(n_a, n_b, min(1.0, 2 * tail))


def mean_interval(values: Sequence[float]) -> Mean:
    """Return the mean with its 95% Student t interval."""
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    if n < 2:
        return Mean(n, float(x[0]) if n else None, None, None)
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    half = half_width(sd, n)
    return Mean(n, mean, sd, (mean - half, mean + half))


def half_width(sd: float, n: int, alpha: float = ALPHA) -> float:
    """Return half the width of the Student t interval of a mean of n >= 2 values, 95% where alpha is not another."""
    return float(stdtrit(n - 1, 1 - alpha / 2)) * sd / math.sqrt(n)


def compare_pairs(a: Sequence[float], b: Sequence[float]) -> Paired:
    """Compare two arms whose i-th values share a seed."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    d = x - y
    of_mean = mean_interval(d.tolist())
    if of_mean.mean is None or of_mean.sd is None:
        return Paired(of_mean.n, of_mean.mean, None, None, None, None, False)
    # Differences of equal values carry rounding noise: a spread below it is no spread.
    is_constant = bool(np.ptp(d) <= 1e-12 * max(np.abs(x).max(), np.abs(y).max()))
    return Paired(
        n=of_mean.n,
        difference=of_mean.mean,
        sd=of_mean.sd,
        interval=of_mean.interval,
        p=_constant_p(d) if is_constant else t_test_p(of_mean.mean, of_mean.sd, of_mean.n),
        correlation=_correlation(x, y),
        is_constant=is_constant,
    )


def t_test_p(mean: float, sd: float, n: int) -> float:
    """Return the two-sided p value of Student's t test that a mean of n values with spread sd > 0 is zero."""
    return float(2 * stdtr(n - 1, -abs(mean) / (sd / math.sqrt(n))))


def _constant_p(d: Array) -> float:
    """Return p where every difference is the same: t is undefined, the sign-flip test's 2 / 2^n is not."""
    return 1.0 if d[0] == 0 else 2.0 ** (1 - len(d))


def _correlation(x: Array, y: Array) -> float | None:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm's adjusted p values, in the given order.

    A test that could not be made (None) stays None and still counts in the family: it was planned.
    """
    order = sorted(range(len(p_values)), key=lambda i: math.inf if p_values[i] is None else float(p_values[i] or 0))
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(order):
        p = p_values[i]
        if p is not None:
            largest = max(largest, min(1.0, (len(p_values) - rank) * p))
            adjusted[i] = largest
    return adjusted


def pairs_needed(sd: float, target: float, limit: int = 1000, alpha: float = ALPHA) -> int | None:
    """Return how many pairs with spread sd give a half width of at most `target`; None above `limit`."""
    return next((n for n in range(2, limit + 1) if half_width(sd, n, alpha) <= target), None)
