"""What figures of several studies share: arms held against one of them, whose line is zero."""

from collections.abc import Sequence
from typing import Protocol

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Chart, Row, data, rounded, tooltip

#: Pixels around a figure. A browser's letters may be wider than those that the legend was measured with.
ROOM = {"left": 5, "top": 10, "right": 40, "bottom": 5}


class Compared(Protocol):
    """What a study says of an arm against the reference; arm minus reference, in the metric's unit."""

    @property
    def arm(self) -> str:
        """Its name."""
        ...

    @property
    def difference(self) -> float:
        """The mean."""
        ...

    @property
    def low(self) -> float | None:
        """The lower end of the 95% interval; None where fewer than two differences are known."""
        ...

    @property
    def high(self) -> float | None:
        """The upper end."""
        ...

    @property
    def n(self) -> int:
        """Paired seeds, or tunings."""
        ...

    @property
    def verdict(self) -> str:
        """As in verdict.json, the arm first; void where both posteriors have collapsed."""
        ...


def difference_row(point: Compared, place: Row) -> Row:
    """Return a point's row: its place in the figure, what the study says, and whether the rule decides for one."""
    low, high = (None if end is None else rounded(end) for end in (point.low, point.high))
    said = {"difference": rounded(point.difference), "low": low, "high": high, "n": point.n, "verdict": point.verdict}
    return {"arm": point.arm, **place, **said, "decided": point.verdict.partition(" ")[0] in ("better", "worse")}


def ground(metric: Metric, title: str) -> list[alt.Chart]:
    """Return the margin's band, where one was declared, and the reference's line; `title` is the axis's."""
    y = alt.Y("y:Q", title=title)
    line = alt.Chart(data([{"y": 0}])).mark_rule(color="var(--ink)", strokeWidth=1).encode(y=y)
    if metric.margin is None:
        return [line]
    band = alt.Chart(data([{"y": -metric.margin, "y2": metric.margin}])).mark_rect(color="var(--band)", opacity=1)
    return [band.encode(y=y, y2="y2:Q"), line]


def stacked(layers: Sequence[alt.Chart]) -> Chart:
    """Return the layers as one chart, with room around it."""
    chart: Chart = alt.layer(*layers).properties(padding=ROOM)
    return chart


def bars_and_dots(points: alt.Chart, bars: alt.Chart, title: str, *shown: str) -> list[alt.Chart]:
    """Return intervals and means, filled where decided; `shown` are the fields of a tooltip beside the numbers."""
    y = alt.Y("difference:Q", title=title, axis=alt.Axis(tickCount=7))
    said = tooltip(*shown, "difference:Q", "low:Q", "high:Q", "n:Q", "verdict:N")
    decided = points.transform_filter("datum.decided").mark_point(size=80, strokeWidth=2, opacity=1, filled=True)
    return [
        bars.mark_rule(strokeWidth=2.5).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        points.mark_point(size=80, strokeWidth=2, opacity=1, fill="var(--paper)").encode(y=y, tooltip=said),
        decided.encode(y=y),
    ]


def reference_caption(metric: Metric, reference: str, also: str, apart: str) -> str:
    """Return what a reader has to know; `also` ends the sentence on dots, `apart` says what is not tested."""
    better = "lower" if metric.sign < 0 else "higher"
    unit = f" {metric.unit}" if metric.unit else ""
    band = f" Shaded: the margin of ±{metric.margin:g}{unit}." if metric.margin is not None else ""
    return (
        f"Arm minus {reference}; {better} is better for the arm. Dot and bar: mean and 95% interval, filled where the "
        f"rule decides for one of the two{also}.{band} {apart}"
    )
