"""An engine that never starts a job: what waits in it must cost the coordinator next to nothing."""

import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from sweeps.coordinator import Coordinator
from sweeps.experiment import build_experiment
from sweeps.experiment_folder import ExperimentFolder, lay_out
from sweeps.launchers import Job, Seen, Share
from sweeps.launchers.slurm import SlurmLauncher, SlurmOptions
from sweeps.workers import Slots

#: Looks of the engine that are timed.
LOOKS = 200


class FullQueue(SlurmLauncher):
    """Slurm's launcher over a queue in which nothing starts: the text of `squeue`, without its process."""

    poll_s = 0.0

    def __init__(self) -> None:
        super().__init__(SlurmOptions())
        self.n_looks, self._queued = 0, b""
        self.is_moving = False  # at each look another reason is given for the first job

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Take the job."""
        number = str(1 + self._queued.count(b"\n"))
        self._queued += f"{number}|{job.token}|PENDING||Resources|0|\n".encode()
        return number

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Count the call."""
        self.n_looks += 1
        if self.is_moving:
            words = (b"Resources", b"Priority") if self.n_looks % 2 else (b"Priority", b"Resources")
            self._queued = self._queued.replace(*words, 1)
        return super().look(jobs)

    def _call(self, command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, self._queued.decode(), "")  # as new as from a process


def look_cost(place: Path, n: int, *, is_moving: bool = False) -> tuple[float, float]:
    """Return the coordinator's milliseconds of processor, and its calls, for each look at so many queued jobs.

    Args:
        place: where the experiments may lie.
        n: jobs.
        is_moving: each look says something new of one of them.
    """
    values = {"name": f"{'moving' if is_moving else 'queued'}-{n}", "arms": {"a": {}}, "confirm": {"seeds": n}}
    experiment, engine = build_experiment(values, "benchmark"), FullQueue()
    root = ExperimentFolder(place / experiment.name)
    lay_out(experiment, root)
    coordinator = Coordinator(experiment, root, Slots({engine.name: n}), 1, launcher=engine)
    turns = (line for line in coordinator.run() if line == "")
    while engine.n_looks < 2 or len(coordinator.active) < n:  # all submitted, and each seen once
        next(turns)
    next(turns)
    engine.is_moving = is_moving
    before, started = engine.n_looks, time.process_time()
    while engine.n_looks < before + LOOKS:
        next(turns)
    return 1e3 * (time.process_time() - started) / LOOKS, (engine.n_looks - before) / LOOKS
