"""How often the intervals hold what they promise, as benchmarks/calibration.py measured it by simulation."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("calibration.json")


@cache
def calibration() -> dict[str, Any]:
    """Return the measured table: numbers of studies, coverage, false verdicts and power."""
    return dict(json.loads(_TABLE.read_text(encoding="utf-8")))


def measured_coverage(n: int) -> str:
    """Say what the 95% intervals covered at the nearest simulated number of seeds where 15% of the seeds collapse."""
    rows = [row for row in calibration()["coverage"] if row["seeds"] == "15% collapsed"]
    row = min(rows, key=lambda row: abs(row["n"] - n))
    return (
        f"95% intervals covered {100 * row['student_of_a_mean']:.0f}% of the truths for an arm's mean and "
        f"{100 * row['student']:.0f}% for a paired difference ({100 * row['bca']:.0f}% by bootstrap) in "
        f"{row['studies']:,} simulated studies with n = {row['n']}"
    )
