"""The advantage of arms over one of them against the length of training: several studies in one figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, with_unit
from sweeps.report.figures.studies.against_reference import (
    bars_and_dots,
    difference_row,
    ground,
    reference_caption,
    stacked,
)
from sweeps.report.figures.theme import arm_colour, arm_dash, legend_beside

#: Room of the points of one length, of the way to the next length on the logarithmic axis; its half at either end.
SPREAD = 0.3

#: Factor between lengths that the room is taken from where there is only one.
ALONE = 4.0


@dataclass(frozen=True)
class Advantage:
    """What one study says of an arm against the reference."""

    arm: str
    updates: int  # of the training
    difference: float  # arm minus reference, in the metric's unit
    low: float | None  # 95% interval; None where fewer than two differences are known
    high: float | None
    n: int  # paired seeds, or tunings
    verdict: str  # as in verdict.json, the arm first; void where both posteriors have collapsed
    experiment: str


def advantage_by_length(
    metric: Metric, arms: Sequence[str], reference: str, points: Sequence[Advantage], remarks: Sequence[str] = ()
) -> Figure:
    """Return the figure.

    Args:
        metric: what decides in every study, with the margin that is drawn.
        arms: of all studies in display order, the reference among them: it has its colour, too.
        reference: the arm that the others are held against; the zero line.
        points: at least one.
        remarks: sentences at the end of the caption.
    """
    lengths = sorted({point.updates for point in points})
    gap = min((math.log(b / a) for a, b in pairwise(lengths)), default=math.log(ALONE))
    domain = [lengths[0] / math.exp(gap * SPREAD), lengths[-1] * math.exp(gap * SPREAD)]
    others = [arm for arm in arms if any(point.arm == arm for point in points)]
    at = {updates: [point for point in points if point.updates == updates] for updates in lengths}
    rows = [
        difference_row(point, _place(point, gap * SPREAD * (i + 0.5 - len(of) / 2) / len(others)))
        for of in at.values()
        for i, point in enumerate(of)
    ]
    title = f"difference to {reference} in {with_unit(metric)}"
    ticks = alt.Axis(values=lengths, format=",d", grid=False)
    scale = alt.Scale(type="log", domain=domain, nice=False)
    x = alt.X("x:Q", title="updates of the training, logarithmic", axis=ticks, scale=scale)
    colour = legend_beside(arm_colour(arms), others)
    base = alt.Chart(data(rows)).encode(x=x, color=colour)
    bars = alt.Chart(data([row for row in rows if row["low"] is not None])).encode(x=x, color=colour)
    name = alt.Chart(data([{"x": domain[0], "y": 0, "name": reference}]))
    layers = [
        *ground(metric, title),
        name.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color="var(--ink)").encode(
            x=x, y=alt.Y("y:Q", title=title), text="name:N"
        ),
        base.mark_line(strokeWidth=2, opacity=0.55).encode(
            y=alt.Y("difference:Q", title=title), strokeDash=arm_dash(arms)
        ),
        *bars_and_dots(base, bars, title, "arm:N", "updates:Q"),
    ]
    also = "; dots of one length stand side by side, arms of one study only have no line"
    said = reference_caption(
        metric, reference, also, "Each length is a study of its own: nothing is tested between lengths."
    )
    caption = " ".join([said, *remarks])
    return build("by-length", f"The advantage over {reference} by length of training", caption, stacked(layers), 320)


def _place(point: Advantage, shift: float) -> Row:
    """Return where a point stands, shifted by the logarithm of a factor so that it covers no other."""
    return {"x": rounded(point.updates * math.exp(shift)), "updates": point.updates}
