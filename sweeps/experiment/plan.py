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
    number: int  # tune: the trial; confirm: the rank of the configuration within its arm, from 0
    seed: int

    @property
    def name(self) -> str:
        """Folder name: `tune-003` or `confirm-0-s1003`."""
        return format_run_name(self.phase, self.number, self.seed)

    @property
    def path(self) -> str:
        """The run within its experiment: `constant/tune-003`."""
        return f"{self.arm}/{self.name}"


def tune_runs(experiment: Experiment) -> Iterator[PlannedRun]:
    """Yield the trials, arm beside arm, so that a half-finished sweep has tried the arms equally often."""
    for trial in range(experiment.tune.trials_per_arm if experiment.tune else 0):
        for arm in experiment.arms:
            yield PlannedRun(arm, "tune", trial, experiment.tune_seed(trial))


def confirm_runs(experiment: Experiment) -> Iterator[PlannedRun]:
    """Yield the confirm runs, seed by seed over all arms, so that pairs are complete as early as possible."""
    for index in range(experiment.confirm.seeds):
        for rank in range(experiment.confirm.configs_per_arm):
            for arm in experiment.arms:
                yield PlannedRun(arm, "confirm", rank, experiment.confirm_seed(index))


def all_runs(experiment: Experiment) -> list[PlannedRun]:
    """Return every run in the order in which they are started."""
    return [*tune_runs(experiment), *confirm_runs(experiment)]
