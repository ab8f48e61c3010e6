"""Runs that broke down on the way: a training may fall, heal and end well, so its end does not tell."""

from dataclasses import dataclass

import numpy as np

from sweeps.decision import share_interval
from sweeps.experiment import Metric
from sweeps.report.checks.check import Check
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.wording import format_number, format_share

#: dB below the best so far that count as a fall, and the part of the training after which one counts.
FALL_DB, BEGUN = 3.0, 0.25

GRAD_NORM = "train/grad_norm_max"


@dataclass(frozen=True)
class Fall:
    """How far a run's score fell below the best that it had had, once its training had begun."""

    depth: float  # in the metric's unit; 0 where it never fell
    lowest: float  # the score there


def deepest_fall(run: RunRecord, metric: Metric) -> Fall | None:
    """Return a run's deepest fall; None where it has no evaluation after a quarter of its training."""
    series = run.series(metric.name)
    total = run.state.total_steps or (series[-1][0] if series else 0)
    begun = [i for i, (step, _) in enumerate(series) if step > BEGUN * total]
    if not begun:
        return None
    scores = metric.sign * np.array([value for _, value in series])
    depths = np.maximum.accumulate(scores) - scores
    deepest = max(begun, key=lambda i: float(depths[i]))
    return Fall(float(depths[deepest]), series[deepest][1])


def nothing_fell_on_the_way(experiment: ExperimentRecord) -> list[Check]:
    """Warn where confirm runs fell by 3 dB or more after a quarter of their training; nothing where none did.

    The interval of a share is Clopper and Pearson's, one-sided where none or all fell.
    """
    metric = experiment.plan.metric
    if metric.unit != "dB":
        return []
    parts, n_fallen = [], 0
    for arm in experiment.plan.arms:
        runs = experiment.of(arm, "confirm")
        falls = [fall for run in runs if (fall := deepest_fall(run, metric)) is not None]
        fallen = [fall for fall in falls if fall.depth >= FALL_DB]
        n_fallen += len(fallen)
        each = f"{arm} {format_share(len(fallen), len(falls))}"
        norms = [value for run in runs for _, value in run.series(GRAD_NORM)]
        low, high = share_interval(len(fallen), len(falls))
        facts = [f"95% interval {100 * low:.0f} to {100 * high:.0f}%"] if falls else []
        facts += [f"lowest {format_number(min(fall.lowest for fall in fallen), 1)} dB"] if fallen else []
        facts += [f"largest gradient norm {max(norms):.3g}"] if norms else []
        parts.append(each + (f" ({', '.join(facts)})" if facts else ""))
    if not n_fallen:
        return []
    detail = f"confirm runs that fell by {FALL_DB:g} dB or more after a quarter of the training: {'; '.join(parts)}"
    return [Check("No run fell on the way", "warn", detail)]
