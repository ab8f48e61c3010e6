"""What an arm changes over the whole search space, not only at its best point: from tune trials that share points."""

from dataclasses import dataclass

from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.statistics import Interval, mean_interval


@dataclass(frozen=True)
class SpaceEffect:
    """The mean difference a - b over the points that both arms tried, its 95% Student t interval over points.

    A point is a block: the trial number fixes the shared parameters and the training seed of both arms. `n_lost`
    counts points that left because a trial was lost in either arm.
    """

    n: int
    difference: float
    interval: Interval | None
    n_lost: int


def space_effect(experiment: ExperimentRecord, a: str, b: str) -> SpaceEffect | None:
    """Return the paired effect of a against b over the nuisance space; None unless trials share their points (qmc).

    An adaptive sampler looks where an arm is good, so its trials would compare the arms at different points.
    """
    if experiment.plan.sampler != "qmc":
        return None
    blocks = {arm: {run.number: run for run in experiment.of(arm, "tune")} for arm in (a, b)}
    shared = [n for n in blocks[a] if n in blocks[b] and _is_same_point(blocks[a][n], blocks[b][n])]
    scores = [(experiment.score(blocks[a][n]), experiment.score(blocks[b][n])) for n in shared]
    differences = [x - y for x, y in scores if x is not None and y is not None]
    if not differences:
        return None
    over_points = mean_interval(differences)
    assert over_points.mean is not None, differences
    return SpaceEffect(len(differences), over_points.mean, over_points.interval, len(shared) - len(differences))


def _is_same_point(a: RunRecord, b: RunRecord) -> bool:
    shared = a.params.keys() & b.params.keys()
    return a.seed == b.seed and all(a.params[name] == b.params[name] for name in shared)
