"""From runs to arms: what each scored at every seed, at which seeds it broke down, and what confirmation says of it.

The unit of evidence is the seed. An arm's value at a seed is the mean over its configurations, and exists only when
every one of them trained there: runs that broke down are counted beside.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from cvae.record import LOST
from sweeps.report.comparison.blocks import block_means
from sweeps.report.comparison.results import ArmResult
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.statistics import interquartile_mean, mean_interval, worst_tenth


def seed_means(
    experiment: ExperimentRecord, runs: Sequence[RunRecord], values: Sequence[float | None]
) -> dict[int, float]:
    """Return seed -> mean of `values` (one a run) over the configurations, for seeds that have all of them."""
    by_seed: dict[int, list[float]] = {}
    for run, value in zip(runs, values, strict=True):
        if run.seed is not None and value is not None:
            by_seed.setdefault(run.seed, []).append(value)
    return {seed: fmean(each) for seed, each in sorted(by_seed.items()) if len(each) >= experiment.plan.n_configs}


def compare_arms(experiment: ExperimentRecord) -> list[ArmResult]:
    """Return each arm's result, in display order."""
    return [_arm_result(experiment, arm) for arm in experiment.plan.arms]


def _arm_result(experiment: ExperimentRecord, arm: str) -> ArmResult:
    plan, runs = experiment.plan, experiment.of(arm, "confirm")
    by_seed = scores_by_seed(experiment, arm, broken=False)
    copies = seed_means(experiment, runs, [run.final(plan.confirm_copy_key) for run in runs])
    gains = {seed: plan.metric.sign * (by_seed[seed] - copies[seed]) for seed in by_seed if seed in copies}
    kls = [kl for run in runs if (kl := run.final_kl()) is not None]
    scores, chosen, blocks = list(by_seed.values()), _chosen(runs), experiment.block_of_seed
    confirmed = mean_interval(block_means(by_seed, blocks))
    at_the_end = [series[-1][1] if (series := run.series(plan.metric.name)) else None for run in runs]
    on_tune_split = seed_means(
        experiment, runs, [v if r.is_finished else None for r, v in zip(runs, at_the_end, strict=True)]
    )
    tune_score = _tune_score(experiment, arm, chosen)
    shrinkage = None
    if tune_score is not None and confirmed.mean is not None:
        shrinkage = plan.metric.sign * (tune_score - confirmed.mean)
    return ArmResult(
        name=arm,
        by_seed=by_seed,
        confirmed=confirmed,
        everything=mean_interval(block_means(scores_by_seed(experiment, arm, broken=True), blocks)),
        broken_seeds=frozenset(_broken_seeds(experiment, arm)),
        ended_seeds=frozenset(_ended_seeds(experiment, arm)),
        iqm=interquartile_mean(scores),
        worst_tenth=worst_tenth(scores, plan.metric.sign),
        copy_last=fmean(copies.values()) if copies else None,
        gain=mean_interval(block_means(gains, blocks)),
        kl=fmean(kls) if kls else None,
        n_runs=len(runs),
        n_lost=sum(run.status in LOST for run in runs),
        n_diverged=sum(run.has_diverged for run in runs),
        n_collapsed=sum(run.has_collapsed for run in runs),
        n_kl=len(kls),
        tune_score=tune_score,
        on_tune_split=fmean(on_tune_split.values()) if on_tune_split else None,
        shrinkage=shrinkage,
        chosen=chosen,
    )


def _chosen(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    by_number: dict[int, RunRecord] = {}
    for run in runs:
        by_number.setdefault(run.number, run)
    return tuple(by_number.values())


def _tune_score(experiment: ExperimentRecord, arm: str, chosen: Sequence[RunRecord]) -> float | None:
    """Return the mean tune score of the trials that were confirmed; the arm's best where they are unknown."""
    scores = {run.number: score for run in experiment.of(arm, "tune") if (score := experiment.score(run)) is not None}
    if not scores:
        return None
    confirmed = [scores[run.trial] for run in chosen if run.trial in scores]
    if confirmed and len(confirmed) == len(chosen):
        return fmean(confirmed)
    return max(scores.values(), key=lambda score: experiment.plan.metric.sign * score)


def scores_by_seed(experiment: ExperimentRecord, arm: str, *, broken: bool) -> dict[int, float]:
    """Return seed -> score of an arm; `broken` keeps scores of runs that broke down."""
    runs, key = experiment.of(arm, "confirm"), experiment.plan.confirm_key
    scores = [experiment.score(run) if broken or not run.broke_down(key) else None for run in runs]
    return seed_means(experiment, runs, scores)


def _broken_seeds(experiment: ExperimentRecord, arm: str) -> set[int]:
    """Return the seeds at which one of an arm's configurations broke down, or its tuning found none that trains."""
    runs, key = experiment.of(arm, "confirm"), experiment.plan.confirm_key
    broken = {run.seed for run in runs if run.seed is not None and run.broke_down(key)}
    return broken | untuned_seeds(experiment, arm)


def _ended_seeds(experiment: ExperimentRecord, arm: str) -> set[int]:
    """Return the seeds at which all of an arm's configurations have ended, or never will begin."""
    ended = Counter(run.seed for run in experiment.of(arm, "confirm") if run.is_finished or run.status in LOST)
    has_ended = {seed for seed, n in ended.items() if seed is not None and n >= experiment.plan.n_configs}
    return has_ended | untuned_seeds(experiment, arm)


def untuned_seeds(experiment: ExperimentRecord, arm: str) -> set[int]:
    """Return the confirm seeds, known from other arms, for which an arm's tuning chose nothing."""
    untuned, several = experiment.untuned(arm), experiment.plan.n_tunings > 1
    blocks = experiment.block_of_seed.items() if untuned else ()
    return {seed for seed, block in blocks if (block if several else 0) in untuned}
