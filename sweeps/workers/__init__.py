"""Where runs go: devices, slots, processes. Nothing here knows a trial."""

from sweeps.workers.attempt import Attempt
from sweeps.workers.fleet import Fleet, Start
from sweeps.workers.forked_worker import ForkServer
from sweeps.workers.launcher import start_worker
from sweeps.workers.slots import CPU, Slots, find_slots, usable_cores

__all__ = [
    "CPU",
    "Attempt",
    "Fleet",
    "ForkServer",
    "Slots",
    "Start",
    "find_slots",
    "start_worker",
    "usable_cores",
]
