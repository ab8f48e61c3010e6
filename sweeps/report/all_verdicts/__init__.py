"""Across a laboratory: what many studies said, from their verdict.json alone, on one page. No run is read again but for
the data of reports that did not keep it.
"""

from sweeps.report.all_verdicts.overview import print_overview, write_overview
from sweeps.report.all_verdicts.verdict_files import Verdicts, read_verdicts

__all__ = ["Verdicts", "print_overview", "read_verdicts", "write_overview"]
