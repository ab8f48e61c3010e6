"""On which clips the arms differ: per-clip effects, every clip a cluster of its seeds and frames."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sweeps.report.reading import ExperimentRecord, clip_scores
from sweeps.report.statistics import Interval, half_width

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClipEffect:
    """a - b on each clip, averaged over its frames and the seeds that both arms finished.

    `interval` is clustered by clip: it says what other clips would give with these trained models. `two_way` lets
    the seeds vary too (Cameron, Gelbach & Miller 2011), by Student t with the fewer of the two less one.
    `share` is the share of clips on which a is better, a tie counting half.
    """

    n_clips: int
    n_seeds: int
    difference: float
    interval: Interval | None
    two_way: Interval | None
    share: float
    by_clip: Mapping[str, float]


def clip_effect(experiment: ExperimentRecord, a: str, b: str, seeds: list[int]) -> ClipEffect | None:
    """Return the effect of a against b clip by clip; None where their runs kept no scores of the same clips."""
    tables = [clip_scores(experiment, arm) for arm in (a, b)]
    shared = [seed for seed in seeds if seed in tables[0] and seed in tables[1]]
    names = {table[seed].names for table in tables for seed in shared}
    if not shared or len(names) != 1:
        return None
    # (seeds or tunings, clips)
    of_seed = {seed: tables[0][seed].means - tables[1][seed].means for seed in shared}
    block_of, blocks = experiment.block_of_seed, defaultdict[int, list[Array]](list)
    for seed in shared:
        blocks[block_of[seed]].append(of_seed[seed])
    d = np.stack([np.mean(block, axis=0) for block in blocks.values()])
    of_clip, better = d.mean(axis=0), experiment.plan.metric.sign * d.mean(axis=0)
    return ClipEffect(
        n_clips=d.shape[1],
        n_seeds=len(shared),
        difference=float(d.mean()),
        interval=clustered_interval(d),
        two_way=two_way_interval(d),
        share=float(((better > 0) + 0.5 * (better == 0)).mean()),
        by_clip=dict(zip(next(iter(names)), of_clip.tolist(), strict=True)),
    )


def clustered_interval(d: Array) -> Interval | None:
    """Return the 95% interval of the mean of (seeds, clips) with clips as clusters: Student t over the clips' means."""
    if d.shape[1] < 2:
        return None
    means = d.mean(axis=0)
    half = half_width(float(means.std(ddof=1)), len(means))
    return float(d.mean()) - half, float(d.mean()) + half


def two_way_interval(d: Array) -> Interval | None:
    """Return the 95% interval of the mean of (seeds, clips) where both seeds and clips are samples.

    The variances of the two clusterings less that of single values, never below the larger of the two.
    """
    if min(d.shape) < 2:
        return None
    rows, columns = (float(d.mean(axis=axis).var(ddof=1)) / d.shape[1 - axis] for axis in (1, 0))
    both = rows + columns - float(d.var(ddof=1)) / d.size
    half = half_width(math.sqrt(max(both, rows, columns)), min(d.shape)) * math.sqrt(min(d.shape))
    return float(d.mean()) - half, float(d.mean()) + half
