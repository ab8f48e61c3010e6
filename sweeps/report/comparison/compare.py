"""From arms to pairs: each two arms seed by seed, with the word that the rule gives them.

A run that broke down is counted beside, and takes its pair with it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from cvae.record import COLLAPSED_KL
from sweeps.decision import Breakdowns
from sweeps.report.comparison.arm_results import scores_by_seed, untuned_seeds
from sweeps.report.comparison.blocks import block_differences, open_pairs, paired_test, shared_seeds
from sweeps.report.comparison.clip_effect import clip_effect
from sweeps.report.comparison.results import ArmResult, PairResult, SeedScores, Size
from sweeps.report.comparison.rule import (
    Decision,
    Reading,
    Rule,
    chances_of,
    decide_pairs,
    weigh_breakdowns,
    word_chances,
)
from sweeps.report.comparison.search_space_effect import space_effect
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import (
    Interval,
    Paired,
    SignTest,
    bca_interval,
    compare_pairs,
    holm,
    probability_of_improvement,
    sign_flip_p,
    sign_test,
    signed_rank_p,
)


@dataclass(frozen=True)
class Decided:
    """Two arms and the word that the rule gives them, before anything that is only shown beside it."""

    a: ArmResult
    b: ArmResult
    test: Paired
    decision: Decision
    breakdowns: Breakdowns
    with_lost: SignTest | None


def decide_all_pairs(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[Decided]:
    """Decide every two arms by the seeds they share; a is the later arm, so that the first arm is the baseline."""
    pairs, blocks = [(a, b) for b, a in itertools.combinations(arms, 2)], experiment.block_of_seed
    tests = [paired_test(a, b, blocks) for a, b in pairs]
    differences = [block_differences(a, b, blocks) for a, b in pairs]
    decisions, decided = decide_pairs(rule_of(experiment, len(pairs)), tests, differences), []
    for (a, b), test, decision in zip(pairs, tests, decisions, strict=True):
        breakdowns = Breakdowns.count(set(a.broken_seeds), set(b.broken_seeds), set(a.ended_seeds & b.ended_seeds))
        with_lost = _with_lost(experiment, a, b)
        decided.append(Decided(a, b, test, weigh_breakdowns(decision, breakdowns, with_lost), breakdowns, with_lost))
    return decided


def compare_all_pairs(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[PairResult]:
    """Return what is said of every two arms, in the order in which they are decided."""
    decided = decide_all_pairs(experiment, arms)
    rule, adjusted = rule_of(experiment, len(decided)), holm([pair.test.p for pair in decided])
    asking = open_pairs(experiment, arms, is_as_planned=rule.reading != "anytime")
    asks = [(pair.a.name, pair.b.name) in asking for pair in decided]
    return [_pair_result(experiment, rule, *pair) for pair in zip(decided, adjusted, asks, strict=True)]


def rule_of(experiment: ExperimentRecord, n_pairs: int) -> Rule:
    """Return how the words of an experiment are read, by what was planned and what has ended."""
    plan = experiment.plan
    first = experiment.first_planned if experiment.first_planned and plan.n_tunings == 1 else plan.n_blocks
    if plan.n_blocks > first:
        reading: Reading = "anytime"
    elif plan.stop == "sure":
        reading = "looks"
    else:
        reading = "planned" if experiment.is_complete else "so far"
    return Rule(reading, plan.n_blocks, first, max(1, n_pairs), plan.metric.margin, plan.metric.sign)


def _pair_result(
    experiment: ExperimentRecord,
    rule: Rule,
    pair: Decided,
    p_holm: float | None,
    asks: bool,
) -> PairResult:
    a, b, test, decision, metric = pair.a, pair.b, pair.test, pair.decision, experiment.plan.metric
    differences = block_differences(a, b, experiment.block_of_seed)
    is_open, all_scores = decision.verdict == "undecided", _all_scores(experiment, a, b)
    return PairResult(
        a=a.name,
        b=b.name,
        test=test,
        interval=decision.interval,
        n_decided=decision.n,
        why=decision.why,
        size=_size(decision.interval or test.interval, metric.margin),
        chances=chances_of(test, metric.margin, metric.sign),
        word_chances=word_chances(rule, differences, _hours_per_seed(experiment, a, b))
        if is_open and experiment.plan.n_tunings == 1
        else (),
        breakdowns=pair.breakdowns,
        everything=compare_pairs(*all_scores),
        rank_p=signed_rank_p([x - y for x, y in zip(*all_scores, strict=True)]),
        is_void=all(arm.kl is not None and arm.kl < COLLAPSED_KL for arm in (a, b)),
        asks=asks,
        looks=_looks(experiment, a, b, test.n, decision.verdict),
        bootstrap=bca_interval(differences),
        sign_flip_p=sign_flip_p(differences),
        improvement=probability_of_improvement(differences, metric.sign),
        p_holm=p_holm,
        verdict=decision.verdict,
        space=space_effect(experiment, a.name, b.name),
        clips=clip_effect(experiment, a.name, b.name, shared_seeds(a, b)),
        with_lost=pair.with_lost,
        left_out=left_out(experiment, a, b, experiment.plan.confirm_key),
    )


def _size(interval: Interval | None, margin: float | None) -> Size:
    """Return whether an interval lies beyond the margin on one side, or within it."""
    if interval is None or margin is None:
        return ""
    low, high = interval
    return "beyond" if low > margin or high < -margin else "within" if -margin < low and high < margin else ""


def _looks(
    experiment: ExperimentRecord, a: ArmResult, b: ArmResult, n: int, verdict: str
) -> tuple[tuple[int, str], ...]:
    """Return the words of earlier reports and this one's, one for each number of seeds."""
    earlier = experiment.looks.get((a.name, b.name), ())
    return (*(look for look in earlier if look[0] != n), (n, verdict)) if n else earlier


