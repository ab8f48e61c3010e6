"""One format a module: page, Markdown, CSV, verdict.json, LaTeX, terminal."""

from sweeps.report.output.csv_tables import table_rows
from sweeps.report.output.terminal import print_verdict
from sweeps.report.output.write import write_report

__all__ = ["print_verdict", "table_rows", "write_report"]
