"""A figure: a Vega-Lite specification with its title and caption, its data inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from sweeps.report.runs import Metric

Row = dict[str, Any]
Chart = alt.Chart | alt.LayerChart | alt.FacetChart

#: Name of the signal that holds the arms which the reader has switched off, the same in every figure of the page.
HIDDEN = "hidden"
_IS_SHOWN = {"filter": f"!isValid(datum.arm) || indexof({HIDDEN}, datum.arm) < 0"}


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite figure of the page, `id` unique on it."""

    id: str
    title: str
    caption: str
    spec: dict[str, Any]

    def rows(self) -> list[Row]:
        """Return the figure's data; `layer` counts the sets of marks that share the figure, from 0."""
        names = list(self.spec["datasets"])
        return [{"layer": i, **row} for i, name in enumerate(names) for row in self.spec["datasets"][name]]


def data(rows: Sequence[Row]) -> alt.InlineData:
    """Return rows as data that stays inside the figure.

    As text, which `build` takes apart again: checking thousands of rows against a schema would take seconds.
    """
    return alt.InlineData(values=json.dumps(rows, allow_nan=False))


def build(id: str, title: str, caption: str, chart: Chart, height: int = 220) -> Figure:
    """Return a figure as wide as its place on the page; `height` in pixels."""
    sized = chart.properties(width="container", height=height, description=f"{title}. {caption}".strip())
    spec = sized.to_dict()
    spec.pop("config", None)  # the page's theme, once for all figures
    spec["datasets"] = {name: json.loads(text) for name, text in spec["datasets"].items()}
    spec["params"] = [*spec.get("params", []), {"name": HIDDEN, "value": []}]
    for unit in (spec, *spec.get("layer", [])):
        if "data" in unit:
            unit["transform"] = [_IS_SHOWN, *unit.get("transform", [])]
    return Figure(id, title, caption, spec)


def with_unit(metric: Metric) -> str:
    """Return `PSNR (dB)`."""
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label


def tooltip(*fields: str, **titles: str) -> list[alt.Tooltip]:
    """Return what hovering shows: fields such as `run:N`, numbers with five digits; `titles` renames some."""
    shown = []
    for field in fields:
        name, _, kind = field.partition(":")
        format_ = alt.Undefined if kind != "Q" else ".5~g"
        shown.append(alt.Tooltip(field, title=titles.get(name, name.replace("_", " ")), format=format_))
    return shown


def rounded(value: float) -> float:
    """Return five significant digits: more cannot be seen, and would fill the page."""
    return float(f"{value:.5g}")
