"""The difference of arms to one of them in several settings, side by side: several studies in one figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour, legend_beside


@dataclass(frozen=True)
class SettingDifference:
    """What the study of one setting says of an arm against the reference."""

    setting: str
    arm: str
    difference: float  # arm minus reference, in the metric's unit
    low: float | None  # 95% interval; None where fewer than two differences are known
    high: float | None
    n: int  # paired seeds, or tunings
    verdict: str  # as in verdict.json, the arm first; void where both posteriors have collapsed

    @property
    def is_decided(self) -> bool:
        """Whether the rule decides for one of the two."""
        return self.verdict.partition(" ")[0] in ("better", "worse")


def difference_by_setting(
    metric: Metric,
    arms: Sequence[str],
    reference: str,
    points: Sequence[SettingDifference],
    remarks: Sequence[str] = (),
) -> Figure:
    """Return the figure.

    Args:
        metric: what decides in every study, with the margin that is drawn.
        arms: of all studies in display order, the reference among them: it has its colour, too.
        reference: the arm that the others are held against; the zero line.
        points: at least one; settings stand in their order.
        remarks: sentences at the end of the caption.
    """
    settings = list(dict.fromkeys(point.setting for point in points))
    others = [arm for arm in arms if any(point.arm == arm for point in points)]
    title = f"difference to {reference} in {with_unit(metric)}"
    x = alt.X("setting:N", sort=settings, title=None, axis=alt.Axis(labelAngle=0, labelFontSize=12, grid=False))
    beside = alt.XOffset("arm:N", sort=others, scale=alt.Scale(domain=others, paddingOuter=0.6))
    y = alt.Y("difference:Q", title=title, axis=alt.Axis(tickCount=7))
    colour = legend_beside(arm_colour(arms), others)
    rows = [_row(point) for point in points]
    base = alt.Chart(data(rows)).encode(x=x, xOffset=beside, color=colour)
    bars = alt.Chart(data([row for row in rows if row["low"] is not None])).encode(x=x, xOffset=beside, color=colour)
    layers = [
        alt.Chart(data([{"y": 0}])).mark_rule(color="var(--ink)", strokeWidth=1).encode(y=alt.Y("y:Q", title=title)),
        bars.mark_rule(strokeWidth=2.5).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_point(size=80, strokeWidth=2, opacity=1, fill="var(--paper)").encode(
            y=y, tooltip=tooltip("setting:N", "arm:N", "difference:Q", "low:Q", "high:Q", "n:Q", "verdict:N")
        ),
        base.transform_filter("datum.decided").mark_point(size=80, strokeWidth=2, opacity=1, filled=True).encode(y=y),
    ]
    if metric.margin is not None:
        band = alt.Chart(data([{"y": -metric.margin, "y2": metric.margin}])).mark_rect(color="var(--band)", opacity=1)
        layers.insert(0, band.encode(y=alt.Y("y:Q", title=title), y2="y2:Q"))
    caption = " ".join([_caption(metric, reference), *remarks])
    return build("by-setting", f"The difference to {reference} by setting", caption, alt.layer(*layers), 320)


def _row(point: SettingDifference) -> Row:
    low, high = (None if end is None else rounded(end) for end in (point.low, point.high))
    return {
        "setting": point.setting,
        "arm": point.arm,
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
        f"rule decides for one of the two.{band} Each setting is a study of its own: nothing is tested between them."
    )
