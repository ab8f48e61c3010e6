"""Metrics beside the one that decides: the same means and paired differences, and no verdict.

Nothing here is adjusted for the number of comparisons, and nothing of it enters the rule.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from sweeps.experiment import SecondaryMetric
from sweeps.report.comparison import block_means, left_out, paired_test, seed_means
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import ALPHA, Mean, Paired, mean_interval


@dataclass(frozen=True)
class SecondaryArm:
    """One arm by a secondary metric, in that metric's unit."""

    name: str
    by_seed: Mapping[int, float]
    confirmed: Mean


@dataclass(frozen=True)
class SecondaryPair:
    """Arm a against arm b by a secondary metric; `test.difference` is a minus b.

    `is_within_margin` says that the whole interval lies inside the metric's own margin; None where it has none.
    """

    a: str
    b: str
    test: Paired
    is_within_margin: bool | None
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class SecondaryResult:
    """What confirm says by one secondary metric; `n_without` of `n_finished` confirm runs have no such number."""

    metric: SecondaryMetric
    key: str  # in the final evaluation of a confirm run
    arms: tuple[SecondaryArm, ...]
    pairs: tuple[SecondaryPair, ...]
    n_finished: int
    n_without: int


def compare_secondary(experiment: ExperimentRecord) -> list[SecondaryResult]:
    """Return the result by each secondary metric that the experiment declares, in its order."""
    return [_by_metric(experiment, metric) for metric in experiment.plan.also]


def _by_metric(experiment: ExperimentRecord, metric: SecondaryMetric) -> SecondaryResult:
    key = experiment.plan.key_of(metric)
    arms = [_arm(experiment, arm, key) for arm in experiment.plan.arms]
    finished = [run for run in experiment.runs if run.phase == "confirm" and run.is_finished]
    return SecondaryResult(
        metric=metric,
        key=key,
        arms=tuple(arms),
        # a is the later arm, as in the pairs that are decided
        pairs=tuple(_pair(experiment, a, b, metric) for b, a in itertools.combinations(arms, 2)),
        n_finished=len(finished),
        n_without=sum(run.final(key) is None for run in finished),
    )


def _arm(experiment: ExperimentRecord, arm: str, key: str) -> SecondaryArm:
    runs = experiment.of(arm, "confirm")
    by_seed = seed_means(experiment, runs, [run.final(key) for run in runs])
    return SecondaryArm(arm, by_seed, mean_interval(block_means(by_seed, experiment.block_of_seed)))


def _pair(experiment: ExperimentRecord, a: SecondaryArm, b: SecondaryArm, metric: SecondaryMetric) -> SecondaryPair:
    test, inside = paired_test(a, b, experiment.block_of_seed), None
    if metric.margin is not None and test.interval is not None:
        inside = max(map(abs, test.interval)) < metric.margin
    return SecondaryPair(a.name, b.name, test, inside, left_out(experiment, a, b, experiment.plan.key_of(metric)))


def leading_side(test: Paired, sign: int) -> int:
    """Return +1 where a clearly leads, -1 where b does, 0 where neither: the 95% interval has to leave out zero.

    Where all differences are the same there is no interval to speak of; it then takes six pairs, as for a verdict.

    Args:
        test: a minus b.
        sign: +1 where more is good, -1 where less is, 0 where neither.
    """
    if test.difference is None or test.p is None or test.p >= ALPHA:
        return 0
    return sign if test.difference > 0 else -sign
