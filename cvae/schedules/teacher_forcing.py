"""How often a future step is predicted from the true frame: scheduled sampling (Bengio et al. 2015)."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cvae.schedules.shapes import Fraction, Schedule

Coin = Literal["batch", "step", "sample"]


class Forcing(Schedule):
    """What every way of teacher forcing has: how the coins fall and for which frames, and where gradient flows."""

    coin: Coin = Field("sample", description="one coin for a whole batch, for each step, or for each step and clip")
    detach: bool = Field(False, description="stop the gradient at the frame that is fed back")
    frees_given: bool = Field(
        False, description="the coin falls for given frames after the first, too, as in the course report's code"
    )


class ConstantTeacherForcing(Forcing):
    """A future step is fed the true frame with one probability throughout."""

    mode: Literal["constant"] = "constant"
    ratio: Fraction = Field(1.0, description="probability that a future step is fed the true frame")

    def __call__(self, progress: float) -> float:
        """Return the probability that a future step is fed the true frame, in [0, 1]."""
        return self.ratio


class LinearTeacherForcing(Forcing):
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


def _hundredths(progress: float, start: float) -> float:
    """Return i: hundredths of the training since `start`, 0 before it.

    Bengio's i counts updates. A share of the training gives one k one meaning however long the training is.
    """
    return 100.0 * max(progress - start, 0.0)


class ExponentialTeacherForcing(Forcing):
    """The ratio falls as k^i (Bengio 2015), i in hundredths of the training since `decay_start`."""

    mode: Literal["exponential"] = "exponential"
    k: float = Field(0.97, gt=0, lt=1, description="factor of the ratio for each hundredth of the training")
    decay_start: Fraction = Field(0.0, description="progress at which the ratio begins to fall from 1")
    floor: Fraction = Field(0.0, description="the least ratio")

    def __call__(self, progress: float) -> float:
        """Return the probability that a future step is fed the true frame, in [0, 1]."""
        return max(self.floor, math.pow(self.k, _hundredths(progress, self.decay_start)))


class InverseSigmoidTeacherForcing(Forcing):
    """The ratio falls as k / (k + exp(i / k)) (Bengio 2015), i in hundredths of the training since `decay_start`.

    It starts at k / (k + 1), not at 1, and is one half after k ln(k) hundredths.
    """

    mode: Literal["inverse_sigmoid"] = "inverse_sigmoid"
    k: float = Field(16.0, ge=1, description="slowness: half of the steps are forced after k ln(k) hundredths")
    decay_start: Fraction = Field(0.0, description="progress at which the ratio begins to fall")
    floor: Fraction = Field(0.0, description="the least ratio")

    def __call__(self, progress: float) -> float:
        """Return the probability that a future step is fed the true frame, in [0, 1]."""
        return max(self.floor, self.k / (self.k + math.exp(_hundredths(progress, self.decay_start) / self.k)))


TeacherForcing = Annotated[
    ConstantTeacherForcing | LinearTeacherForcing | ExponentialTeacherForcing | InverseSigmoidTeacherForcing,
    Field(discriminator="mode"),
]
