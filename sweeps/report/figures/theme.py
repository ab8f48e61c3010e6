"""What all figures look like: one colour per arm, the same everywhere, and axes over orders of magnitude.

Colours are CSS variables, so that the page's theme decides their shade; those for light and dark live in page.css. The
eight hues are Okabe and Ito's, which the usual forms of colour blindness tell apart; from the ninth arm on they come
again with a dashed line.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import altair as alt

#: The page's template, style sheet and script; the style sheet says every colour.
TEMPLATES = Path(__file__).parents[1] / "templates"

N_HUES = 8

Axis = TypeVar("Axis", alt.X, alt.Y)

_DASHES = ([1, 0], [5, 3], [2, 2])

#: The look of every figure; colours come from the page's style sheet.
THEME: dict[str, Any] = {
    "background": "transparent",
    # A real family, not a variable: Vega measures labels with it before they are drawn.
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "lineBreak": "\n",
    "axis": {
        "labelColor": "var(--soft)",
        "titleColor": "var(--soft)",
        "labelFontSize": 12,
        "labelLimit": 0,  # Vega cuts labels at 180 pixels, where two names may still be the same
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--faint)",
        "labelPadding": 5,
    },
    "legend": {"labelLimit": 0, "labelColor": "var(--soft)", "titleColor": "var(--soft)", "titleFontWeight": "normal"},
    "axisY": {"domain": False, "ticks": False},
}


def colour(index: int) -> str:
    """Return the CSS colour of the arm at a position of the display order."""
    return f"var(--arm-{index % N_HUES})"


def arm_colour(arms: Sequence[str]) -> alt.Color:
    """Return the colour encoding of a field `arm`; the page prints the legend."""
    scale = alt.Scale(domain=list(arms), range=[colour(i) for i in range(len(arms))])
    return alt.Color("arm:N", scale=scale, legend=None)


def legend_beside(colour: alt.Color, arms: Sequence[str]) -> alt.Color:
    """Return the colours with a legend of some arms: for a figure that is of no page which prints one."""
    legend = alt.Legend(
        title=None,
        orient="right",
        values=list(arms),
        symbolType="stroke",
        symbolStrokeWidth=3,
        symbolOpacity=1,
        labelFontSize=12,
    )
    return colour.copy().legend(legend)


def arm_dash(arms: Sequence[str]) -> alt.StrokeDash:
    """Return the dash encoding of a field `arm`: solid for the first eight arms."""
    dashes = [_DASHES[i // N_HUES % len(_DASHES)] for i in range(len(arms))]
    return alt.StrokeDash("arm:N", scale=alt.Scale(domain=list(arms), range=dashes), legend=None)


def decades(low: float, high: float) -> range:
    """Return the exponents of ten from the one at or below `low` to the one at or above `high`; both above 0."""
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def log_axis(
    channel: type[Axis], field: str, title: str, domain: Sequence[float], powers: Sequence[int], label: str
) -> Axis:
    """Return a logarithmic axis with a tick at each of the powers of ten.

    Args:
        channel: `alt.X` or `alt.Y`.
        field: the field with its type, such as `x:Q`.
        title: of the axis.
        domain: its two ends.
        powers: exponents of the ticks.
        label: Vega expression of a tick's label.
    """
    axis = alt.Axis(grid=False, values=[10.0**power for power in powers], labelExpr=label)
    return channel(field, title=title, scale=alt.Scale(type="log", domain=list(domain)), axis=axis)


def symlog_axis(channel: type[Axis], field: str, title: str, constant: float, powers: Sequence[int]) -> Axis:
    """Return an axis that is logarithmic above `constant` and reaches zero, with a tick there and at the powers."""
    ticks = [0.0, *(10.0**power for power in powers)]
    axis = alt.Axis(values=ticks, labelExpr="'' + datum.value", labelOverlap=True)
    return channel(field, title=title, scale=alt.Scale(type="symlog", constant=constant), axis=axis)
