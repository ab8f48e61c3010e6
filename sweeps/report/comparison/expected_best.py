"""What tuning with fewer trials would have found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cvae.record import LOST
from sweeps.report.reading import ExperimentRecord


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
    Tang et al. 2020 without replacement, which is unbiased).
    """
    ordered = sorted(sign * value for value in values)
    total = len(ordered)
    points = []
    for n in range(1, total + 1):
        chances = [math.comb(i - 1, n - 1) / math.comb(total, n) for i in range(1, total + 1)]
        expected = math.fsum(p * y for p, y in zip(chances, ordered, strict=True))
        ends = [_quantile(ordered, chances, q) for q in (0.1, 0.9)]
        low, high = sorted(sign * end for end in ends)
        points.append(BudgetPoint(n, sign * expected, low, high))
    return points


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
