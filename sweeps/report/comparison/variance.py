"""Where the spread of the scores comes from: seeds, configurations, clips."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from sweeps.experiment import Metric
from sweeps.report.comparison.blocks import by_block
from sweeps.report.comparison.results import ArmResult, PairResult
from sweeps.report.reading import ExperimentRecord, run_clip_scores
from sweeps.report.statistics import ALPHA, pairs_for_effect


@dataclass(frozen=True)
class VarianceSplit:
    """Standard deviations in the metric's unit, pooled over arms; None where there is too little to estimate one.

    `seed`: of one configuration's score from seed to seed. `configuration`: of the true scores of the points that
    tune tried, which is what is left of the trials' variance once a seed's is taken off, at least 0. `tuning`: of the
    true scores of the configurations that tunings chose, where there are several, likewise. `clip`: of one
    run's score from clip to clip, of which `clip_in_score` reaches the score of a run (the mean over n clips).
    """

    seed: float | None
    configuration: float | None
    tuning: float | None
    clip: float | None
    clip_in_score: float | None


@dataclass(frozen=True)
class SeedsNeeded:
    """How many paired seeds would find an effect in a pair of arms with 80% power; None above 1000."""

    a: str
    b: str
    sd: float
    effects: tuple[tuple[float, int | None], ...]


def variance_split(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> VarianceSplit:
    """Return the variance split, by the method of moments, arms weighted by their degrees of freedom."""
    seeds = [_of_one_configuration(experiment, arm) for arm in arms]
    seed = _pooled([group for groups in seeds for group in groups])
    tuned = _pooled([_tune_scores(experiment, arm.name) for arm in arms])
    configuration = None if tuned is None or seed is None else math.sqrt(max(0.0, tuned**2 - seed**2))
    clips = [
        scores.means.tolist()
        for run in experiment.runs
        if run.phase == "confirm" and (scores := run_clip_scores(experiment, run)) is not None
    ]
    clip = _pooled(clips)
    in_score = None if clip is None else clip / math.sqrt(float(np.mean([len(scores) for scores in clips])))
    tuning = _tuning(seeds, seed) if experiment.plan.n_tunings > 1 else None
    return VarianceSplit(seed, configuration, tuning, clip, in_score)


def _of_one_configuration(experiment: ExperimentRecord, arm: ArmResult) -> list[list[float]]:
    """Return an arm's scores in groups that share their configuration: those of a tuning where there are several."""
    if experiment.plan.n_tunings == 1:
        return [list(arm.by_seed.values())]
    return list(by_block(arm.by_seed, experiment.block_of_seed).values())


def _tuning(seeds: Sequence[Sequence[Sequence[float]]], seed: float | None) -> float | None:
    """Return the spread of what tunings chose: that of their means, less what their seeds add to it."""
    between = _pooled([[fmean(group) for group in groups] for groups in seeds])
    if between is None or seed is None:
        return None
    added = seed**2 * fmean(1 / len(group) for groups in seeds for group in groups)
    return math.sqrt(max(0.0, between**2 - added))


def _tune_scores(experiment: ExperimentRecord, arm: str) -> list[float]:
    return [score for run in experiment.of(arm, "tune") if (score := experiment.score(run)) is not None]


def _pooled(groups: Sequence[Sequence[float]]) -> float | None:
    """Return the standard deviation within groups, pooled; None where no group has two values."""
    counted = [np.asarray(group) for group in groups if len(group) > 1]
    if not counted:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in counted)
    return math.sqrt(squares / sum(len(group) - 1 for group in counted))


def effects_of_interest(metric: Metric, sd: float) -> tuple[float, ...]:
    """Return the sizes worth asking about: 0.1, 0.2 and 0.5 dB, or half, one and two spreads of another metric."""
    if metric.unit == "dB":
        return 0.1, 0.2, 0.5
    return tuple(float(f"{factor * sd:.1g}") for factor in (0.5, 1, 2))


def seeds_needed(metric: Metric, pairs: Sequence[PairResult]) -> list[SeedsNeeded]:
    """Return for each pair how many seeds effects of three sizes would need, with the spread measured here.

    At the level that Holm asks of the first of all pairs.
    """
    needed = []
    for pair in pairs:
        sd = pair.test.sd
        if sd and not pair.test.is_constant:
            effects = effects_of_interest(metric, sd)
            seeds = [pairs_for_effect(effect, sd, ALPHA / len(pairs)) for effect in effects]
            needed.append(SeedsNeeded(pair.a, pair.b, sd, tuple(zip(effects, seeds, strict=True))))
    return needed
