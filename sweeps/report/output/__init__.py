"""One format a module: page, Markdown, CSV, verdict.json, LaTeX, terminal."""

from sweeps.report.output.terminal import print_verdict
from sweeps.report.output.write import write_report

__all__ = ["print_verdict", "write_report"]
