"""From runs to results: each arm's confirmed mean, each pair of arms seed by seed.

The unit of evidence is the seed. An arm's value at a seed is the mean over its configurations, and exists only when
every one of them finished there: a mean over the survivors would flatter an arm that crashes.
"""

import itertools
from collections.abc import Sequence
from statistics import fmean

from cvae.record import LOST
from sweeps.report.comparison.clip_effect import clip_effect
from sweeps.report.comparison.results import ArmResult, PairResult, SeedScores
from sweeps.report.comparison.search_space_effect import space_effect
from sweeps.report.comparison.verdict import decide_pair, is_within, more_seeds
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.statistics import (
    Paired,
    SignTest,
    bca_interval,
    compare_pairs,
    holm,
    interquartile_mean,
    mean_interval,
    probability_of_improvement,
    sign_flip_p,
    sign_test,
    worst_tenth,
)


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
    by_seed = seed_means(experiment, runs, [experiment.score(run) for run in runs])
    copies = seed_means(experiment, runs, [run.final(plan.confirm_copy_key) for run in runs])
    gains = [plan.metric.sign * (by_seed[seed] - copies[seed]) for seed in by_seed if seed in copies]
    kls = [kl for run in runs if (kl := run.final_kl()) is not None]
    scores, chosen = list(by_seed.values()), _chosen(runs)
    confirmed = mean_interval(scores)
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
        iqm=interquartile_mean(scores),
        worst_tenth=worst_tenth(scores, plan.metric.sign),
        copy_last=fmean(copies.values()) if copies else None,
        gain=mean_interval(gains),
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


def compare_all_pairs(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[PairResult]:
    """Compare every two arms by the seeds they share; a is the later arm, so that the first arm is the baseline."""
    pairs = [(a, b) for b, a in itertools.combinations(arms, 2)]
    tests = [paired_test(a, b) for a, b in pairs]
    adjusted = holm([test.p for test in tests])
    return [
        _pair_result(experiment, a, b, test, p, len(pairs))
        for (a, b), test, p in zip(pairs, tests, adjusted, strict=True)
    ]


def _pair_result(
    experiment: ExperimentRecord, a: ArmResult, b: ArmResult, test: Paired, p_holm: float | None, n_pairs: int
) -> PairResult:
    metric, seeds = experiment.plan.metric, shared_seeds(a, b)
    differences = [a.by_seed[seed] - b.by_seed[seed] for seed in seeds]
    verdict = decide_pair(test, p_holm, metric)
    return PairResult(
        a=a.name,
        b=b.name,
        test=test,
        bootstrap=bca_interval(differences),
        sign_flip_p=sign_flip_p(differences),
        improvement=probability_of_improvement(differences, metric.sign),
        p_holm=p_holm,
        verdict=verdict,
        is_within_margin=is_within(test, metric),
        more_seeds=more_seeds(test, metric, n_pairs) if verdict == "undecided" else None,
        space=space_effect(experiment, a.name, b.name),
        clips=clip_effect(experiment, a.name, b.name, seeds),
        with_lost=_with_lost(experiment, a, b),
        left_out=left_out(experiment, a, b, experiment.plan.confirm_key),
    )


def shared_seeds(a: SeedScores, b: SeedScores) -> list[int]:
    """Return the seeds at which both arms have a value."""
    return [seed for seed in a.by_seed if seed in b.by_seed]


def paired_test(a: SeedScores, b: SeedScores) -> Paired:
    """Compare two arms at the seeds that they share."""
    seeds = shared_seeds(a, b)
    return compare_pairs([a.by_seed[seed] for seed in seeds], [b.by_seed[seed] for seed in seeds])


def _with_lost(experiment: ExperimentRecord, a: ArmResult, b: ArmResult) -> SignTest | None:
    """Count at how many seeds each arm was better when a lost run loses to anything that finished."""
    lost_a, lost_b = (_lost_seeds(experiment, arm.name) for arm in (a, b))
    if not (lost_a & b.by_seed.keys()) and not (lost_b & a.by_seed.keys()):
        return None
    sign = experiment.plan.metric.sign
    differences = [sign * (a.by_seed[seed] - b.by_seed[seed]) for seed in a.by_seed if seed in b.by_seed]
    n_a = sum(d > 0 for d in differences) + len(lost_b & a.by_seed.keys())
    n_b = sum(d < 0 for d in differences) + len(lost_a & b.by_seed.keys())
    return sign_test(n_a, n_b)


def _lost_seeds(experiment: ExperimentRecord, arm: str) -> set[int]:
    runs = experiment.of(arm, "confirm")
    return {run.seed for run in runs if run.status in LOST and run.seed is not None}


def left_out(experiment: ExperimentRecord, a: SeedScores, b: SeedScores, key: str) -> tuple[str, ...]:
    """Say for each seed that is not in both arms which run has no `key` in its final evaluation, and why."""
    return tuple(
        f"seed {seed}: "
        + ", ".join(reason for arm in (a, b) for reason in why_missing(experiment, arm.name, seed, key))
        for seed in experiment.confirm_seeds
        if seed not in a.by_seed or seed not in b.by_seed
    )


def why_missing(experiment: ExperimentRecord, arm: str, seed: int, key: str) -> list[str]:
    """Return a reason for each configuration without a value of `key` at a seed, such as `constant diverged`."""
    runs = {run.number: run for run in experiment.of(arm, "confirm") if run.seed == seed}
    reasons = []
    for run in runs.values():
        if run.final(key) is None:
            state = f"finished without {key}" if run.is_finished else run.status
            reasons.append(f"{arm} {state}")
    reasons += [f"{arm} not started"] * max(0, experiment.plan.n_configs - len(runs))
    return reasons
