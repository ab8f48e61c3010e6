"""How often the intervals hold what they promise, as benchmarks/calibration measured it by simulation."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("calibration.json")


@cache
def calibration() -> dict[str, Any]:
    """Return the measured tables: coverage, wrong words of families, with losses, under looks, and power."""
    return dict(json.loads(_TABLE.read_text(encoding="utf-8")))


def coverage_row(seeds: str, n: int) -> Mapping[str, Any]:
    """Return what the intervals covered for one kind of simulated seeds, at the nearest number of them.

    Raises:
        ValueError: there is no such kind.
    """
    rows = [row for row in calibration()["coverage"] if row["seeds"] == seeds]
    return dict(min(rows, key=lambda row: abs(row["n"] - n)))


def measured_coverage(seeds: str, n: int) -> str:
    """Say what 95% intervals of a difference covered for one kind of simulated seeds, and of an arm's mean."""
    row = coverage_row(seeds, n)
    trained = ""
    if "break down" in seeds:
        trained = f" and in {row['where_trained']:.0%} over the seeds at which both trained"
    return (
        f"of the simulated seeds those like these are '{seeds}': with n = {row['n']} a 95% interval of a difference "
        f"held the truth in {row['student']:.0%} of {row['studies']:,} studies over every score{trained}, one of an "
        f"arm's mean in {row['student_of_a_mean']:.0%}"
    )
