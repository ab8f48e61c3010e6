"""The difference of arms to one of them in several settings, side by side: several studies in one figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, build, data, with_unit
from sweeps.report.figures.studies.against_reference import (
    bars_and_dots,
    difference_row,
    ground,
    reference_caption,
    stacked,
)
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
    colour = legend_beside(arm_colour(arms), others)
    rows = [difference_row(point, {"setting": point.setting}) for point in points]
    base = alt.Chart(data(rows)).encode(x=x, xOffset=beside, color=colour)
    bars = alt.Chart(data([row for row in rows if row["low"] is not None])).encode(x=x, xOffset=beside, color=colour)
    layers = [*ground(metric, title), *bars_and_dots(base, bars, title, "setting:N", "arm:N")]
    said = reference_caption(
        metric, reference, "", "Each setting is a study of its own: nothing is tested between them."
    )
    caption = " ".join([said, *remarks])
    return build("by-setting", f"The difference to {reference} by setting", caption, stacked(layers), 320)
