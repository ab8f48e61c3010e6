"""A figure: a Vega-Lite specification with its title and caption, its data inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from sweeps.report.runs import Metric

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite figure of the page, `id` unique on it."""

    id: str
    title: str
    caption: str
    spec: dict[str, Any]


def data(rows: Sequence[Row]) -> alt.InlineData:
    """Return rows as data that stays inside the figure.

    As text, which `build` takes apart again: checking thousands of rows against a schema would take seconds.
    """
    return alt.InlineData(values=json.dumps(rows, allow_nan=False))


def build(
    id: str, title: str, caption: str, chart: alt.Chart | alt.LayerChart | alt.FacetChart, height: int = 220
) -> Figure:
    """Return a figure as wide as its place on the page; `height` in pixels."""
    sized = chart.properties(width="container", height=height, description=f"{title}. {caption}".strip())
    spec = sized.to_dict()
    spec.pop("config", None)  # the page's theme, once for all figures
    spec["datasets"] = {name: json.loads(text) for name, text in spec["datasets"].items()}
    return Figure(id, title, caption, spec)


def with_unit(metric: Metric) -> str:
    """Return `PSNR (dB)`."""
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label
