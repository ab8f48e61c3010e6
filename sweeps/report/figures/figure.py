"""A figure: a Vega-Lite specification with title, caption and data; as files, SVG, PNG and CSV on white for a paper."""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import vl_convert

from cvae.console import printable, printable_lines
from sweeps.experiment import Metric
from sweeps.report.figures.theme import TEMPLATES, THEME

Row = dict[str, Any]

#: How a formula begins in a spreadsheet, in full-width characters too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

#: Width in pixels of a figure for a paper; PNG has twice as many.
WIDTH = 560

PNG_SCALE = 2.0

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


def data(rows: Sequence[Row]) -> alt.InlineData:
    """Return rows as data that stays inside the figure.

    As text, which `build` takes apart again: checking thousands of rows against a schema would take seconds.
    """
    return alt.InlineData(values=json.dumps(rows, allow_nan=False))


def rounded(value: float) -> float:
    """Return five significant digits: more cannot be seen, and would fill the page."""
    return float(f"{value:.5g}")


def tooltip(*fields: str, **titles: str) -> list[alt.Tooltip]:
    """Return what hovering shows: fields such as `run:N`, numbers with five digits; `titles` renames some."""
    shown = []
    for field in fields:
        name, _, kind = field.partition(":")
        format_ = alt.Undefined if kind != "Q" else ".5~g"
        shown.append(alt.Tooltip(field, title=titles.get(name, name.replace("_", " ")), format=format_))
    return shown


def with_unit(metric: Metric) -> str:
    """Return `PSNR (dB)`."""
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label


def figure_files(figure: Figure) -> dict[str, bytes]:
    """Return path within `report/` -> content of one figure's three files."""
    svg = svg_of(figure)
    return {
        f"figures/{figure.id}.csv": csv_bytes(figure.rows()),
        f"figures/{figure.id}.svg": svg.encode(),
        f"figures/{figure.id}.png": bytes(vl_convert.svg_to_png(svg, scale=PNG_SCALE)),
    }


def svg_of(figure: Figure) -> str:
    """Return a figure as SVG."""
    spec = _printable_values({**figure.spec, "config": THEME})
    coloured = json.loads(in_light_colours(json.dumps(spec, ensure_ascii=False)))
    coloured |= {"width": WIDTH, "background": "white"}
    return str(vl_convert.vegalite_to_svg(coloured))


def _printable_values(value: Any) -> Any:
    """Return JSON values with texts that XML can hold: one control character in a name would end the rendering."""
    if isinstance(value, str):
        return printable_lines(value)
    if isinstance(value, list):
        return [_printable_values(item) for item in value]
    return {key: _printable_values(item) for key, item in value.items()} if isinstance(value, dict) else value


def in_light_colours(text: str) -> str:
    """Replace the page's colour variables by their light values: a file has no style sheet."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: light_colours()[match[1]], text)


@cache
def light_colours() -> dict[str, Any]:
    """Return name -> light colour, read from the page's style sheet, so that both always agree."""
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    light = css[: css.index("@media")]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]+);", light))


def csv_bytes(rows: Collection[dict[str, Any]], columns: Iterable[str] = ()) -> bytes:
    """Return CSV with a header in UTF-8; `columns` names those of a table without rows."""
    header = list(dict.fromkeys([*columns, *(key for row in rows for key in row)]))
    written = io.BytesIO()  # text of millions of rows would take up to four times the memory, and then be encoded
    text = io.TextIOWrapper(written, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")  # three times as fast as a DictWriter
    writer.writerow(map(_cell, header))
    writer.writerows([_cell(row.get(column)) for column in header] for row in rows)
    text.flush()
    return written.getvalue()


def _cell(value: Any) -> Any:
    """Return what a cell holds; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
