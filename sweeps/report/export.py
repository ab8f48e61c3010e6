"""Figures as files for a paper: SVG, PNG and the data as CSV, on white, in the page's light colours."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from sweeps.report.csv_text import csv_text
from sweeps.report.figure import Figure
from sweeps.report.palette import THEME

#: Width in pixels of a figure for a paper; PNG has twice as many.
WIDTH = 560
PNG_SCALE = 2.0


def figure_files(figure: Figure) -> dict[str, bytes]:
    """Return path within `report/` -> content of one figure's three files."""
    svg = svg_of(figure)
    return {
        f"figures/{figure.id}.csv": csv_text(figure.rows()).encode(),
        f"figures/{figure.id}.svg": svg.encode(),
        f"figures/{figure.id}.png": bytes(vl_convert.svg_to_png(svg, scale=PNG_SCALE)),
    }


def svg_of(figure: Figure) -> str:
    """Return a figure as SVG."""
    coloured = json.loads(in_light_colours(json.dumps({**figure.spec, "config": THEME}, ensure_ascii=False)))
    coloured |= {"width": WIDTH, "background": "white"}
    return str(vl_convert.vegalite_to_svg(coloured))


def in_light_colours(text: str) -> str:
    """Replace the page's colour variables by their light values: a file has no style sheet."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: light_colours()[match[1]], text)


@cache
def light_colours() -> dict[str, Any]:
    """Return name -> light colour, read from the page's style sheet, so that both always agree."""
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    light = css[: css.index("@media")]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]+);", light))
