"""Chosen parameters that lie at the edge of their search space."""

import math

from cvae.record import finite
from sweeps.report.reading import PlanRecord, RunRecord
from sweeps.search_space import FloatRange

#: A value within this part of the range from an end counts as at the end.
EDGE = 0.03


def at_a_boundary(plan: PlanRecord, run: RunRecord) -> list[str]:
    """Return a phrase for each of a run's real parameters that lies at an end of its range.

    The ends of a choice or of whole numbers are values like any other.
    """
    phrases = []
    for name, dimension in plan.spaces[run.arm].items():
        value = finite(run.params.get(name))
        if value is None or not isinstance(dimension, FloatRange):
            continue
        position = _position(value, dimension)
        if position < EDGE or position > 1 - EDGE:
            low, high = dimension.bounds
            phrases.append(f"{name} = {value:.3g} in [{low:g}, {high:g}]")
    return phrases


def _position(value: float, dimension: FloatRange) -> float:
    """Return how far from the low end a value lies, as a part of the range on its own scale."""
    low, high = dimension.bounds
    if dimension.log and value > 0:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)
