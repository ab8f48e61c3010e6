"""What the word of a finished sweep cost, from its ledger, beside what a fixed design would have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cvae.config import load_yaml_mapping
from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.experiment import all_runs, build_experiment
from sweeps.experiment_folder import ExperimentFolder, Ledger, ended_runs


@dataclass(frozen=True)
class SweepCost:
    """What a sweep took."""

    arms: int
    planned: int  # trainings of its own design, had nothing ended early
    tuned: float  # whole trainings, pruned ones by the share of their updates
    confirmed: float
    device_s: float  # of all runs together, each from its launch to its end
    wall_s: float  # from the first start to the last end
    slots: int

    @property
    def trainings(self) -> float:
        """Whole trainings of both phases."""
        return self.tuned + self.confirmed

    @property
    def training_s(self) -> float:
        """Seconds of one whole training, beside as many others as there were slots."""
        return self.device_s / self.trainings


def measure_sweep(path: Path) -> SweepCost:
    """Return what a sweep took.

    Raises:
        InputError: the folder is no experiment's, or no run of it has ended.
    """
    folder = ExperimentFolder(path)
    if not folder.ledger.exists():
        raise InputError(
            f"{path}: has no {folder.ledger.name}; name the folder of a finished sweep, such as runs/quickstart"
        )
    events = list(Ledger(folder.ledger).read())
    ends = {end.path: end for end in ended_runs(events)}
    if not ends:
        raise InputError(f"{folder.ledger}: no run has ended")
    experiment = build_experiment(load_yaml_mapping(folder.experiment), str(folder.experiment))
    arms = len(experiment.arms)
    shares: dict[str, list[float]] = {"tune": [], "confirm": []}
    for run in ends:
        state = RunFolder(path / run).read_state()
        phase = run.rpartition("/")[2].partition("-")[0]
        shares[phase].append(state.step / state.total_steps if state.total_steps else 1.0)
    times = [datetime.fromisoformat(event["time"]) for event in events if event["event"] in ("started", "ended")]
    started = [event for event in events if event["event"] == "started"]
    return SweepCost(
        arms,
        len(all_runs(experiment)),
        sum(shares["tune"]),
        sum(shares["confirm"]),
        sum(end.wall_s or 0.0 for end in ends.values()),
        (max(times) - min(times)).total_seconds(),
        max((sum(event["slots"].values()) for event in started), default=1),
    )


def sweep_table(path: Path, trials: int, seeds: int) -> Iterator[str]:
    """Yield the lines of a table: a sweep as it was, and a fixed design of so many trials and seeds an arm beside it.

    The fixed design is arithmetic: its trainings at this sweep's time for one, in this sweep's slots.
    """
    cost = measure_sweep(path)
    fixed = cost.arms * (trials + seeds)
    yield f"| {path.name}, {cost.arms} arms, {cost.slots} slots | trainings | device hours | wall time |"
    yield "| --- | --- | --- | --- |"
    yield (
        f"| as it was: {cost.tuned:.3g} tuned, {cost.confirmed:.3g} confirmed | {cost.trainings:.3g} | "
        f"{cost.device_s / 3600:.2f} | {cost.wall_s / 60:.1f} min |"
    )
    yield (
        f"| fixed {trials} + {seeds}, at {cost.training_s:.0f} s a training | {fixed} | "
        f"{fixed * cost.training_s / 3600:.2f} | {fixed * cost.training_s / cost.slots / 60:.1f} min |"
    )
    yield f"| as it was, of its own plan of {cost.planned} | {cost.trainings / cost.planned:.0%} | | |"
    yield f"| as it was, of fixed {trials} + {seeds} | {cost.trainings / fixed:.0%} | | |"
