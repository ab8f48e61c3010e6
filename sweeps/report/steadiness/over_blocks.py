"""How a verdict came about block by block, a seed or a tuning each, and whether it hangs on one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweeps.decision import LEAST_PAIRS, MOST_BLOCKS, Ends, look_interval, read_word
from sweeps.report.comparison import (
    ArmResult,
    PairResult,
    block_differences,
    compare_arms,
    decide_all_pairs,
    shared_seeds,
)
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import Interval, mean_interval

#: More pairs of arms than this are not gone through: nobody reads it, and each block costs a comparison.
MOST_PAIRS = 6


@dataclass(frozen=True)
class BlockStep:
    """A pair after its first n blocks: the plain 95% interval, and the one for all pairs and looks with its word."""

    a: str
    b: str
    n: int
    block: int  # the last of them: a seed, or the number of a tuning
    difference: float
    interval: Interval | None
    looks: Ends | None
    word: str  # better, worse, equivalent or undecided, of the interval for looks


def block_steps(
    experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]
) -> list[BlockStep]:
    """Return every pair after each of its blocks, in the order in which they are trained."""
    by_name, metric = {arm.name: arm for arm in arms}, experiment.plan.metric
    planned = min(MOST_BLOCKS, max(LEAST_PAIRS, experiment.plan.n_blocks))
    found = []
    for pair in pairs if len(pairs) <= MOST_PAIRS else ():
        a, b, blocks = by_name[pair.a], by_name[pair.b], experiment.block_of_seed
        differences = block_differences(a, b, blocks)
        shared = sorted({blocks[seed] for seed in shared_seeds(a, b)})
        for n, block in enumerate(shared[:MOST_BLOCKS], start=1):
            so_far = mean_interval(differences[:n])
            looks = look_interval(differences[:n], max(planned, n), len(pairs))
            says = read_word(looks, metric.margin)
            word = {"above": ("worse", "better"), "below": ("better", "worse")}.get(says, (says, says))[metric.sign > 0]
            assert so_far.mean is not None, block
            found.append(BlockStep(pair.a, pair.b, n, block, so_far.mean, so_far.interval, looks, word))
    return found


@dataclass(frozen=True)
class WithoutBlock:
    """A pair without one of its blocks: the mean difference, and the word by the study's own rule."""

    a: str
    b: str
    block: int
    difference: float
    word: str


def without_each_block(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[WithoutBlock]:
    """Return every pair without each of the blocks that it rests on; none where a word would lack blocks for it."""
    if len(pairs) > MOST_PAIRS or min((pair.test.n for pair in pairs), default=0) <= LEAST_PAIRS:
        return []
    block_of, arms = experiment.block_of_seed, compare_arms(experiment)
    rests = {arm.name: {block_of[seed] for seed in arm.by_seed} for arm in arms}
    found = []
    for block in sorted(set(block_of.values())):
        seeds = {seed for seed, of in block_of.items() if of == block}
        for pair in decide_all_pairs(_without(experiment, seeds), [_drop(arm, seeds) for arm in arms]):
            a, b = pair.a.name, pair.b.name
            if block in rests[a] and block in rests[b] and pair.test.difference is not None:
                found.append(WithoutBlock(a, b, block, pair.test.difference, pair.decision.verdict))
    return found


def _drop(arm: ArmResult, seeds: set[int]) -> ArmResult:
    """Return what decides of an arm as if it had not been confirmed with some seeds; the rest stays."""
    return replace(
        arm,
        by_seed={seed: value for seed, value in arm.by_seed.items() if seed not in seeds},
        broken_seeds=arm.broken_seeds - seeds,
        ended_seeds=arm.ended_seeds - seeds,
    )


def _without(experiment: ExperimentRecord, seeds: set[int]) -> ExperimentRecord:
    """Return an experiment as if the seeds of one block had not been planned."""
    plan = experiment.plan
    if plan.stop == "sure":  # what was planned at most stays, because looks were made for it
        fewer = plan
    else:
        n_seeds, tunings = (plan.n_seeds // plan.n_tunings, 1) if plan.n_tunings > 1 else (1, 0)
        fewer = replace(plan, n_seeds=plan.n_seeds - n_seeds, n_tunings=plan.n_tunings - tunings)
    kept = tuple(run for run in experiment.runs if run.phase == "confirm" and run.seed not in seeds)
    return replace(experiment, plan=fewer, runs=kept, looks={}, first_planned=None)
