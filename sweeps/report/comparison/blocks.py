"""What one difference of a pair rests on: a seed, or one of several tunings with the seeds that confirmed its choice.

A seed's difference speaks of the configurations that one tuning chose. Where every arm was tuned several times, on
trials of its own each time, the mean over a tuning's seeds is one value, and an interval over them speaks of the arms
so tuned.
"""

from collections.abc import Mapping
from statistics import fmean

from sweeps.report.comparison.results import SeedScores
from sweeps.report.reading import PlanRecord
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
    return [fmean(values) for values in by_block(by_seed, blocks).values()]


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
