"""How the arms' configurations were found: the winner's curse, and what fewer trials would have given."""

from collections.abc import Sequence

import altair as alt

from sweeps.report.comparison import ArmResult, budget_curve
from sweeps.report.figures.figure import Figure, Row, build, data, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour, arm_dash
from sweeps.report.reading import ExperimentRecord

_STAGES = ("when chosen", "fresh seeds", "fresh clips")


def shrinkage(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> Figure | None:
    """Return each arm's score when it was chosen, with fresh seeds, and on fresh clips; None without a tune score."""
    rows = [row for arm in arms if arm.tune_score is not None for row in _stages(arm)]
    if not rows:
        return None
    x = alt.X(
        "stage:N", sort=list(_STAGES), title=None, axis=alt.Axis(labelAngle=0, grid=False), scale=alt.Scale(padding=0.2)
    )
    y = alt.Y("value:Q", title=with_unit(experiment.plan.metric), scale=alt.Scale(zero=False))
    base = alt.Chart(data(rows)).encode(x=x, y=y, color=arm_colour(experiment.plan.arms))
    chart = alt.layer(
        base.mark_line(strokeWidth=2).encode(strokeDash=arm_dash(experiment.plan.arms)),
        base.mark_circle(size=70, opacity=1).encode(tooltip=tooltip("arm:N", "stage:N", "value:Q")),
    )
    split = experiment.plan.metric.prefix
    caption = (
        "When chosen: the tune score, the best of many. Fresh seeds: the same configuration's confirm runs on the same "
        f"{split} split; what falls here is the winner's curse. Fresh clips: the {experiment.plan.split} split, "
        "which the verdict rests on."
    )
    return build("shrinkage", "From tune to confirm", caption, chart, 260)


def _stages(arm: ArmResult) -> list[Row]:
    values = (arm.tune_score, arm.on_tune_split, arm.confirmed.mean)
    return [
        {"arm": arm.name, "stage": stage, "value": value}
        for stage, value in zip(_STAGES, values, strict=True)
        if value is not None
    ]


def budget_rows(experiment: ExperimentRecord) -> list[Row]:
    """Return every arm's budget curve."""
    return [
        {"arm": arm, "trials": point.n, "value": point.expected, "low": point.low, "high": point.high}
        for arm in experiment.plan.arms
        for point in budget_curve(experiment, arm)
    ]


def budget(experiment: ExperimentRecord) -> Figure | None:
    """Return the expected best tune score after n trials; None where no arm has two."""
    rows = budget_rows(experiment)
    if max((row["trials"] for row in rows), default=0) < 2:
        return None
    metric, arms = experiment.plan.metric, experiment.plan.arms
    most = max(row["trials"] for row in rows)
    ticks = list(range(1, most + 1)) if most <= 12 else alt.Undefined
    axis = alt.Axis(values=ticks, format="d", grid=False)
    x = alt.X("trials:Q", title="trials", axis=axis, scale=alt.Scale(nice=False))
    title, scale = f"best tune {with_unit(metric)}", alt.Scale(zero=False)
    y = alt.Y("value:Q", title=title, scale=scale)
    base = alt.Chart(data(rows)).encode(x=x, color=arm_colour(arms))
    chart = alt.layer(
        base.mark_area(fillOpacity=0.13).encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q"),
        base.mark_line(strokeWidth=2.5).encode(y=y, strokeDash=arm_dash(arms)),
        base.mark_circle(size=28, opacity=1).encode(
            y=y, tooltip=tooltip("arm:N", "trials:Q", "value:Q", "low:Q", "high:Q")
        ),
    )
    caption = (
        "The expected best of n of the trials at hand, drawn without replacement; band: 8 of 10 such draws. Arms that "
        "still rise at the right end would gain from more trials. A lost trial counts as the worst score seen."
    )
    return build("budget", "What a smaller budget would have found", caption, chart, 260)
