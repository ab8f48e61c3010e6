"""Chosen parameters that lie at the edge of their search space."""

import math
from collections.abc import Mapping
from typing import Any

from cvae.record import finite
from sweeps.report.reading import PlanRecord, RunRecord

#: A value within this part of the range from an end counts as at the end.
EDGE = 0.03


def at_a_boundary(plan: PlanRecord, run: RunRecord) -> list[str]:
    """Return a phrase for each of a run's parameters that lies at an end of its range."""
    found = []
    for path, space in plan.spaces[run.arm].items():
        value, ends = finite(run.params.get(path)), range_of(space)
        if value is None or ends is None:
            continue
        position = _position(value, *ends, is_log=is_log(space))
        if position < EDGE or position > 1 - EDGE:
            found.append(f"{path} = {value:.3g} in [{ends[0]:g}, {ends[1]:g}]")
    return found


def range_of(space: object) -> tuple[float, float] | None:
    """Return (low, high) of a float's range; None for a choice or an integer, whose ends are real values."""
    ends = space.get("float") if isinstance(space, Mapping) else None
    if not isinstance(ends, list) or len(ends) != 2:
        return None
    low, high = finite(ends[0]), finite(ends[1])
    return (low, high) if low is not None and high is not None and low < high else None


def is_log(space: Any) -> bool:
    """Return whether a parameter is searched on a logarithmic scale."""
    return isinstance(space, Mapping) and bool(space.get("log"))


def _position(value: float, low: float, high: float, is_log: bool) -> float:
    if is_log and min(value, low) > 0:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)
