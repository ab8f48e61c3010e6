"""One figure a function, as a Vega-Lite specification with its data inside."""

from sweeps.report.figures.all_figures import figures_of
from sweeps.report.figures.curves import curve_figures
from sweeps.report.figures.differences import clip_rows
from sweeps.report.figures.figure import Figure, csv_bytes, figure_files, svg_of
from sweeps.report.figures.per_frame import per_frame, per_frame_rows
from sweeps.report.figures.selection import budget_rows
from sweeps.report.figures.studies import (
    Advantage,
    SettingDifference,
    advantage_by_length,
    difference_by_setting,
)
from sweeps.report.figures.theme import TEMPLATES, THEME, colour

__all__ = [
    "TEMPLATES",
    "THEME",
    "Advantage",
    "Figure",
    "SettingDifference",
    "advantage_by_length",
    "budget_rows",
    "clip_rows",
    "colour",
    "csv_bytes",
    "curve_figures",
    "difference_by_setting",
    "figure_files",
    "figures_of",
    "per_frame",
    "per_frame_rows",
    "svg_of",
]
