"""Training curves: every run thin, an arm's mean thick, the middle 80% of its runs as a band.

What was recorded is drawn as it was; what the configuration says is evaluated from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from pydantic import TypeAdapter, ValidationError

from cvae.config import TrainConfig
from cvae.record import COLLAPSED_KL
from cvae.schedules import KLAnneal, TeacherForcing
from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour, arm_dash, decades, symlog_axis
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.search_space import format_params

#: Thin lines of a figure, and points of all of them together: more are thinned, so that the page stays light.
MAX_LINES, MAX_POINTS = 60, 6000

#: Points of an arm's mean and band.
MAX_MEANS = 200

#: 0, 500, 1k, 60k: Vega expression of a label.
STEP_LABEL = "datum.value >= 1000 ? datum.value / 1000 + 'k' : '' + datum.value"

#: Points of a curve that is evaluated from the configuration.
N_POINTS = 240

Series = list[tuple[int, float]]

_KL: TypeAdapter[Any] = TypeAdapter(KLAnneal)

_TEACHER_FORCING: TypeAdapter[Any] = TypeAdapter(TeacherForcing)


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
        Curve("train/kl", "kl", "training KL, unweighted", "nats per sequence"),
        Curve("train/beta", "beta", "Beta, as weighed in the loss", "beta (mean convention)"),
        Curve("train/tfr", "tfr", "Teacher forcing", "probability of a true frame"),
        Curve("train/lr", "lr", "Learning rate", "learning rate"),
    ]


def curve_figures(experiment: ExperimentRecord, phase: str) -> list[Figure]:
    """Return one figure per curve that some run of the phase logged."""
    figures = (_curve_figure(experiment, phase, curve) for curve in curves_of(experiment.plan.metric))
    return [figure for figure in figures if figure is not None]


def _curve_figure(experiment: ExperimentRecord, phase: str, curve: Curve) -> Figure | None:
    arms = experiment.plan.arms
    drawn = {arm: [(run, points(run, curve.key)) for run in experiment.of(arm, phase)] for arm in arms}
    drawn = {arm: [(run, series) for run, series in of if series] for arm, of in drawn.items()}
    runs = [pair for of in drawn.values() for pair in _some(of, MAX_LINES // len(arms))]
    if not runs:
        return None
    means = [row for arm in arms for row in _mean_rows(arm, drawn[arm])]
    peaks = [max(value for _, value in series) for _, series in runs]
    y = _y(curve, peaks)
    x = alt.X("x:Q", title="step", axis=alt.Axis(labelExpr=STEP_LABEL, tickCount=5, grid=False))
    names = [{"run": i, "name": run.name, "parameters": format_params(run.params)} for i, (run, _) in enumerate(runs)]
    thin = alt.Chart(data(_thin_rows(runs))).mark_line(strokeWidth=1, strokeOpacity=0.3)
    thin = thin.transform_lookup("run", from_=alt.LookupData(data(names), "run", ["name", "parameters"]))
    of_arm = alt.Chart(data(means)).encode(x=x, color=arm_colour(arms))
    layers = [
        of_arm.mark_area(fillOpacity=0.13).encode(y=_y(curve, peaks, "low:Q"), y2="high:Q"),
        thin.encode(
            x=x, y=y, color=arm_colour(arms), detail="run:N", tooltip=tooltip("arm:N", "name:N", "parameters:N")
        ),
        of_arm.mark_line(strokeWidth=2.5).encode(
            y=y, strokeDash=arm_dash(arms), tooltip=tooltip("arm:N", "runs:Q", runs="mean over runs")
        ),
    ]
    caption = "" if len(runs) == sum(map(len, drawn.values())) else f"Thin: {len(runs)} of the runs, evenly chosen."
    if curve.id == "kl":
        rule = alt.Chart(data([{"y": COLLAPSED_KL}])).mark_rule(strokeDash=[4, 4], color="var(--soft)")
        layers.insert(0, rule.encode(y="y:Q"))
        caption = f"Dashed: {COLLAPSED_KL} nats, below which a posterior has collapsed. {caption}".strip()
    return build(f"{phase}-{curve.id}", curve.title, caption, alt.layer(*layers))


def _some(items: Sequence[tuple[RunRecord, Series]], n: int) -> list[tuple[RunRecord, Series]]:
    return [items[k] for k in kept(len(items), max(1, n))]


def _y(curve: Curve, peaks: Sequence[float], field: str = "y:Q") -> alt.Y:
    """Return the vertical axis; logarithmic down to zero for KL, and for betas of different orders of magnitude."""
    positive = [peak for peak in peaks if peak > 0]
    if curve.id == "kl":
        constant = COLLAPSED_KL
    elif curve.id == "beta" and positive and max(positive) > 30 * min(positive):
        constant = 10 ** decades(min(positive), min(positive))[0]
    else:
        is_small = curve.id in ("beta", "lr")
        scale = alt.Scale(zero=curve.id in ("beta", "tfr", "lr"))
        label = "datum.value === 0 ? '0' : format(datum.value, '~e')" if is_small else "'' + datum.value"
        return alt.Y(field, title=curve.axis, scale=scale, axis=alt.Axis(tickCount=5, labelExpr=label))
    return symlog_axis(alt.Y, field, curve.axis, constant, decades(constant, max([*positive, constant])))


def _thin_rows(runs: Sequence[tuple[RunRecord, Series]]) -> list[Row]:
    n_points = max(20, MAX_POINTS // len(runs))
    return [
        {"arm": run.arm, "run": i, "x": series[k][0], "y": rounded(series[k][1])}
        for i, (run, series) in enumerate(runs)
        for k in kept(len(series), n_points)
    ]


def kept(n: int, n_points: int) -> list[int]:
    """Return at most `n_points` positions of n, evenly spread, the first and the last among them."""
    return [int(k) for k in np.unique(np.linspace(0, n - 1, min(n_points, n)).astype(int))] if n else []


def _mean_rows(arm: str, drawn: Sequence[tuple[RunRecord, Series]]) -> list[Row]:
    """Return mean and middle 80% of an arm's finished runs (of all, where none has), at the steps that they share."""
    finished = [dict(series) for run, series in drawn if run.is_finished]
    counted = finished or [dict(series) for _, series in drawn]
    shared = sorted(set.intersection(*(set(series) for series in counted))) if counted else []
    steps = [shared[k] for k in kept(len(shared), MAX_MEANS)]
    if not steps:
        return []
    values = np.array([[series[step] for step in steps] for series in counted])  # (runs, steps)
    columns = (values.mean(axis=0), *np.quantile(values, [0.1, 0.9], axis=0))
    return [
        {"arm": arm, "runs": len(counted), "x": step, "y": rounded(y), "low": rounded(low), "high": rounded(high)}
        for step, y, low, high in zip(steps, *(column.tolist() for column in columns), strict=True)
    ]


