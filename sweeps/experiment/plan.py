"""Every run that an experiment makes, by name, before any of it exists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sweeps.experiment.experiment import Experiment

Phase = Literal["tune", "confirm"]


_RUN_NAME = re.compile(r"(?P<phase>tune|confirm)-(?P<number>\d+)(?:-s(?P<seed>\d+))?")


def format_run_name(phase: Phase, number: int, seed: int) -> str:
    """Return the name of a run's folder: `tune-003` or `confirm-0-s1003`."""
    return f"tune-{number:03d}" if phase == "tune" else f"confirm-{number}-s{seed}"


def parse_run_name(name: str) -> tuple[Phase, int, int | None] | None:
    """Return phase, number and, where the name says it, seed; None for what is no run's name."""
    parts = _RUN_NAME.fullmatch(name)
    if parts is None:
        return None
    phase: Phase = "tune" if parts["phase"] == "tune" else "confirm"
    return phase, int(parts["number"]), None if parts["seed"] is None else int(parts["seed"])


@dataclass(frozen=True)
class PlannedRun:
    """One run, whether it exists already or not."""

    arm: str
    phase: Phase
    number: int  # tune: the trial; confirm: the rank of the configuration within its arm, or its tuning; from 0
    seed: int

    @property
    def name(self) -> str:
        """Folder name: `tune-003` or `confirm-0-s1003`."""
        return format_run_name(self.phase, self.number, self.seed)

    @property
    def path(self) -> str:
        """The run within its experiment: `constant/tune-003`."""
        return f"{self.arm}/{self.name}"


def tuning_of(experiment: Experiment, run: PlannedRun) -> int:
    """Return the tuning that a run belongs to, from 0: of R tunings the r-th has the trials and seeds r, r + R, ..."""
    if run.phase == "tune":
        return run.number % experiment.n_tunings
    return run.number if experiment.n_tunings > 1 else 0


def block_of(experiment: Experiment, run: PlannedRun) -> int:
    """Return the block that a run belongs to, from 0: its tuning where there are several, else its confirm seed's."""
    if experiment.n_tunings > 1:
        return tuning_of(experiment, run)
    return run.seed - experiment.confirm_seed(0) if run.phase == "confirm" else 0


def tune_runs(experiment: Experiment, tuning: int) -> Iterator[PlannedRun]:
    """Yield a tuning's trials, arm beside arm, so that a half-finished sweep has tried the arms equally often."""
    for trial in range(tuning, experiment.tune.trials_per_arm if experiment.tune else 0, experiment.n_tunings):
        for arm in experiment.arms:
            yield PlannedRun(arm, "tune", trial, experiment.tune_seed(trial))


def confirm_runs(experiment: Experiment, tuning: int) -> Iterator[PlannedRun]:
    """Yield a tuning's confirm runs, seed by seed over all arms, so that pairs are complete as early as possible."""
    for index in range(tuning, experiment.confirm.seeds, experiment.n_tunings):
        for rank in range(experiment.confirm.configs_per_arm):
            number = tuning if experiment.n_tunings > 1 else rank
            for arm in experiment.arms:
                yield PlannedRun(arm, "confirm", number, experiment.confirm_seed(index))


def all_runs(experiment: Experiment) -> list[PlannedRun]:
    """Return every run in the order in which they are started: a tuning and its confirmation, then the next."""
    return [
        run
        for tuning in range(experiment.n_tunings)
        for runs in (tune_runs, confirm_runs)
        for run in runs(experiment, tuning)
    ]
