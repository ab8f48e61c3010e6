"""Looking at data before training on it: what it holds, what a launch would refuse, and what nobody would notice.

A measure reads episodes one at a time, keeps little of each, and says lines and warnings at the end. What a launch
would refuse is a problem; a warning is not.
"""

from cvae.data.inspection.detection import detect
from cvae.data.inspection.inspect_source import MEASURED_SIDE, Inspection, SplitInspection, inspect
from cvae.data.inspection.launch_check import LaunchNeeds
from cvae.data.inspection.report_text import report_parts, verdict_lines

__all__ = [
    "MEASURED_SIDE",
    "Inspection",
    "LaunchNeeds",
    "SplitInspection",
    "detect",
    "inspect",
    "report_parts",
    "verdict_lines",
]
