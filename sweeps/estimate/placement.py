"""Where the runs of an experiment would train: what an estimate of their cost is for."""

from dataclasses import dataclass

from sweeps.launchers import EngineChoice
from sweeps.workers import Slots


@dataclass(frozen=True)
class Placement:
    """Where runs would train, and on how much of it each."""

    slots: Slots  # of this machine; with an engine, how many runs are out at a time
    threads: int  # CPU threads of each
    engine: EngineChoice
