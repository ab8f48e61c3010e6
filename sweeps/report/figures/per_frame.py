"""The metric for each future frame: the forecast, what knows the future, and what knows nothing."""

import altair as alt
import numpy as np

from cvae.record import numbers_of
from sweeps.report.figures.figure import Figure, Row, build, data, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour, arm_dash
from sweeps.report.reading import ExperimentRecord, RunRecord

#: Names of the series in diagnostics.json -> what they are; those of every frame that depend on the arm's model.
OF_THE_MODEL = {
    "posterior": "z from the posterior",
    "zero": "z = 0",
    "best_of_n": "best of n",
    "mean_of_n": "mean of n",
}

OF_THE_CLIPS = {"copy_last": "copy-last-frame", "flat_colour": "best flat colour"}


def per_frame_rows(experiment: ExperimentRecord) -> list[Row]:
    """Return each arm's mean over its finished confirm runs, for every kind of forecast and every future frame."""
    rows = []
    for arm in experiment.plan.arms:
        runs = [run for run in experiment.of(arm, "confirm") if run.is_finished]
        for kind in ("score", *OF_THE_MODEL, *OF_THE_CLIPS):
            series = [values for run in runs if (values := _series(experiment, run, kind))]
            series = [values for values in series if len(values) == len(series[0])]
            for frame, value in enumerate(np.mean(series, axis=0).tolist() if series else [], start=1):
                rows.append({"arm": arm, "frame": frame, "kind": kind, "value": value, "runs": len(series)})
    return rows


def _series(experiment: ExperimentRecord, run: RunRecord, kind: str) -> list[float]:
    if kind == "score":
        return run.final_per_frame(f"{experiment.plan.confirm_key}_per_frame")
    if kind == "copy_last" and (recorded := run.final_per_frame(f"{experiment.plan.confirm_copy_key}_per_frame")):
        return recorded
    if experiment.plan.metric.short != "psnr":
        return []
    return numbers_of((run.diagnostics.get("psnr_per_frame") or {}).get(kind))


def per_frame(experiment: ExperimentRecord) -> Figure | None:
    """Return the metric for each future frame; None where no confirm run kept it."""
    metric, rows = experiment.plan.metric, per_frame_rows(experiment)
    if not any(row["kind"] == "score" for row in rows):
        return None
    x = alt.X("frame:Q", title="future frame", axis=alt.Axis(tickMinStep=1, grid=False))
    y = alt.Y("value:Q", title=with_unit(metric), scale=alt.Scale(zero=False))
    chart = {
        kind: alt.Chart(data(of_kind)).encode(x=x, y=y, tooltip=tooltip("arm:N", "frame:Q", "value:Q", "runs:Q"))
        for kind in ("score", "posterior", "copy_last", "flat_colour")
        if (of_kind := [row for row in rows if row["kind"] == kind])
    }
    colour, dash = arm_colour(experiment.plan.arms), arm_dash(experiment.plan.arms)
    layers, words = [], [f"Solid: the forecast, mean over confirm runs on the {experiment.plan.split} split."]
    if "copy_last" in chart:
        line = chart["copy_last"].mark_line(strokeDash=[4, 4], strokeWidth=1.5, color="var(--soft)")
        layers.append(line.encode(detail="arm:N"))
        words.append("Dashed grey: copy-last-frame.")
    if "flat_colour" in chart:
        line = chart["flat_colour"].mark_line(strokeDash=[1, 3], strokeWidth=1.5, color="var(--soft)")
        layers.append(line.encode(detail="arm:N"))
        words.append("Dotted grey: best flat colour.")
    if "posterior" in chart:
        layers.append(chart["posterior"].mark_line(strokeDash=[2, 3], strokeWidth=2).encode(color=colour))
        words.append("Dotted: z from the posterior, which has seen the frame.")
    layers.append(chart["score"].mark_line(strokeWidth=2.5).encode(color=colour, strokeDash=dash))
    layers.append(chart["score"].mark_circle(size=40, opacity=1).encode(color=colour))
    return build("per-frame", f"{metric.label} of each future frame", " ".join(words), alt.layer(*layers), 280)
