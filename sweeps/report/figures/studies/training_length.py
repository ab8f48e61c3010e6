"""The advantage of arms over one of them against the length of training: several studies in one figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip, with_unit
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

    @property
    def is_decided(self) -> bool:
        """Whether the rule decides for one of the two."""
        return self.verdict.partition(" ")[0] in ("better", "worse")


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
        _row(point, gap * SPREAD * (i + 0.5 - len(of) / 2) / len(others))
        for of in at.values()
        for i, point in enumerate(of)
    ]
    title = f"difference to {reference} in {with_unit(metric)}"
    ticks = alt.Axis(values=lengths, format=",d", grid=False)
    scale = alt.Scale(type="log", domain=domain, nice=False)
    x = alt.X("x:Q", title="updates of the training, logarithmic", axis=ticks, scale=scale)
    y = alt.Y("difference:Q", title=title, axis=alt.Axis(tickCount=7))
    colour = legend_beside(arm_colour(arms), others)
    base = alt.Chart(data(rows)).encode(x=x, color=colour)
    bars = alt.Chart(data([row for row in rows if row["low"] is not None])).encode(x=x, color=colour)
    layers = [
        alt.Chart(data([{"y": 0}])).mark_rule(color="var(--ink)", strokeWidth=1).encode(y=alt.Y("y:Q", title=title)),
        alt.Chart(data([{"x": domain[0], "y": 0, "name": reference}]))
        .mark_text(align="left", baseline="bottom", dx=4, dy=-3, color="var(--ink)")
        .encode(x=x, y=alt.Y("y:Q", title=title), text="name:N"),
        base.mark_line(strokeWidth=2, opacity=0.55).encode(y=y, strokeDash=arm_dash(arms)),
        bars.mark_rule(strokeWidth=2.5).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_point(size=80, strokeWidth=2, opacity=1, fill="var(--paper)").encode(
            y=y, tooltip=tooltip("arm:N", "updates:Q", "difference:Q", "low:Q", "high:Q", "n:Q", "verdict:N")
        ),
        base.transform_filter("datum.decided").mark_point(size=80, strokeWidth=2, opacity=1, filled=True).encode(y=y),
    ]
    if metric.margin is not None:
        band = alt.Chart(data([{"y": -metric.margin, "y2": metric.margin}])).mark_rect(color="var(--band)", opacity=1)
        layers.insert(0, band.encode(y=alt.Y("y:Q", title=title), y2="y2:Q"))
    caption = " ".join([_caption(metric, reference), *remarks])
    return build("by-length", f"The advantage over {reference} by length of training", caption, alt.layer(*layers), 320)


def _row(point: Advantage, shift: float) -> Row:
    """Return a point of the figure, shifted by the logarithm of a factor so that it covers no other."""
    low, high = (None if end is None else rounded(end) for end in (point.low, point.high))
    return {
        "arm": point.arm,
        "x": rounded(point.updates * math.exp(shift)),
        "updates": point.updates,
        "difference": rounded(point.difference),
        "low": low,
        "high": high,
        "n": point.n,
        "verdict": point.verdict,
        "decided": point.is_decided,
    }


def _caption(metric: Metric, reference: str) -> str:
    better = "lower" if metric.sign < 0 else "higher"
    unit = f" {metric.unit}" if metric.unit else ""
    band = f" Shaded: the margin of ±{metric.margin:g}{unit}." if metric.margin is not None else ""
    return (
        f"Arm minus {reference}; {better} is better for the arm. Dot and bar: mean and 95% interval, filled where the "
        f"rule decides for one of the two; dots of one length stand side by side, arms of one study only have no line."
        f"{band} Each length is a study of its own: nothing is tested between lengths."
    )
