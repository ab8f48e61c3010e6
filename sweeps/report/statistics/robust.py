"""Summaries of an arm that one bad seed cannot carry, and how often one arm beats another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import trim_mean, wilcoxon

from sweeps.report.statistics.bootstrap import LEVEL, Interval


@dataclass(frozen=True)
class Improvement:
    """The probability that one arm beats the other at a seed, over n pairs, with its 95% Wilson interval."""

    n: int
    probability: float
    interval: Interval


def interquartile_mean(values: Sequence[float]) -> float | None:
    """Return the mean of the middle half: a quarter of the values, rounded down, leaves at either end.

    As in Agarwal et al. 2021, by `scipy.stats.trim_mean`.
    """
    return float(trim_mean(values, 0.25)) if len(values) else None


def worst_tenth(values: Sequence[float], sign: int) -> float | None:
    """Return the mean of the worst tenth of the values, at least one and the last one counted in part.

    The conditional value at risk at 10% (Rockafellar & Uryasev 2000); `sign` is +1 where more is better. Up to ten
    values it is the worst of them.
    """
    if not len(values):
        return None
    ordered = sorted(values, key=lambda value: sign * value)
    share = max(1.0, len(ordered) / 10)
    weights = np.clip(share - np.arange(len(ordered)), 0, 1)
    return float(np.average(ordered, weights=weights))


def probability_of_improvement(differences: Sequence[float], sign: int) -> Improvement | None:
    """Return the share of pairs in which the first arm is better, a tie counting half (Agarwal et al. 2021, paired)."""
    d = sign * np.asarray(differences, dtype=np.float64)
    if not len(d):
        return None
    share = float(((d > 0) + 0.5 * (d == 0)).mean())
    return Improvement(len(d), share, wilson_interval(share, len(d)))


def wilson_interval(share: float, n: int) -> Interval:
    """Return the 95% interval of a share of n (Wilson 1927)."""
    z = float(ndtri((1 + LEVEL) / 2))
    centre, half = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, (centre - half) / (1 + z**2 / n)), min(1.0, (centre + half) / (1 + z**2 / n))


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Return Wilcoxon's signed-rank p, exact where no two sizes tie; it asks for order alone, so breakdowns do little.

    None without a difference that is not 0.
    """
    if not any(differences):
        return None
    return float(wilcoxon(np.asarray(differences, dtype=np.float64)).pvalue)
