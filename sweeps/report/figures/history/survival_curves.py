"""The share of each arm's confirm runs that are alive at every step of training."""

import altair as alt

from sweeps.report.figures.curves import STEP_LABEL
from sweeps.report.figures.figure import Figure, build, data, tooltip
from sweeps.report.figures.theme import arm_colour, arm_dash
from sweeps.report.reading import ExperimentRecord
from sweeps.report.steadiness import survivals


def survival_curves(experiment: ExperimentRecord) -> Figure | None:
    """Return the survival of each arm's confirm runs; None where all live."""
    known = survivals(experiment)
    if not any(survival.n_broken for survival in known):
        return None
    rows = [
        {"arm": s.arm, "step": step, "share": share, "runs": s.n, "broken": s.n_broken}
        for s in known
        for step, share in s.curve
    ]
    arms = experiment.plan.arms
    x = alt.X("step:Q", title="step", axis=alt.Axis(labelExpr=STEP_LABEL, tickCount=5, grid=False))
    y = alt.Y("share:Q", title="runs alive", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(data(rows)).encode(x=x, y=y, color=arm_colour(arms))
    chart = alt.layer(
        base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(strokeDash=arm_dash(arms)),
        base.mark_circle(size=34, opacity=1).encode(
            tooltip=tooltip("arm:N", "step:Q", "share:Q", "broken:Q", "runs:Q")
        ),
    )
    caption = (
        "Confirm runs that have not been lost, diverged or collapsed by each step (Kaplan and Meier). A collapse "
        "counts from where the KL fell for good; what only the final evaluation showed, at the end."
    )
    return build("survival", "Which runs lived", caption, chart, 240)
