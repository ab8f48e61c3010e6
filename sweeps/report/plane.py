"""The rate-distortion plane: what every run pays in nats and what error it is left with."""

import altair as alt

from cvae.flags import COLLAPSED_KL
from sweeps.report.figure import Figure, Row, build, data, rounded, tooltip
from sweeps.report.palette import arm_colour
from sweeps.report.provenance import params_words
from sweeps.report.runs import Experiment, Run


def rate_distortion(experiment: Experiment) -> Figure | None:
    """Return every finished run's KL against its training error; None where nothing recorded both."""
    rows = [row for run in experiment.runs if (row := _row(experiment, run))]
    if not rows:
        return None
    highest = max(row["rate"] for row in rows)
    ticks = [0.0, *(10.0**power for power in range(-2, 6) if 10.0**power <= 10 * highest)]
    x = alt.X(
        "rate:Q",
        title="rate: KL in nats per sequence",
        scale=alt.Scale(type="symlog", constant=COLLAPSED_KL),
        axis=alt.Axis(values=ticks, labelExpr="'' + datum.value", labelOverlap=True),
    )
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


def _row(experiment: Experiment, run: Run) -> Row | None:
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
        "parameters": params_words(run),
    }
