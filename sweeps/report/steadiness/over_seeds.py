"""How a verdict came about seed by seed, and whether it hangs on one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweeps.decision import LEAST_PAIRS, MOST_BLOCKS, Ends, look_interval, read_word
from sweeps.report.comparison import ArmResult, PairResult, compare_all_pairs, compare_arms
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import Interval, mean_interval

#: More pairs of arms than this are not gone through seed by seed: nobody reads it, and each seed costs a comparison.
MOST_PAIRS = 6


@dataclass(frozen=True)
class SeedStep:
    """A pair after its first n seeds: the plain 95% interval, and the one for all pairs and looks with its word."""

    a: str
    b: str
    n: int
    seed: int  # the last of them
    difference: float
    interval: Interval | None
    looks: Ends | None
    word: str  # better, worse, equivalent or undecided, of the interval for looks


def seed_steps(experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[SeedStep]:
    """Return every pair after each of its seeds, in the order in which seeds are trained."""
    by_name, metric = {arm.name: arm.by_seed for arm in arms}, experiment.plan.metric
    planned = min(MOST_BLOCKS, max(LEAST_PAIRS, experiment.plan.n_seeds))
    found = []
    for pair in pairs if len(pairs) <= MOST_PAIRS else ():
        a, b = by_name[pair.a], by_name[pair.b]
        seeds = [seed for seed in sorted(a) if seed in b]
        differences = [a[seed] - b[seed] for seed in seeds]
        for n, seed in enumerate(seeds[:MOST_BLOCKS], start=1):
            so_far = mean_interval(differences[:n])
            looks = look_interval(differences[:n], max(planned, n), len(pairs))
            says = read_word(looks, metric.margin)
            word = {"above": ("worse", "better"), "below": ("better", "worse")}.get(says, (says, says))[metric.sign > 0]
            assert so_far.mean is not None, seed
            found.append(SeedStep(pair.a, pair.b, n, seed, so_far.mean, so_far.interval, looks, word))
    return found


@dataclass(frozen=True)
class WithoutSeed:
    """A pair without one of its seeds: the mean difference, and the word by the study's own rule."""

    a: str
    b: str
    seed: int
    difference: float
    word: str


def without_each_seed(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[WithoutSeed]:
    """Return every pair without each of the seeds that it rests on; none where a word would lack seeds for it."""
    if len(pairs) > MOST_PAIRS or min((pair.test.n for pair in pairs), default=0) <= LEAST_PAIRS:
        return []
    rests = {arm.name: arm.by_seed for arm in compare_arms(experiment)}
    found = []
    for seed in experiment.confirm_seeds:
        plan, runs = experiment.plan, experiment.runs
        fewer = replace(
            experiment,
            plan=replace(plan, n_seeds=plan.n_seeds - (plan.stop != "sure")),
            runs=tuple(
                replace(run, folder=run.folder / "without" / run.name)  # clips say nothing here, and are long to read
                for run in runs
                if run.phase == "confirm" and run.seed != seed
            ),
            looks={},
            first_planned=None,
        )
        for pair in compare_all_pairs(fewer, compare_arms(fewer)):
            if seed in rests[pair.a] and seed in rests[pair.b] and pair.test.difference is not None:
                found.append(WithoutSeed(pair.a, pair.b, seed, pair.test.difference, pair.verdict))
    return found