def points(run: RunRecord, key: str) -> Series:
    """Return the (step, value) of a curve.

    beta and tfr are evaluated from the run's configuration, up to its last recorded step: read off at evaluations only,
    a cycle shorter than the time between them would look like a constant. Other keys are what was recorded, as are
    these where the configuration does not tell: a weight that the training itself sets, as under `control`.
    """
    recorded = run.series(key)
    schedule = _schedule(run, key)
    if schedule is None or not recorded:
        return recorded
    last = recorded[-1][0]
    return [(int(step), schedule(int(step))) for step in np.unique(np.linspace(0, last - 1, N_POINTS).astype(int))]


def _schedule(run: RunRecord, key: str) -> Callable[[int], float] | None:
    """Return step -> value of beta or tfr; None for another key, or where the configuration does not tell."""
    try:
        train = TrainConfig.model_validate(run.config["train"])
        if key == "train/beta":
            target, anneal = float(run.config["beta"]), _KL.validate_python(run.config["kl_anneal"])
            return lambda step: target * float(anneal(train.progress(step)))
        if key == "train/tfr":
            forcing = _TEACHER_FORCING.validate_python(run.config["teacher_forcing"])
            return lambda step: float(forcing(train.progress(step)))
    except (KeyError, TypeError, ValidationError):
        return None
    return None
