"""One format a module: page, Markdown, CSV, verdict.json, LaTeX, terminal."""

from sweeps.report.output.csv_tables import table_rows
from sweeps.report.output.embedded_samples import collect_samples
from sweeps.report.output.html import inert_json, vega_bundle
from sweeps.report.output.markdown import markdown_text
from sweeps.report.output.template_values import template
from sweeps.report.output.terminal import print_verdict
from sweeps.report.output.verdict_json import SCHEMA
from sweeps.report.output.write import write_report

__all__ = [
    "SCHEMA",
    "collect_samples",
    "inert_json",
    "markdown_text",
    "print_verdict",
    "table_rows",
    "template",
    "vega_bundle",
    "write_report",
]
