"""Training curves: what every run logged, thinned for the page, and their mean over an arm's runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from sweeps.report.compare import COLLAPSED_KL
from sweeps.report.figure import Figure, Row, build, data, with_unit
from sweeps.report.palette import arm_colour, arm_dash
from sweeps.report.runs import Experiment, Metric, Run
from sweeps.report.scheduled import points

#: Points of all thin lines of a figure together; more are thinned, so that the page stays light.
MAX_POINTS = 6000
#: 0, 500, 1k, 60k: Vega expression of a label.
STEP_LABEL = "datum.value >= 1000 ? datum.value / 1000 + 'k' : '' + datum.value"


@dataclass(frozen=True)
class Curve:
    """What is drawn: a key of epochs.jsonl and its names."""

    key: str
    id: str
    title: str
    axis: str


def curves_of(metric: Metric) -> list[Curve]:
    """Return the page's curves: the metric first, then what is known to move it."""
    return [
        Curve(metric.name, "metric", f"{metric.label} on the validation split", with_unit(metric)),
        Curve("train/kl", "kl", "KL, unweighted", "nats per sequence"),
        Curve("train/beta", "beta", "Beta, as weighed in the loss", "beta (mean convention)"),
        Curve("train/tfr", "tfr", "Teacher forcing", "probability of a true frame"),
    ]


def curve_figures(experiment: Experiment, phase: str) -> list[Figure]:
    """Return one figure per curve that some run of the phase logged."""
    figures = (_curve_figure(experiment, phase, curve) for curve in curves_of(experiment.plan.metric))
    return [figure for figure in figures if figure is not None]


def _curve_figure(experiment: Experiment, phase: str, curve: Curve) -> Figure | None:
    arms = experiment.plan.arms
    runs = [run for arm in arms for run in experiment.of(arm, phase) if points(run, curve.key)]
    if not runs:
        return None
    means = [row for arm in arms for row in _mean_rows(arm, experiment.of(arm, phase), curve.key)]
    y = _y(curve, [max(value for _, value in points(run, curve.key)) for run in runs])
    x = alt.X("x:Q", title="step", axis=alt.Axis(labelExpr=STEP_LABEL, tickCount=5, grid=False))
    thin = alt.Chart(data(_thin_rows(runs, curve.key))).mark_line(strokeWidth=1, opacity=0.28)
    bold = alt.Chart(data(means)).mark_line(strokeWidth=2.5)
    layers = [
        thin.encode(x=x, y=y, color=arm_colour(arms), detail="run:N"),
        bold.encode(x=x, y=y, color=arm_colour(arms), strokeDash=arm_dash(arms), tooltip=["arm:N", "x:Q", "y:Q"]),
    ]
    caption = ""
    if curve.id == "kl":
        rule = alt.Chart(data([{"y": COLLAPSED_KL}])).mark_rule(strokeDash=[4, 4], color="var(--soft)")
        layers.insert(0, rule.encode(y="y:Q"))
        caption = f"Dashed: {COLLAPSED_KL} nats, below which a posterior has collapsed."
    return build(f"{phase}-{curve.id}", curve.title, caption, alt.layer(*layers))


def _y(curve: Curve, peaks: Sequence[float]) -> alt.Y:
    """Return the vertical axis; logarithmic down to zero for KL, and for betas of different orders of magnitude."""
    positive = [peak for peak in peaks if peak > 0]
    if curve.id == "kl":
        constant = COLLAPSED_KL
    elif curve.id == "beta" and positive and max(positive) > 30 * min(positive):
        constant = 10 ** math.floor(math.log10(min(positive)))
    else:
        scale = alt.Scale(zero=curve.id in ("beta", "tfr"))
        label = "datum.value === 0 ? '0' : format(datum.value, '~e')" if curve.id == "beta" else "'' + datum.value"
        return alt.Y("y:Q", title=curve.axis, scale=scale, axis=alt.Axis(tickCount=5, labelExpr=label))
    lowest, highest = round(math.log10(constant)), math.ceil(math.log10(max([*positive, constant])))
    ticks = [0.0, *(10.0**power for power in range(lowest, highest + 1))]
    axis = alt.Axis(values=ticks, labelExpr="'' + datum.value", labelOverlap=True)
    return alt.Y("y:Q", title=curve.axis, scale=alt.Scale(type="symlog", constant=constant), axis=axis)


def _thin_rows(runs: Sequence[Run], key: str) -> list[Row]:
    n_points = max(20, MAX_POINTS // len(runs))
    rows = []
    for i, run in enumerate(runs):
        series = points(run, key)
        rows += [
            {"arm": run.arm, "run": i, "x": series[k][0], "y": _rounded(series[k][1])}
            for k in _kept(len(series), n_points)
        ]
    return rows


def _kept(n: int, n_points: int) -> list[int]:
    """Return at most `n_points` positions of n, evenly spread, the first and the last among them."""
    return [int(k) for k in np.unique(np.linspace(0, n - 1, min(n_points, n)).astype(int))] if n else []


def _mean_rows(arm: str, runs: Sequence[Run], key: str) -> list[Row]:
    """Return the mean over an arm's finished runs (over all, where none has), at the steps that they share."""
    finished = [run for run in runs if run.is_finished and points(run, key)]
    counted = [dict(points(run, key)) for run in finished or runs if points(run, key)]
    shared = sorted(set.intersection(*(set(series) for series in counted))) if counted else []
    means = [(step, float(np.mean([series[step] for series in counted]))) for step in shared]
    return [{"arm": arm, "x": means[k][0], "y": _rounded(means[k][1])} for k in _kept(len(means), 300)]


def _rounded(value: float) -> float:
    """Return five significant digits: more cannot be seen, and would fill the page."""
    return float(f"{value:.5g}")
