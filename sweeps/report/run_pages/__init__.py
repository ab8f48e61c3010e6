"""Some runs beside each other on one page, whatever experiment they are of. It judges nothing: that takes seeds."""

from sweeps.report.run_pages.runs_page import write_runs_page

__all__ = ["write_runs_page"]
