"""What the schedules are made of: rises, cycles, and the frozen section itself."""

import math
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from cvae.sections import Section

Shape = Literal["linear", "cosine", "sigmoid"]

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]

PositiveFraction = Annotated[float, Field(gt=0.0, le=1.0)]


#: A number of cycles: the last one may be cut short by the training's end. A whole number is written without a dot.
Cycles = Annotated[float, PlainSerializer(lambda n: int(n) if n == int(n) else n, return_type=int | float)]


class Schedule(Section):
    """A frozen section of the configuration, chosen by its `mode`."""


def ramp_up(v: float, shape: Shape) -> float:
    """Return the height in [0, 1] of a ramp at v, the part of the ramp that has passed (1 from its end on).

    linear: v; cosine: (1 - cos(pi v)) / 2; sigmoid: 1 / (1 + exp(6 - 12 v)), rescaled to start at 0 and end at 1.
    """
    v = min(max(v, 0.0), 1.0)
    if shape == "linear":
        return v
    if shape == "cosine":
        return (1.0 - math.cos(math.pi * v)) / 2.0
    low, high = (1.0 / (1.0 + math.exp(6.0 - 12.0 * x)) for x in (0.0, 1.0))
    return (1.0 / (1.0 + math.exp(6.0 - 12.0 * v)) - low) / (high - low)


def in_cycle(progress: float, n_cycles: float) -> float:
    """Return the part of the current cycle that has passed, in [0, 1): 0 at every restart k / n_cycles."""
    cycles = progress * n_cycles
    # Closed form: adding up a rate step by step drifts. Progress k/M is meant to be a restart although
    # k/M * M may round to just below k.
    nearest = round(cycles)
    return 0.0 if abs(cycles - nearest) < 1e-9 else cycles - math.floor(cycles)