def _hours_per_seed(experiment: ExperimentRecord, a: ArmResult, b: ArmResult) -> float | None:
    """Return what one more seed in both arms costs, by what their finished confirm runs took, in device hours."""
    seconds = [
        [run.state.seconds for run in experiment.of(arm.name, "confirm") if run.is_finished and run.state.seconds]
        for arm in (a, b)
    ]
    return sum(map(fmean, seconds)) * experiment.plan.n_configs / 3600 if all(seconds) else None


def seed_differences(a: SeedScores, b: SeedScores) -> list[float]:
    """Return a minus b at the seeds that both have, in the order of the seeds."""
    return [a.by_seed[seed] - b.by_seed[seed] for seed in shared_seeds(a, b)]


def _all_scores(experiment: ExperimentRecord, a: ArmResult, b: ArmResult) -> tuple[list[float], list[float]]:
    """Return the scores of both arms at the seeds at which both have one, those of runs that broke down too."""
    by_seed = [scores_by_seed(experiment, arm.name, broken=True) for arm in (a, b)]
    shared = [seed for seed in by_seed[0] if seed in by_seed[1]]
    return [by_seed[0][seed] for seed in shared], [by_seed[1][seed] for seed in shared]


def _with_lost(experiment: ExperimentRecord, a: ArmResult, b: ArmResult) -> SignTest | None:
    """Count at how many seeds each arm was better when a breakdown loses to anything that trained."""
    lost_a, lost_b = a.broken_seeds, b.broken_seeds
    if not (lost_a & b.by_seed.keys()) and not (lost_b & a.by_seed.keys()):
        return None
    differences = [experiment.plan.metric.sign * difference for difference in seed_differences(a, b)]
    n_a = sum(d > 0 for d in differences) + len(lost_b & a.by_seed.keys())
    n_b = sum(d < 0 for d in differences) + len(lost_a & b.by_seed.keys())
    return sign_test(n_a, n_b)


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
        elif run.broke_down(key):
            reasons.append(f"{arm} broke down")
    why = "not tuned: no trial ended with a score" if seed in untuned_seeds(experiment, arm) else "not started"
    reasons += [f"{arm} {why}"] * max(0, experiment.plan.n_configs - len(runs))
    return reasons
