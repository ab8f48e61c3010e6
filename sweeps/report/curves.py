"""Training curves: what every run logged, thinned for the page, and their mean over an arm's runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from sweeps.report.figures import Figure, Row, build, data, with_unit
from sweeps.report.palette import arm_colour, arm_dash
from sweeps.report.runs import Experiment, Metric, Run

#: Points of all thin lines of a figure together; more are thinned, so that the page stays light.
MAX_POINTS = 6000
#: Ticks of the KL axis, nats: its scale is logarithmic but reaches zero.
KL_TICKS = (0, 0.01, 0.1, 1, 10, 100, 1000, 10000)


@dataclass(frozen=True)
class Curve:
    """What is drawn: a key of epochs.jsonl and its names."""

    key: str
    id: str
    title: str
    axis: str
    is_symlog: bool = False


def curves_of(metric: Metric) -> list[Curve]:
    """Return the page's curves: the metric first, then what is known to move it."""
    return [
        Curve(metric.name, "metric", f"{metric.label} on the validation split", with_unit(metric)),
        Curve("train/kl", "kl", "KL, unweighted", "nats per sequence", is_symlog=True),
        Curve("train/beta", "beta", "Beta, as weighed in the loss", "beta (mean convention)"),
        Curve("train/tfr", "tfr", "Teacher forcing", "probability of a true frame"),
    ]


def curve_figures(experiment: Experiment, phase: str) -> list[Figure]:
    """Return one figure per curve that some run of the phase logged."""
    figures = (_curve_figure(experiment, phase, curve) for curve in curves_of(experiment.plan.metric))
    return [figure for figure in figures if figure is not None]


def _curve_figure(experiment: Experiment, phase: str, curve: Curve) -> Figure | None:
    arms = experiment.plan.arms
    runs = [run for arm in arms for run in experiment.of(arm, phase) if run.series(curve.key)]
    if not runs:
        return None
    means = [row for arm in arms for row in _mean_rows(arm, experiment.of(arm, phase), curve.key)]
    y = alt.Y("y:Q", title=curve.axis, scale=_scale(curve), axis=_axis(curve, runs))
    x = alt.X("x:Q", title="step", axis=alt.Axis(format="~s", tickCount=5, grid=False))
    thin = alt.Chart(data(_thin_rows(runs, curve.key))).mark_line(strokeWidth=1, opacity=0.28)
    bold = alt.Chart(data(means)).mark_line(strokeWidth=2.5)
    layers = [
        thin.encode(x=x, y=y, color=arm_colour(arms), detail="run:N"),
        bold.encode(x=x, y=y, color=arm_colour(arms), strokeDash=arm_dash(arms), tooltip=["arm:N", "x:Q", "y:Q"]),
    ]
    if curve.is_symlog:
        rule = alt.Chart(data([{"y": 0.01}])).mark_rule(strokeDash=[4, 4], color="var(--soft)")
        layers.insert(0, rule.encode(y="y:Q"))
    caption = f"Thin: each {phase} run. Thick: the mean over an arm's runs."
    caption += " Dashed: 0.01 nats, below which a posterior has collapsed." if curve.is_symlog else ""
    return build(f"{phase}-{curve.id}", curve.title, caption, alt.layer(*layers))


def _scale(curve: Curve) -> alt.Scale:
    return alt.Scale(type="symlog", constant=0.01) if curve.is_symlog else alt.Scale(zero=False)


def _axis(curve: Curve, runs: Sequence[Run]) -> alt.Axis:
    if not curve.is_symlog:
        return alt.Axis(tickCount=5, format="~g" if curve.id == "beta" else "")
    largest = max(value for run in runs for _, value in run.series(curve.key))
    return alt.Axis(values=[tick for tick in KL_TICKS if tick <= 10 * largest], format="~g")


def _thin_rows(runs: Sequence[Run], key: str) -> list[Row]:
    n_points = max(20, MAX_POINTS // len(runs))
    rows = []
    for i, run in enumerate(runs):
        series = run.series(key)
        kept = np.unique(np.linspace(0, len(series) - 1, min(n_points, len(series))).astype(int))
        rows += [{"arm": run.arm, "run": i, "x": series[k][0], "y": _rounded(series[k][1])} for k in kept]
    return rows


def _mean_rows(arm: str, runs: Sequence[Run], key: str) -> list[Row]:
    """Return the mean over an arm's finished runs (over all, where none has), at the steps that they share."""
    finished = [run for run in runs if run.is_finished and run.series(key)]
    counted = [dict(run.series(key)) for run in finished or runs if run.series(key)]
    shared = sorted(set.intersection(*(set(series) for series in counted))) if counted else []
    means = [(step, float(np.mean([series[step] for series in counted]))) for step in shared]
    kept = np.unique(np.linspace(0, len(means) - 1, min(300, len(means))).astype(int)) if means else []
    return [{"arm": arm, "x": means[k][0], "y": _rounded(means[k][1])} for k in kept]


def _rounded(value: float) -> float:
    """Return five significant digits: more cannot be seen, and would fill the page."""
    return float(f"{value:.5g}")
