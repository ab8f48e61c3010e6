"""What the latent pays and for what: KL by step and dimension, and the rate-distortion plane."""

import altair as alt
import numpy as np

from cvae.record import COLLAPSED_KL, numbers_of
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip
from sweeps.report.figures.theme import arm_colour, colour, decades, symlog_axis
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.search_space import format_params

#: Dimensions that are shown, the busiest first; the rest carries less than any of them.
MAX_DIMENSIONS = 32

#: The last tick of the rate.
MAX_KL = 1e5


def kl_heat_maps(experiment: ExperimentRecord) -> list[Figure]:
    """Return one map an arm of KL by step and dimension, on one scale; empty where no run measured it."""
    maps = {arm: _mean_map(experiment, arm) for arm in experiment.plan.arms}
    known = {arm: values for arm, values in maps.items() if values is not None}
    top = max((float(values.max()) for values in known.values()), default=0.0)
    return [_kl_map(experiment, arm, values, top) for arm, values in known.items()]


def _mean_map(experiment: ExperimentRecord, arm: str) -> np.ndarray | None:
    """Return (steps, dimensions), each run's dimensions sorted by their KL, averaged over an arm's confirm runs."""
    tables = []
    for run in experiment.of(arm, "confirm"):
        rows = run.diagnostics.get("kl_per_step_and_dimension") if run.is_finished else None
        values = [numbers_of(row) for row in rows] if isinstance(rows, list) else []
        if values and values[0] and len({len(row) for row in values}) == 1:
            table = np.array(values)
            tables.append(table[:, np.argsort(-table.sum(axis=0), kind="stable")])
    tables = [table for table in tables if table.shape == tables[0].shape]
    return np.mean(tables, axis=0) if tables else None


def _kl_map(experiment: ExperimentRecord, arm: str, values: np.ndarray, top: float) -> Figure:
    shown = values[:, :MAX_DIMENSIONS]
    rows: list[Row] = [
        {"step": t, "dimension": d, "kl": rounded(max(0.0, float(kl)))}
        for t, row in enumerate(shown, start=1)
        for d, kl in enumerate(row, start=1)
    ]
    index = experiment.plan.arms.index(arm)
    chart = alt.Chart(data(rows)).mark_rect(stroke="var(--faint)", strokeWidth=0.5)
    discrete = alt.Axis(labelAngle=0, labelOverlap=True, grid=False, ticks=False)
    chart = chart.encode(
        x=alt.X("dimension:O", title="latent dimension, by its KL", axis=discrete),
        y=alt.Y("step:O", title="predicted frame", axis=discrete),
        color=alt.Color(
            "kl:Q",
            scale=alt.Scale(domain=[0, top or 1], range=["var(--paper)", colour(index)], interpolate="rgb"),
            legend=alt.Legend(
                title="nats", type="gradient", orient="top", tickCount=3, gradientLength=160, gradientThickness=10
            ),
        ),
        tooltip=tooltip("step:O", "dimension:O", "kl:Q", kl="nats"),
    )
    # A scale between two colours cannot be made of style variables: the page puts their values there first.
    chart = chart.properties(usermeta={"colours": "resolved"})
    return build(f"kl-map-{index}", f"{arm}: {values.sum():.3g} nats per sequence", "", chart, 220)


def rate_distortion(experiment: ExperimentRecord) -> Figure | None:
    """Return every finished run's KL against its training error; None where nothing recorded both."""
    rows = [row for run in experiment.runs if (row := _rate_row(experiment, run))]
    if not rows:
        return None
    highest = max(row["rate"] for row in rows)
    powers = [power for power in decades(COLLAPSED_KL, MAX_KL) if 10.0**power <= 10 * highest]
    x = symlog_axis(alt.X, "rate:Q", "rate: training KL in nats per sequence", COLLAPSED_KL, powers)
    y = alt.Y(
        "distortion:Q",
        title="distortion: squared error",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=5, format=".2~g"),
    )
    points = alt.Chart(data(rows)).encode(
        x=x,
        y=y,
        color=arm_colour(experiment.plan.arms),
        tooltip=tooltip("arm:N", "run:N", "rate:Q", "distortion:Q", "score:Q", "parameters:N"),
    )
    rule = alt.Chart(data([{"x": COLLAPSED_KL}])).mark_rule(strokeDash=[4, 4], color="var(--soft)").encode(x="x:Q")
    chart = alt.layer(
        rule,
        points.transform_filter("datum.phase === 'tune'").mark_point(size=34, opacity=0.55),
        points.transform_filter("datum.phase === 'confirm'").mark_circle(size=60, opacity=0.9),
    )
    caption = (
        "Filled: confirm runs, hollow: tune runs; both at the end of training. Lower left is better; a schedule that "
        f"only moves a run along the front has bought error with nats. "
        f"Dashed: {COLLAPSED_KL} nats, a collapsed posterior."
    )
    return build("rate-distortion", "Rate and distortion of every run", caption, chart, 300)


def _rate_row(experiment: ExperimentRecord, run: RunRecord) -> Row | None:
    rate, distortion = run.final_kl(), run.final("train/mse")
    if distortion is None and run.is_finished and (logged := run.series("train/mse")):
        distortion = logged[-1][1]
    if rate is None or distortion is None or distortion <= 0:
        return None
    score = experiment.score(run)
    return {
        "arm": run.arm,
        "run": run.name,
        "phase": run.phase,
        "rate": rounded(max(0.0, rate)),
        "distortion": rounded(distortion),
        "score": score,
        "parameters": format_params(run.params),
    }
