"""The runs at work: devices, slots, attempts. Nothing here knows a trial."""

from sweeps.workers.attempt import Attempt
from sweeps.workers.engine_events import (
    StartWatch,
    UncountedEnd,
    cancellation,
    failure_class,
    is_uncertain,
    uncounted_end,
)
from sweeps.workers.fleet import GRACE_S, Fleet
from sweeps.workers.jobs_from_before import JobsFromBefore
from sweeps.workers.slots import CPU, Slots, find_slots, usable_cores

__all__ = [
    "CPU",
    "GRACE_S",
    "Attempt",
    "Fleet",
    "JobsFromBefore",
    "Slots",
    "StartWatch",
    "UncountedEnd",
    "cancellation",
    "failure_class",
    "find_slots",
    "is_uncertain",
    "uncounted_end",
    "usable_cores",
]
