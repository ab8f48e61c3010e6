"""Which pairs of a sweep that stops when it is sure ask for another seed: the coordinator's looks, taken again."""

from collections.abc import Sequence

from sweeps.decision import LEAST_PAIRS, MOST_BLOCKS, Pairs, Plan
from sweeps.report.comparison.results import ArmResult
from sweeps.report.reading import ExperimentRecord


def open_pairs(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> set[tuple[str, str]]:
    """Return the pairs (a, b) that ask for another seed; none where the sweep does not stop when it is sure.

    Seed after seed, from the sixth on, as long as every arm that is asked for has ended there: a pair that has closed
    stays closed, whatever later seeds say.
    """
    plan = experiment.plan
    if plan.stop != "sure":
        return set()
    looked = Pairs([arm.name for arm in arms])
    rule = Plan(
        plan.n_seeds,
        len(looked.states),
        plan.metric.margin,
        plan.metric.sign,
        is_as_planned=(experiment.first_planned or plan.n_seeds) >= plan.n_seeds,
    )
    seeds, by_name = experiment.confirm_seeds, {arm.name: arm for arm in arms}
    last = len(seeds) if LEAST_PAIRS <= plan.n_seeds <= MOST_BLOCKS else 0
    for n in range(LEAST_PAIRS, last + 1):
        asked = [by_name[name] for name in looked.asking]
        if not asked or not all(set(seeds[:n]) <= arm.ended_seeds for arm in asked):
            break
        looked.look({arm.name: [[arm.by_seed.get(seed)] for seed in seeds[:n]] for arm in asked}, rule)
    return {pair for pair, state in looked.states.items() if state is None or state.asks}
