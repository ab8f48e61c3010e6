"""What stands in the report's tables, as values and as text; one subject a module, no format.

A number of an arm or of a pair of arms is one `Column` of `ARM_COLUMNS` or `PAIR_COLUMNS`, or of their counterparts for
metrics that decide nothing: verdict.json, the CSV files, the page, the Markdown file and LaTeX render from it.
"""

from sweeps.report.rows.arm_columns import ArmRow, arm_table
from sweeps.report.rows.calibration_notes import calibration_notes
from sweeps.report.rows.chosen_rows import ChosenRow, chosen_rows
from sweeps.report.rows.column import Column, Medium, ReportTable, TextCell, TextRow, TextTable
from sweeps.report.rows.diagnostic_rows import DiagnosticRow, diagnostic_rows
from sweeps.report.rows.pair_columns import PairRow, pair_table
from sweeps.report.rows.run_rows import RunRow, conditions, missing, run_rows
from sweeps.report.rows.secondary_columns import (
    secondary_arm_table,
    secondary_notes,
    secondary_pair_table,
    secondary_values,
)
from sweeps.report.rows.spread_rows import SeedsRow, seeds_rows, variance_rows
from sweeps.report.rows.stage_rows import StageRow, stage_rows

__all__ = [
    "ArmRow",
    "ChosenRow",
    "Column",
    "DiagnosticRow",
    "Medium",
    "PairRow",
    "ReportTable",
    "RunRow",
    "SeedsRow",
    "StageRow",
    "TextCell",
    "TextRow",
    "TextTable",
    "arm_table",
    "calibration_notes",
    "chosen_rows",
    "conditions",
    "diagnostic_rows",
    "missing",
    "pair_table",
    "run_rows",
    "secondary_arm_table",
    "secondary_notes",
    "secondary_pair_table",
    "secondary_values",
    "seeds_rows",
    "stage_rows",
    "variance_rows",
]
