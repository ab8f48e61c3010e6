"""How the KL term is weighed: multipliers of beta that follow progress, and terms that set their own weight.

All weights are in the mean convention: they multiply KL in nats a sequence beside the *mean* squared error over a
frame's D = 3 S S values. A weight that a paper gives for the summed error is divided by D (12,288 at 64 pixels).
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cvae.schedules.shapes import Cycles, PositiveFraction, Schedule, Shape, in_cycle, ramp_up


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
    n_cycles: Cycles = Field(4, ge=1, description="number of cycles over the whole training (never a period)")
    ramp: PositiveFraction = Field(0.5, description="part of each cycle that the rise takes")
    shape: Shape = Field("linear", description="form of the rise")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of beta, in [0, 1]."""
        return ramp_up(in_cycle(progress, self.n_cycles) / self.ramp, self.shape)


class FreeBitsKL(Schedule):
    """A dimension's KL costs nothing up to a floor (Kingma et al. 2016, eq. 15); beta weighs it from the first step.

    The term is beta * sum over steps and dimensions j of max(floor, batch mean of KL_j).
    """

    mode: Literal["free_bits"] = "free_bits"
    floor: float = Field(0.1, ge=0, description="nats a latent dimension and step that are free")

    def __call__(self, progress: float) -> float:
        """Return the multiplier of beta, in [0, 1]."""
        return 1.0


class CapacityKL(Schedule):
    """The KL is held at a capacity that rises from 0 (Burgess et al. 2018, eq. 8): gamma * |KL - C(progress)|."""

    mode: Literal["capacity"] = "capacity"
    gamma: float = Field(
        0.08, gt=0, description="weight of a nat off the capacity, for the mean error: the published 1000 / 12,288"
    )
    c_max: float = Field(10.0, ge=0, description="capacity after the rise, in nats a sequence")
    ramp: PositiveFraction = Field(0.5, description="part of the training that the capacity's rise takes")

    def capacity(self, progress: float) -> float:
        """Return C, in nats a sequence."""
        return self.c_max * ramp_up(progress / self.ramp, "linear")


class ControlledKL(Schedule):
    """A PI controller holds the KL at a target by moving beta (ControlVAE, Shao et al. 2020)."""

    mode: Literal["control"] = "control"
    target: float = Field(10.0, gt=0, description="KL to hold, in nats a sequence")
    kp: float = Field(1e-6, ge=0, description="proportional gain, a weight for the mean error: published value / D")
    ki: float = Field(1e-7, ge=0, description="integral gain, weight per nat and update: published value / D")
    beta_min: float = Field(0.0, ge=0, description="least weight, for the mean error")
    beta_max: float = Field(1e-2, gt=0, description="largest weight, for the mean error")

    @model_validator(mode="after")
    def _has_room(self) -> "ControlledKL":
        if self.beta_max <= self.beta_min:
            raise ValueError(f"beta_max {self.beta_max:g} must be above beta_min {self.beta_min:g}")
        return self


class OptimalSigmaKL(Schedule):
    """The decoder's variance is the error itself (sigma-VAE, Rybkin et al. 2021): beta = 2 MSE / D, without a knob."""

    mode: Literal["optimal_sigma"] = "optimal_sigma"


#: Terms whose weight is beta times a function of progress.
KLAnneal = Annotated[ConstantKL | MonotonicKL | CyclicalKL | FreeBitsKL, Field(discriminator="mode")]

#: Every way to weigh the KL term; the last three set the weight themselves, from what the training does.
KLControl = Annotated[
    ConstantKL | MonotonicKL | CyclicalKL | FreeBitsKL | CapacityKL | ControlledKL | OptimalSigmaKL,
    Field(discriminator="mode"),
]

#: Modes whose weight follows from what the training does; under all others it is beta times a schedule that reaches 1.
SETS_OWN_WEIGHT = tuple(kind.model_fields["mode"].default for kind in (CapacityKL, ControlledKL, OptimalSigmaKL))


def sets_own_weight(mode: str | None) -> bool:
    """Return whether a mode sets the weight of the KL term itself, so that beta is not read."""
    return mode in SETS_OWN_WEIGHT
