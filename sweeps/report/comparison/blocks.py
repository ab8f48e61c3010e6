"""What one difference of a pair rests on: a seed, or one of several tunings with the seeds that confirmed its choice.

A seed's difference speaks of the configurations that one tuning chose. Where every arm was tuned several times, on
trials of its own each time, the mean over a tuning's seeds is one value, and an interval over them speaks of the arms
so tuned.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean

from sweeps.decision import LEAST_PAIRS, MOST_BLOCKS, Pairs, Plan
from sweeps.report.comparison.results import ArmResult, SeedScores
from sweeps.report.reading import ExperimentRecord, PlanRecord
from sweeps.report.statistics import Paired, compare_pairs

#: Seed -> its block: itself, or the tuning whose choice it confirmed.
Blocks = Mapping[int, int]


def shared_seeds(a: SeedScores, b: SeedScores) -> list[int]:
    """Return the seeds at which both arms have a value."""
    return [seed for seed in a.by_seed if seed in b.by_seed]


def by_block(by_seed: Mapping[int, float], blocks: Blocks) -> dict[int, list[float]]:
    """Return block -> its seeds' values, in the order of the blocks."""
    grouped: dict[int, list[float]] = {}
    for seed, value in by_seed.items():
        grouped.setdefault(blocks[seed], []).append(value)
    return dict(sorted(grouped.items()))


def block_means(by_seed: Mapping[int, float], blocks: Blocks) -> list[float]:
    """Return the mean over each block's seeds."""
    return [fmean(values) if len(values) > 1 else values[0] for values in by_block(by_seed, blocks).values()]


def paired_values(a: SeedScores, b: SeedScores, blocks: Blocks) -> tuple[list[float], list[float]]:
    """Return both arms' values block by block: the means over the seeds at which both have one."""
    shared = shared_seeds(a, b)
    x, y = (block_means({seed: arm.by_seed[seed] for seed in shared}, blocks) for arm in (a, b))
    return x, y


def block_differences(a: SeedScores, b: SeedScores, blocks: Blocks) -> list[float]:
    """Return a minus b block by block."""
    return [x - y for x, y in zip(*paired_values(a, b, blocks), strict=True)]


def paired_test(a: SeedScores, b: SeedScores, blocks: Blocks) -> Paired:
    """Compare two arms block by block."""
    return compare_pairs(*paired_values(a, b, blocks))


def describe_estimand(plan: PlanRecord) -> str:
    """Return what the numbers speak of: arms tuned so often, or what one tuning chose; empty where none was tuned."""
    if not plan.trials_per_arm:
        return ""
    if plan.n_tunings == 1:
        return "with the configurations that tune chose"
    return f"each arm tuned with {plan.trials_per_arm // plan.n_tunings} trials, {plan.n_tunings} times"


def open_pairs(experiment: ExperimentRecord, arms: Sequence[ArmResult], is_as_planned: bool) -> set[tuple[str, str]]:
    """Return the pairs (a, b) that ask for another block; none where the sweep does not stop when it is sure.

    The coordinator's looks, taken again: block after block, from the sixth on, as long as every arm that is asked for
    has ended there. A pair that has closed stays closed, whatever later blocks say.

    Args:
        experiment: what was run so far.
        arms: what confirmation says of each.
        is_as_planned: whether no block was added after a look.
    """
    plan = experiment.plan
    if plan.stop != "sure":
        return set()
    looked = Pairs([arm.name for arm in arms])
    rule = Plan(plan.n_blocks, len(looked.states), plan.metric.margin, plan.metric.sign, is_as_planned)
    blocks, by_name = _begun_blocks(experiment), {arm.name: arm for arm in arms}
    last = len(blocks) if LEAST_PAIRS <= plan.n_blocks <= MOST_BLOCKS else 0
    for n in range(LEAST_PAIRS, last + 1):
        asked, seeds = [by_name[name] for name in looked.asking], {seed for block in blocks[:n] for seed in block}
        if not asked or not all(seeds <= arm.ended_seeds for arm in asked):
            break
        ends = {arm.name: [[arm.by_seed.get(seed) for seed in block] for block in blocks[:n]] for arm in asked}
        looked.look(ends, rule)
    return {pair for pair, state in looked.states.items() if state is None or state.asks}


def _begun_blocks(experiment: ExperimentRecord) -> list[list[int]]:
    """Return the seeds of every block that all its seeds have begun in, in order."""
    plan = experiment.plan
    grouped: dict[int, list[int]] = {}
    for seed, block in sorted(experiment.block_of_seed.items()):
        grouped.setdefault(block, []).append(seed)
    n_seeds = plan.n_seeds // plan.n_tunings if plan.n_tunings > 1 else 1
    return [seeds for _, seeds in sorted(grouped.items()) if len(seeds) >= n_seeds]
