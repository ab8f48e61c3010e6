"""Annealing schedules as pure functions of progress.

Each schedule is frozen: its fields are the section of the configuration, and calling it is the
schedule. `progress` is step / total steps, in [0, 1). A parameter that a mode does not have cannot be written.
"""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Shape = Literal["linear", "cosine", "sigmoid"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveFraction = Annotated[float, Field(gt=0.0, le=1.0)]


class Schedule(BaseModel):
    """A frozen section of the configuration that is a function of progress."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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


class ConstantKL(Schedule):
    """The KL weight is beta from the first step."""

    mode: Literal["constant"] = "constant"

    def __call__(self, progress: float) -> float:
        """Return the multiplier of beta, in [0, 1]."""
        return 1.0


class MonotonicKL(Schedule):
    """The KL weight rises once from 0 to beta (Bowman et al. 2016) over the first `ramp` of the training."""

    mode: Literal["monotonic"] = "monotonic"
    ramp: PositiveFraction = Field(0.5, description="part of the training that the rise takes")
    shape: Shape = Field("linear", description="form of the rise")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of beta, in [0, 1]."""
        return ramp_up(progress / self.ramp, self.shape)


class CyclicalKL(Schedule):
    """The KL weight rises from 0 to beta again in every cycle (Fu et al. 2019, eq. 6: M cycles, ratio R)."""

    mode: Literal["cyclical"] = "cyclical"
    n_cycles: int = Field(4, ge=1, description="number of cycles over the whole training (never a period)")
    ramp: PositiveFraction = Field(0.5, description="part of each cycle that the rise takes")
    shape: Shape = Field("linear", description="form of the rise")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of beta, in [0, 1]."""
        cycles = progress * self.n_cycles
        # Closed form: adding up a rate step by step drifts. Progress k/M is meant to be a restart although
        # k/M * M may round to just below k.
        nearest = round(cycles)
        in_cycle = 0.0 if abs(cycles - nearest) < 1e-9 else cycles - math.floor(cycles)
        return ramp_up(in_cycle / self.ramp, self.shape)


KLAnneal = Annotated[ConstantKL | MonotonicKL | CyclicalKL, Field(discriminator="mode")]


class ConstantTeacherForcing(Schedule):
    """A future step is fed the true frame with one probability throughout."""

    mode: Literal["constant"] = "constant"
    ratio: Fraction = Field(1.0, description="probability that a future step is fed the true frame")

    def __call__(self, progress: float) -> float:
        """Return the probability that a future step is fed the true frame, in [0, 1]."""
        return self.ratio


class LinearTeacherForcing(Schedule):
    """The ratio is 1 until `decay_start`, then falls in a straight line to `floor` at `decay_end` (Bengio 2015)."""

    mode: Literal["linear"] = "linear"
    decay_start: Fraction = Field(0.3, description="progress at which the ratio begins to fall from 1")
    decay_end: Fraction = Field(1.0, description="progress at which the floor is reached")
    floor: Fraction = Field(0.0, description="the ratio that is kept from then on")

    @model_validator(mode="after")
    def _falls_forward(self) -> "LinearTeacherForcing":
        if self.decay_end <= self.decay_start:
            raise ValueError(f"decay_end {self.decay_end} must be above decay_start {self.decay_start}")
        return self

    def __call__(self, progress: float) -> float:
        """Return the probability that a future step is fed the true frame, in [0, 1]."""
        fallen = (progress - self.decay_start) / (self.decay_end - self.decay_start)
        return 1.0 - (1.0 - self.floor) * min(max(fallen, 0.0), 1.0)


TeacherForcing = Annotated[ConstantTeacherForcing | LinearTeacherForcing, Field(discriminator="mode")]
