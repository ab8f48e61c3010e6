"""The learning rate's multiplier, kept apart from the KL schedules so that the two can be crossed."""

import math
from typing import Annotated, Literal

from pydantic import Field

from cvae.schedules.shapes import Fraction, PositiveFraction, Schedule, in_cycle, ramp_up


def _cosine_fall(v: float, floor: float) -> float:
    """Return the height of half a cosine from 1 at v = 0 to `floor` at v = 1."""
    return floor + (1.0 - floor) * (1.0 + math.cos(math.pi * v)) / 2.0


class ConstantLR(Schedule):
    """The learning rate is `optim.lr` throughout."""

    mode: Literal["constant"] = "constant"

    def __call__(self, progress: float) -> float:
        """Return the multiplier of the learning rate, in [0, 1]."""
        return 1.0


class CosineLR(Schedule):
    """The learning rate falls along half a cosine to `floor` (Loshchilov & Hutter 2017, one period)."""

    mode: Literal["cosine"] = "cosine"
    floor: Fraction = Field(0.0, description="multiple of the learning rate at the end")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of the learning rate, in [0, 1]."""
        return _cosine_fall(progress, self.floor)


class WarmupLR(Schedule):
    """The learning rate rises in a straight line from `floor`, then stays."""

    mode: Literal["warmup"] = "warmup"
    fraction: PositiveFraction = Field(0.05, description="part of the training that the rise takes")
    floor: Fraction = Field(0.01, description="multiple of the learning rate at the start; 0 wastes the first update")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of the learning rate, in [0, 1]."""
        return self.floor + (1.0 - self.floor) * ramp_up(progress / self.fraction, "linear")


class CyclicLR(Schedule):
    """The learning rate falls along half a cosine in every cycle and restarts (SGDR, Loshchilov & Hutter 2017).

    With the `n_cycles` of a cyclical KL schedule both restart at the same steps, as in Fu et al. (2019).
    """

    mode: Literal["cyclic"] = "cyclic"
    n_cycles: int = Field(4, ge=1, description="number of cycles over the whole training")
    floor: Fraction = Field(0.0, description="multiple of the learning rate at the end of a cycle")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of the learning rate, in [0, 1]."""
        return _cosine_fall(in_cycle(progress, self.n_cycles), self.floor)


LRSchedule = Annotated[ConstantLR | CosineLR | WarmupLR | CyclicLR, Field(discriminator="mode")]
