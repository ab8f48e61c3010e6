"""One figure a function, as a Vega-Lite specification with its data inside."""

from sweeps.report.figures.all_figures import figures_of
from sweeps.report.figures.curves import curve_figures
from sweeps.report.figures.differences import clip_rows
from sweeps.report.figures.figure import Figure, csv_bytes, figure_files, svg_of
from sweeps.report.figures.per_frame import per_frame, per_frame_rows
from sweeps.report.figures.selection import budget_rows
from sweeps.report.figures.theme import TEMPLATES, THEME, colour
from sweeps.report.figures.training_length import Advantage, advantage_by_length

__all__ = [
    "TEMPLATES",
    "THEME",
    "Advantage",
    "Figure",
    "advantage_by_length",
    "budget_rows",
    "clip_rows",
    "colour",
    "csv_bytes",
    "curve_figures",
    "figure_files",
    "figures_of",
    "per_frame",
    "per_frame_rows",
    "svg_of",
]
