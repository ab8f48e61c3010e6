"""Resampled intervals and exact randomisation tests, by scipy, from a fixed seed: the same values, the same bytes."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import DegenerateDataWarning, bootstrap, permutation_test

Array = npt.NDArray[np.float64]

Interval = tuple[float, float]

LEVEL = 0.95

SEED = 20260101

N_RESAMPLES = 4000

#: Below this many values a bootstrap interval is far too narrow to be shown.
MIN_VALUES = 4

#: All 2^n sign patterns are enumerated up to this many pairs; above, so many are drawn.
MAX_EXACT_PAIRS = 16

N_FLIPS = 9999


def bca_intervals(values: Array) -> Array:
    """Return the 95% BCa bootstrap intervals of the means of rows (..., n) as (..., 2) (Efron 1987, by scipy)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # values that are all equal: no interval
        interval = bootstrap(
            (values,),
            np.mean,
            axis=-1,
            n_resamples=N_RESAMPLES,
            confidence_level=LEVEL,
            method="BCa",
            vectorized=True,
            rng=np.random.default_rng(SEED),
        ).confidence_interval
    return np.stack([np.asarray(interval.low), np.asarray(interval.high)], axis=-1)


def bca_interval(values: Sequence[float] | Array) -> Interval | None:
    """Return the 95% BCa bootstrap interval of a mean; None below `MIN_VALUES` values or where they do not vary."""
    x = np.asarray(values, dtype=np.float64)
    if len(x) < MIN_VALUES or np.ptp(x) <= 1e-12 * np.abs(x).max():
        return None
    low, high = bca_intervals(x).tolist()
    return (low, high) if np.isfinite([low, high]).all() else None


def sign_flip_p(differences: Sequence[float] | Array) -> float | None:
    """Return the two-sided p of the test that flips the signs of paired differences (Fisher 1935); None for none.

    Exact up to `MAX_EXACT_PAIRS` pairs, by `N_FLIPS` random flips above. Means that agree to nine digits of the largest
    difference tie: the rounding of two scores must not tell them apart.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if n == 0:
        return None
    if n == 1:
        return 1.0
    is_exact, tie = n <= MAX_EXACT_PAIRS, 1e-9 * float(np.abs(d).max())
    test = permutation_test(
        (d,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if is_exact else N_FLIPS,
        axis=-1,
        rng=np.random.default_rng(SEED),
    )
    means, itself = test.null_distribution, 0 if is_exact else 1  # drawn flips leave out the sample, which is one
    tails = [((side * (means - test.statistic) <= tie).sum() + itself) / (len(means) + itself) for side in (1, -1)]
    return float(min(1.0, 2 * min(tails)))
