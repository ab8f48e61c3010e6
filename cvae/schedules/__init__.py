"""Schedules as pure functions of progress: the KL term's weight, teacher forcing, the learning rate.

Each schedule is frozen: its fields are the section of the configuration, and calling it is the
schedule. `progress` is step / total steps, in [0, 1). A parameter that a mode does not have cannot be written.
"""

from cvae.schedules.kl import (
    CapacityKL,
    ConstantKL,
    ControlledKL,
    CyclicalKL,
    FreeBitsKL,
    KLAnneal,
    KLControl,
    MonotonicKL,
    OptimalSigmaKL,
    sets_own_weight,
)
from cvae.schedules.learning_rate import ConstantLR, CosineLR, CyclicLR, LRSchedule, WarmupLR
from cvae.schedules.shapes import Schedule, in_cycle, ramp_up
from cvae.schedules.teacher_forcing import (
    Coin,
    ConstantTeacherForcing,
    ExponentialTeacherForcing,
    InverseSigmoidTeacherForcing,
    LinearTeacherForcing,
    TeacherForcing,
)
from cvae.schedules.weight import Weight, values_per_frame

__all__ = [
    "CapacityKL",
    "Coin",
    "ConstantKL",
    "ConstantLR",
    "ConstantTeacherForcing",
    "ControlledKL",
    "CosineLR",
    "CyclicLR",
    "CyclicalKL",
    "ExponentialTeacherForcing",
    "FreeBitsKL",
    "InverseSigmoidTeacherForcing",
    "KLAnneal",
    "KLControl",
    "LRSchedule",
    "LinearTeacherForcing",
    "MonotonicKL",
    "OptimalSigmaKL",
    "Schedule",
    "TeacherForcing",
    "WarmupLR",
    "Weight",
    "in_cycle",
    "ramp_up",
    "sets_own_weight",
    "values_per_frame",
]
