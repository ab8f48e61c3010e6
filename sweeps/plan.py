"""Every run that an experiment makes, by name, before any of it exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cvae.record import RunFolder
from sweeps.experiment import Experiment

Phase = Literal["tune", "confirm"]


@dataclass(frozen=True)
class ExperimentFolder:
    """The files of an experiment, `RUNS/<name>`."""

    path: Path

    @property
    def experiment(self) -> Path:
        """The experiment as it was launched, defaults filled in."""
        return self.path / "experiment.yaml"

    @property
    def ledger(self) -> Path:
        """What the coordinator did, one JSON object a line."""
        return self.path / "ledger.jsonl"

    @property
    def journal(self) -> Path:
        """Optuna's storage: one study for each arm."""
        return self.path / "study.journal"

    @property
    def storage(self) -> Path:
        """The URL of Optuna's storage, without its password, where it is not the journal."""
        return self.path / "storage"

    @property
    def coordinator(self) -> Path:
        """Who works, or worked last, on the experiment: process, machine, slots, what it waits for; JSON."""
        return self.path / "coordinator.json"

    @property
    def stop(self) -> Path:
        """Exists when somebody wants the sweep to end: its runs go on later from their checkpoints."""
        return self.path / "stop"

    @property
    def data(self) -> Path:
        """Each arm's weights of the KL term beside the weight above which no latent can live in its data."""
        return self.path / "data.json"

    @property
    def lock(self) -> Path:
        """Locked by the coordinator."""
        return self.path / "lock"

    @property
    def report(self) -> Path:
        """What `analyze.py` writes."""
        return self.path / "report"


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
        return f"tune-{self.number:03d}" if self.phase == "tune" else f"confirm-{self.number}-s{self.seed}"

    @property
    def place(self) -> str:
        """The run within its experiment: `constant/tune-003`."""
        return f"{self.arm}/{self.name}"

    def folder(self, root: ExperimentFolder) -> RunFolder:
        """Return the run's folder."""
        return RunFolder(root.path / self.arm / self.name)


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
