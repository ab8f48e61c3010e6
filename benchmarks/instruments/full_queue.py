"""An engine that never starts a job: what waits in it must cost the coordinator next to nothing."""

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from sweeps.coordinator import Coordinator
from sweeps.experiment import build_experiment
from sweeps.experiment_folder import ExperimentFolder, lay_out
from sweeps.launchers import Job, Phase, Seen, Share
from sweeps.workers import Slots

#: Looks of the engine that are timed.
LOOKS = 200


class FullQueue:
    """A launcher whose jobs are queued for good."""

    name, poll_s, lost_s, is_local = "queue", 0.0, 120.0, False

    def __init__(self) -> None:
        self.n_looks = 0

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Take the job."""
        return job.token

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        """Know every job."""
        return {job.token: job.token for job in jobs}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Say of each that it waits."""
        self.n_looks += 1
        return {job.token: Seen(Phase.QUEUED, said="Resources") for job in jobs}

    def end(self, job: Job, *, now: bool) -> None:
        """Do nothing."""

    def forget(self, job: Job) -> None:
        """Do nothing."""

    def enlarge(self, share: Share) -> Share | None:
        """Offer no more."""
        return None

    def close(self) -> None:
        """Do nothing."""


def look_cost(place: Path, n: int) -> tuple[float, float]:
    """Return the coordinator's milliseconds of processor, and its calls, for each look at so many queued jobs."""
    values = {"name": f"queued-{n}", "arms": {"a": {}}, "confirm": {"seeds": n}}
    experiment, engine = build_experiment(values, "benchmark"), FullQueue()
    root = ExperimentFolder(place / experiment.name)
    lay_out(experiment, root)
    coordinator = Coordinator(experiment, root, Slots({engine.name: n}), 1, launcher=engine)
    turns = (line for line in coordinator.run() if line == "")
    while engine.n_looks < 2 or len(coordinator.active) < n:  # all submitted, and each seen once
        next(turns)
    next(turns)
    before, started = engine.n_looks, time.process_time()
    for _ in range(LOOKS):
        next(turns)
    return 1e3 * (time.process_time() - started) / LOOKS, (engine.n_looks - before) / LOOKS
