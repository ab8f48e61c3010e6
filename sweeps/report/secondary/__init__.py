"""What metrics beside the one that decides say, and where they point elsewhere."""

from sweeps.report.secondary.disagreement import disagreements
from sweeps.report.secondary.secondary_results import SecondaryArm, SecondaryPair, SecondaryResult, compare_secondary

__all__ = ["SecondaryArm", "SecondaryPair", "SecondaryResult", "compare_secondary", "disagreements"]
