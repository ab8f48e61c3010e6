"""What tuning with fewer trials would have found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cvae.record import LOST
from sweeps.report.reading import ExperimentRecord

#: Points of a curve at most; more trials than these are not each a point.
MOST_POINTS = 200


@dataclass(frozen=True)
class BudgetPoint:
    """The best of n trials: its expectation, and the ends between which it lies in 8 of 10 studies."""

    n: int
    expected: float
    low: float
    high: float


def expected_best(values: Sequence[float], sign: int) -> list[BudgetPoint]:
    """Return the expected best of n trials, n = 1 .. N, drawn from the N at hand without replacement.

    With y_1 <= .. <= y_N the largest of n is y_i with probability C(i-1, n-1) / C(N, n) (Dodge et al. 2019 with,
    Tang et al. 2020 without replacement, which is unbiased). Beyond `MOST_POINTS` so many n, evenly spread.
    """
    ordered = sorted(sign * value for value in values)
    total, points = len(ordered), []
    for n in sorted(
        {1 + (total - 1) * k // max(1, min(total, MOST_POINTS) - 1) for k in range(min(total, MOST_POINTS))}
    ):
        chances = _chances(n, total)
        expected = math.fsum(p * y for p, y in zip(chances, ordered, strict=True))
        ends = [_quantile(ordered, chances, q) for q in (0.1, 0.9)]
        low, high = sorted(sign * end for end in ends)
        points.append(BudgetPoint(n, sign * expected, low, high))
    return points


def _chances(n: int, total: int) -> list[float]:
    """Return C(i-1, n-1) / C(N, n) for i = 1 .. N, each whole number from the one before it."""
    counts = accumulate(range(n, total), lambda before, i: before * i // (i - n + 1), initial=1)
    of = math.comb(total, n)
    return [0.0] * (n - 1) + [count / of for count in counts]


def _quantile(ordered: Sequence[float], chances: Sequence[float], q: float) -> float:
    cumulated = accumulate(chances)
    return next((y for y, total in zip(ordered, cumulated, strict=True) if total >= q - 1e-12), ordered[-1])


def budget_curve(experiment: ExperimentRecord, arm: str) -> list[BudgetPoint]:
    """Return an arm's budget curve; a lost trial counts as the worst score that any arm's trial reached."""
    sign = experiment.plan.metric.sign
    scores = [s for run in experiment.runs if run.phase == "tune" and (s := experiment.score(run)) is not None]
    runs = experiment.of(arm, "tune")
    own = [score for run in runs if (score := experiment.score(run)) is not None]
    if not own:
        return []
    worst = min(scores, key=lambda score: sign * score)
    return expected_best([*own, *[worst] * sum(run.status in LOST for run in runs)], sign)
