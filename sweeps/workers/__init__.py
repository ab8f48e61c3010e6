"""The runs at work: devices, slots, attempts. Nothing here knows a trial."""

from sweeps.workers.attempt import Attempt
from sweeps.workers.fleet import GRACE_S, Fleet
from sweeps.workers.slots import CPU, Slots, find_slots, usable_cores

__all__ = [
    "CPU",
    "GRACE_S",
    "Attempt",
    "Fleet",
    "Slots",
    "find_slots",
    "usable_cores",
]
