"""KL heat maps: which latent dimension carries how much, and when."""

import altair as alt
import numpy as np

from sweeps.report.figure import Figure, Row, build, data, rounded, tooltip
from sweeps.report.frames_ahead import numbers_of
from sweeps.report.palette import colour
from sweeps.report.runs import Experiment

#: Dimensions that are shown, the busiest first; the rest carries less than any of them.
MAX_DIMENSIONS = 32


def kl_heat_maps(experiment: Experiment) -> list[Figure]:
    """Return one map an arm of KL by step and dimension, on one scale; empty where no run measured it."""
    maps = {arm: _mean_map(experiment, arm) for arm in experiment.plan.arms}
    known = {arm: values for arm, values in maps.items() if values is not None}
    top = max((float(values.max()) for values in known.values()), default=0.0)
    return [_figure(experiment, arm, values, top) for arm, values in known.items()]


def _mean_map(experiment: Experiment, arm: str) -> np.ndarray | None:
    """Return (steps, dimensions), each run's dimensions sorted by their KL, averaged over an arm's confirm runs."""
    found = []
    for run in experiment.of(arm, "confirm"):
        rows = run.diagnostics.get("kl_per_step_and_dimension") if run.is_finished else None
        values = [numbers_of(row) for row in rows] if isinstance(rows, list) else []
        if values and values[0] and len({len(row) for row in values}) == 1:
            table = np.array(values)
            found.append(table[:, np.argsort(-table.sum(axis=0), kind="stable")])
    found = [table for table in found if table.shape == found[0].shape]
    return np.mean(found, axis=0) if found else None


def _figure(experiment: Experiment, arm: str, values: np.ndarray, top: float) -> Figure:
    shown = values[:, :MAX_DIMENSIONS]
    rows: list[Row] = [
        {"step": t, "dimension": d, "kl": rounded(max(0.0, float(kl)))}
        for t, row in enumerate(shown, start=1)
        for d, kl in enumerate(row, start=1)
    ]
    index = experiment.plan.arms.index(arm)
    chart = alt.Chart(data(rows)).mark_rect(color=colour(index), stroke="var(--faint)", strokeWidth=0.5)
    discrete = alt.Axis(labelAngle=0, labelOverlap=True, grid=False, ticks=False)
    chart = chart.encode(
        x=alt.X("dimension:O", title="latent dimension, by its KL", axis=discrete),
        y=alt.Y("step:O", title="predicted frame", axis=discrete),
        opacity=alt.Opacity(
            "kl:Q",
            scale=alt.Scale(domain=[0, top or 1], range=[0, 1]),
            legend=alt.Legend(
                title="nats", tickCount=3, orient="top", symbolType="square", symbolFillColor=colour(index)
            ),
        ),
        tooltip=tooltip("step:O", "dimension:O", "kl:Q", kl="nats"),
    )
    return build(f"kl-map-{index}", f"{arm}: {values.sum():.3g} nats per sequence", "", chart, 220)
